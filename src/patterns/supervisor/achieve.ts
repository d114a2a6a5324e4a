import type { TeamContext } from '../../coordination/ask.ts'
import { pathOf } from '../../coordination/ask-for.ts'
import { attempt } from '../../coordination/attempt.ts'
import { CrewError } from '../../errors.ts'
import type { Json } from '../../json.ts'
import type { Accepted, History, Piece, Settings } from './history.ts'
import { decide, type Objection, review } from './verdict.ts'

interface Situation {
  readonly piece: Piece
  /** Results of this plan that there are by now. */
  readonly before: ReadonlyMap<string, Accepted>
  readonly history: History
}

/**
 * Has one step done until the supervisor accepts a result. Fails when it chooses to replan or to halt; when that
 * brings the run down and somebody resumes it, the step is tried again, as often as at first.
 */
export async function achieve(
  group: TeamContext,
  { supervisor, workers, validate, ...settings }: Settings,
  { piece, before, history }: Situation,
): Promise<Accepted> {
  const { description } = piece
  const knowledge = Object.fromEntries([
    ...piece.given.map(id => [id, history.accepted[id]?.output ?? null]),
    ...piece.dependsOn.map(id => [id, before.get(id)?.output ?? null]),
  ])
  const replans = settings.replans - history.dropped.length
  const constraints: string[] = []
  let rejected: Record<string, Json> = {}
  let { agent } = piece
  let { retries } = settings
  for (let round = 1; ; round += 1) {
    const packet = {
      task: group.task,
      knowledge: { ...knowledge, ...rejected },
      constraints: [...constraints],
      current: description,
    }
    const tried = await attempt(group, group.ask(agent, { key: `try-${round}`, packet }))
    const others = workers.filter(name => name !== agent)
    const at = {
      supervisor,
      key: `verdict-${round}`,
      piece,
      agent,
      knowledge,
      mayRetry: retries > 0,
      others,
      replans,
    }
    let objection: Objection
    if ('output' in tried) {
      const found = validate ? await review(group, at, tried.output) : undefined
      if (!found) return { description, agent, output: tried.output }
      objection = found
      rejected = { [`${agent}, not accepted`]: tried.output }
    } else objection = await decide(group, at, tried.error.message)

    const { next, why, feedback, worker } = objection
    retries -= 1
    if (next === 'replan' || next === 'halt') {
      await end(group, `${next}-${round}`, new CrewError(next === 'halt' ? 'halted' : 'task-failed', why))
      retries = settings.retries
    }
    if (next === 'other' && worker !== null) agent = worker
    constraints.push(feedback ?? why)
  }
}

/** Fails as a step of its own, so that a run which that brought down and that is resumed goes on behind it. */
async function end(team: TeamContext, key: string, error: CrewError): Promise<void> {
  await team.group(key, async ({ ctx }) => {
    if (ctx.reopened === 0) throw error
  })
}

/** Whether a step of the plan failed because the supervisor chose that, and not by itself. */
export function choiceIn(
  { details }: CrewError,
  group: TeamContext,
  id: string,
): 'replan' | 'halt' | undefined {
  const choices = ['replan', 'halt'] as const
  return choices.find(choice => details.step?.startsWith(pathOf(group, `${id}/${choice}-`)))
}
