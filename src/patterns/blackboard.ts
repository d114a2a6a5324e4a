import * as z from 'zod'
import type { Steps, TeamContext } from '../coordination/ask.ts'
import { pathOf } from '../coordination/ask-for.ts'
import { attempt } from '../coordination/attempt.ts'
import { resolution } from '../coordination/conflicts.ts'
import { CrewError, type ErrorCode } from '../errors.ts'
import { holds, renderDeep, type Scope } from '../expressions/template.ts'
import type { Json, JsonObject } from '../json.ts'
import { contribute, type Refusal, requestTo, shapesOf, valuesOf } from './blackboard/contribute.ts'
import { watchForCircles } from './blackboard/recurrence.ts'
import type { Node, Pattern } from './pattern.ts'

const name = z.string().regex(/^[A-Za-z_][\w-]*$/, 'a name on the board has letters, digits, - and _')

const contributor = z.strictObject({
  agent: z.string().optional().describe('Who it is; by default the agent that is called as the contributor'),
  when: z.string().describe('CEL condition over `board` and `versions`: when it has something to contribute'),
  writes: z
    .array(name)
    .min(1)
    .describe('What it puts on the board: its output under the one name, or the field of each of several'),
  reads: z.array(name).optional().describe('What it is handed of the board; by default everything'),
  times: z.int().min(1).optional().describe('How often it may contribute; 3 by default'),
  live: z
    .boolean()
    .optional()
    .describe('It may also read and write the board while it works: with tools, or as `write` of its answer'),
})

const schema = z.strictObject({
  kind: z.literal('blackboard'),
  contributors: z.record(z.string(), contributor).describe('Who watches the board, by name'),
  board: z.record(name, z.json()).optional().describe('What is on the board at the beginning; templates'),
  until: z.string().describe('CEL condition over `board`: the goal'),
  rounds: z.int().min(1).optional().describe('How many contributions there may be in all; 20 by default'),
  conflicts: resolution.optional(),
})

type Spec = z.infer<typeof schema>

/** A contributor at the board. */
interface Seat extends z.infer<typeof contributor> {
  readonly name: string
  readonly agent: string
  readonly times: number
  /** How often it has begun to contribute. */
  used: number
  /** Version of the board that it saw last. */
  seen: number
  /** Values of others that it has to live with: no reason to contribute again. */
  readonly conceded: Set<number>
  /** What was not taken of its last contribution, for it to think again. */
  missed: readonly Refusal[]
  /** Why its last contribution failed. */
  failed: CrewError | undefined
  /** It may try again what failed before the run was resumed, although nothing is new. */
  isCalled: boolean
}

interface Session {
  readonly team: TeamContext
  readonly spec: Spec
  readonly seats: readonly Seat[]
  readonly running: Map<string, { readonly seat: Seat; readonly work: Promise<Json> }>
  readonly steps: Record<string, Steps[string]>
  /** What is left of the contributions that there may be. */
  left: number
  /** Grows with each resume of a run that ended here: all may contribute as often again. */
  allowance: number
  last: Json | undefined
}

const ROUNDS = 20
const VARIABLES = ['board', 'versions']

/** Agents watch a board, and contribute what they can when they can, until it holds what is wanted. */
export const blackboard = {
  kind: 'blackboard',
  schema,
  run: (team, spec) => team.group('board', board => gather(board, spec)),

  graph({ contributors }) {
    const after = Object.keys(contributors)
    const nodes = Object.entries(contributors).map(([step, { agent }]): Node => {
      const path = ['contributors', step, ...(agent === undefined ? [] : ['agent'])]
      return { step, agent: agent ?? step, path, after: [], optional: true, variables: VARIABLES }
    })
    const board: Node = { step: 'board', is: 'board', path: ['contributors'], after, output: {} }
    const edges = Object.entries(contributors).flatMap(([name, { when, writes }]) => [
      { from: 'board', to: name, label: when },
      { from: name, to: 'board', label: writes.join(', ') },
    ])
    return { nodes: [board, ...nodes], edges, variables: VARIABLES }
  },
} satisfies Pattern<Spec>

async function gather(team: TeamContext, spec: Spec) {
  const { ctx, scope } = team
  const { board } = team.exchange
  const look = (key: string) => ctx.step(key, { kind: 'board' }, async () => board.version)
  let version = await ctx.step('begin', { kind: 'board' }, async inner => {
    for (const [name, value] of Object.entries(spec.board ?? {}))
      board.write(inner, { name, value: renderDeep(value, scope), by: 'team' })
    return board.version
  })
  const session = open(team, spec)
  const watch = watchForCircles(board, version)
  for (let ended = 0; ; ) {
    const { values, entries } = board.at(version)
    const versions = Object.fromEntries(Object.values(entries).map(entry => [entry.name, entry.version]))
    const seen = { ...scope, board: values, versions }
    if (holds(spec.until, seen)) return reached(session, version, values)
    const ready = readyAt(session, version, seen)
    for (const seat of ready) start(session, seat, version, seen)
    if (session.running.size > 0) {
      await settle(session, await ctx.next(session.running.keys()))
      ended += 1
      // Whatever follows depends on looks alone, which are journaled: agents may write while they work, too.
      version = await look(`look-${ended}`)
      watch(version)
    } else if (session.allowance <= ctx.reopened) {
      session.allowance += 1
      session.left += spec.rounds ?? ROUNDS
      for (const seat of session.seats) seat.isCalled = seat.failed !== undefined
    } else throw standstill(session, ready, values, seen)
  }
}

