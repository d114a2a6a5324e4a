import PQueue from 'p-queue'
import { CrewError } from '../errors.ts'
import type { Json } from '../json.ts'
import type { AskRequest, TeamContext } from './ask.ts'
import { attempt } from './attempt.ts'
import { serialise } from './conflicts.ts'

/** One thing to do beside others. */
export interface Lane extends AskRequest {
  readonly agent: string
}

/** What the lanes gave, in their order; and why some gave nothing. */
export interface Results {
  readonly outputs: Readonly<Record<string, Json>>
  readonly failures: Readonly<Record<string, string>>
}

/** fail: the first failure is thrown; continue: go on with what succeeded; quorum: that many suffice. */
type OnFailure = 'fail' | 'continue' | { readonly quorum: number }

interface Settings {
  readonly concurrency?: number | undefined
  readonly onFailure?: OnFailure | undefined
}

/**
 * Has agents work at the same time, except those of which one writes what the other reads or writes: they work one
 * after the other, in the order of the lanes. Throws `quorum-missed` when too little came in.
 */
export async function runLanes(
  group: TeamContext,
  lanes: readonly Lane[],
  settings: Settings,
): Promise<Results> {
  const { onFailure = 'fail' } = settings
  const running = start(group, lanes, settings.concurrency)
  const outputs = new Map<string, Json>()
  const failures = new Map<string, CrewError>()
  const collect = async (key: string) => {
    const lane = running.get(key) ?? Promise.resolve(null)
    const ended = onFailure === 'fail' ? { output: await lane } : await attempt(group, lane)
    if ('output' in ended) outputs.set(key, ended.output)
    else failures.set(key, ended.error)
  }

  if (typeof onFailure === 'string') {
    await Promise.all(lanes.map(({ key }) => collect(key)))
  } else {
    // Only what `next` has chosen counts: more may end in the same moment, and a resumed run could not tell.
    const open = new Set(running.keys())
    while (outputs.size < onFailure.quorum && outputs.size + open.size >= onFailure.quorum) {
      const key = await group.ctx.next(open)
      open.delete(key)
      await collect(key)
    }
  }
  const needed = typeof onFailure === 'object' ? onFailure.quorum : Math.min(1, lanes.length)
  if (outputs.size < needed) throw quorumMissed(group.ctx.key, outputs.size, needed, failures)
  const inOrder = lanes.flatMap(({ key }) => (outputs.has(key) ? [[key, outputs.get(key) ?? null]] : []))
  return {
    outputs: Object.fromEntries(inOrder),
    failures: Object.fromEntries([...failures].map(([key, error]) => [key, error.message])),
  }
}

function start(
  group: TeamContext,
  lanes: readonly Lane[],
  concurrency: number | undefined,
): ReadonlyMap<string, Promise<Json>> {
  const places = concurrency === undefined ? undefined : new PQueue({ concurrency })
  const running = new Map<string, Promise<Json>>()
  const earlier: Lane[] = []
  for (const lane of lanes) {
    const before = touchesAnything(group, lane) ? waitsFor(group, earlier, lane) : []
    const { agent, ...request } = lane
    const work = () => group.ask(agent, request)
    const ask = () => (places ? places.add(work) : work())
    const others = before.map(({ key }) => running.get(key))
    const result = before.length === 0 ? ask() : Promise.allSettled(others).then(ask)
    // Whoever wants the result asks for it later.
    result.catch(() => {})
    running.set(lane.key, result)
    // Who touches nothing is waited for by nobody.
    if (touchesAnything(group, lane)) earlier.push(lane)
  }
  return running
}

function touchesAnything({ agents }: TeamContext, { agent }: Lane): boolean {
  const { reads = [], writes = [] } = agents[agent] ?? {}
  return reads.length + writes.length > 0
}

/** The lanes before this one that touch what it touches. Said once, of the last of them: the others come before that. */
function waitsFor(group: TeamContext, earlier: readonly Lane[], lane: Lane): Lane[] {
  const before = earlier.filter(other => serialise(group, other, lane) !== undefined)
  const last = before.at(-1)
  const decision = last && serialise(group, last, lane)
  if (decision) group.ctx.emit(decision)
  return before
}

function quorumMissed(
  group: string,
  got: number,
  needed: number,
  failures: ReadonlyMap<string, CrewError>,
): CrewError {
  const reasons = [...failures].map(([key, error]) => `\n  ${key}: ${error.message}`)
  return new CrewError('quorum-missed', `${got} of the ${needed} results needed came in${reasons.join('')}`, {
    because: [...failures].map(([key, error]) => error.details.step ?? `${group}/${key}`),
  })
}