function open(team: TeamContext, spec: Spec): Session {
  const seats = Object.entries(spec.contributors).map(([name, { agent = name, times = 3, ...more }]) => ({
    ...more,
    ...{ name, agent, times, used: 0, seen: 0, conceded: new Set<number>(), missed: [] },
    ...{ failed: undefined, isCalled: false },
  }))
  const left = spec.rounds ?? ROUNDS
  return { team, spec, seats, running: new Map(), steps: {}, left, allowance: 1, last: undefined }
}

/** Who would contribute: the condition holds, and somebody else has changed the board since they looked. */
function readyAt({ team, seats, running }: Session, version: number, scope: Scope): Seat[] {
  const busy = new Set([...running.values()].map(({ seat }) => seat))
  const { board } = team.exchange
  const isNew = ({ name, used, seen, conceded }: Seat) => {
    const own = new Set(board.writtenIn(pathOf(team, `${name}-${used}`)))
    return board
      .since(seen, version)
      .some(write => write.by !== name && !own.has(write) && !conceded.has(write.version))
  }
  return seats.filter(
    seat => !busy.has(seat) && holds(seat.when, scope) && (seat.used === 0 || seat.isCalled || isNew(seat)),
  )
}

function start(session: Session, seat: Seat, version: number, scope: Scope & { board: JsonObject }): void {
  const { team, running, allowance } = session
  if (session.left === 0 || seat.used >= seat.times * allowance) return
  session.left -= 1
  seat.used += 1
  seat.seen = version
  seat.isCalled = false
  const key = `${seat.name}-${seat.used}`
  const work = team.ask(seat.agent, { key, scope, ...requestTo(team, seat, scope.board) })
  // It may fail while nobody looks at it.
  work.catch(() => {})
  running.set(key, { seat, work })
  const reason = `${seat.name} has something to contribute: ${seat.when}`
  const values = { version, board: Object.keys(scope.board), contribution: seat.used }
  team.ctx.emit({ type: 'decision', key: pathOf(team, key), what: 'contribute', reason, values })
}

/** Puts on the board what one of them gave. One that fails is missed, but stops nobody. */
async function settle(session: Session, key: string): Promise<void> {
  const { team, spec, running, steps } = session
  const { seat, work } = running.get(key) as { seat: Seat; work: Promise<Json> }
  running.delete(key)
  const full = pathOf(team, key)
  const ended = await attempt(team, work)
  seat.failed = 'error' in ended ? ended.error : undefined
  if ('error' in ended) {
    const { code, message } = ended.error
    const reason = `went on without ${key}`
    team.ctx.emit({ type: 'decision', key: full, what: 'partial', reason, values: { error: code, message } })
    return
  }
  const { output } = ended
  session.last = output
  steps[seat.name] = { output }
  // What it has written itself, with tools, is not written again from its answer.
  const own = new Set(team.exchange.board.writtenIn(full).map(({ name }) => name))
  const values = valuesOf(seat.writes, output, own)
  if (Object.keys(values).length === 0) return
  const shapes = shapesOf(seat.writes, team.agents[seat.agent]?.output)
  // By default the later one looks again: nobody's value is lost unseen.
  const { contributors, conflicts: declared = { resolve: 'rerun' } } = spec
  const inOrder = declared.resolve === 'priority' && { priority: Object.keys(contributors) }
  const settings = { ...inOrder, ...declared }
  const contribution = { key, by: seat.name, seen: seat.seen, values, shapes }
  const refusals = await contribute(team, contribution, settings)
  const mayTryAgain = settings.resolve === 'rerun' || settings.resolve === 'merge'
  seat.missed = mayTryAgain ? refusals : []
  if (!mayTryAgain) for (const { version } of refusals) seat.conceded.add(version)
}

function reached({ team, spec, running, steps, last = null }: Session, version: number, values: JsonObject) {
  const cancelled = [...running.keys()]
  const facts = { version, board: Object.keys(values), ...(cancelled.length > 0 && { cancelled }) }
  const reason = `the goal is reached: ${spec.until}`
  team.ctx.emit({ type: 'decision', key: team.ctx.key, what: 'goal', reason, values: facts })
  return { output: last ?? values, steps: { ...steps, board: { output: values } } }
}

/** The goal is not reached, and nobody can do anything about it. */
function standstill(
  { seats, spec, left }: Session,
  ready: readonly Seat[],
  values: JsonObject,
  scope: Scope,
) {
  const reasons = seats.map(seat => {
    const { name, used, when, failed } = seat
    if (failed) return `${name} failed: ${failed.message}`
    if (!holds(when, scope)) return `${name} waits for: ${when}`
    if (!ready.includes(seat)) return `${name} could contribute, but nothing is new since it last did`
    return left === 0
      ? `${name} could contribute, but there were ${spec.rounds ?? ROUNDS} contributions already, as many as may be`
      : `${name} could contribute, but did so ${used} times already, as often as it may`
  })
  const there = Object.keys(values).join(', ') || 'nothing'
  const message = [
    `the board never met its goal (${spec.until}), and nobody contributes any more`,
    ...reasons,
    `on the board: ${there}`,
  ].join('\n  ')
  const [code, hint]: [ErrorCode, string] = seats.some(({ failed }) => failed)
    ? ['task-failed', 'mend what failed, and have it done again: crew resume RUN']
    : ready.length > 0
      ? ['limit-rounds', 'allow as many contributions again: crew resume RUN']
      : ['nobody-willing', 'change the conditions under contributors, so that one of them holds then']
  return new CrewError(code, message, { hint })
}
