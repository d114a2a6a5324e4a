import { resume } from '../../src/app.ts'
import { type Clock, systemClock } from '../../src/clock.ts'
import type { CrewError } from '../../src/errors.ts'
import type { JsonObject } from '../../src/json.ts'
import type { Event, FactOf } from '../../src/store/events.ts'
import { DefinitionError } from '../../src/team/source/problem.ts'
import { type Part, scripted } from './scripted.ts'
import { type Finished, finish, team } from './teams.ts'

export interface Play {
  readonly pattern: object
  readonly parts: Readonly<Record<string, Part>>
  /** What agents declare besides their roles; an agent without a part declares all that it is. */
  readonly more?: Readonly<Record<string, object>>
  /** What every agent with a part declares besides its role. */
  readonly each?: object
  readonly output?: string
  /** What else the team declares. */
  readonly rest?: object
  readonly input?: JsonObject
}

export type Parts = Play['parts']

export interface Played extends Finished {
  readonly server: Awaited<ReturnType<typeof scripted>>
  /** What was said to models, in order. */
  readonly told: readonly string[]
}

/** A team whose agents are the parts, and what else is declared. */
export async function teamOf({ pattern, parts, more = {}, each, output, rest }: Play) {
  const members = Object.keys(parts).map(name => [name, { role: `You are ${name}.`, ...each, ...more[name] }])
  const agents = { ...more, ...Object.fromEntries(members) }
  return team({ agents, pattern, ...(output && { output }), ...rest })
}

export async function play(setup: Play): Promise<Played> {
  const server = await scripted(setup.parts)
  const run = await finish(await teamOf(setup), {
    input: setup.input ?? { task: 'Help.' },
    env: { ...server.env },
  })
  const told = server.received.map(({ body }) => {
    const { messages } = JSON.parse(body) as { messages: { role: string; content: string }[] }
    return messages.findLast(({ role }) => role === 'user')?.content ?? ''
  })
  return { ...run, server, told }
}

/** Resumes a run that is over, with agents that say something else. */
export async function playOn(
  { id, store }: Pick<Finished, 'id' | 'store'>,
  parts: Parts = {},
  clock: Clock = systemClock,
) {
  const { env } = await scripted(parts)
  const surroundings = {
    store,
    env: { ...env },
    interrupt: new AbortController().signal,
    onEvent: () => {},
    clock,
  }
  return resume(id, await store.events(id), {}, surroundings)
}

export function decisions(events: readonly Event[], what: string): FactOf<'decision'>[] {
  return events.flatMap(event => (event.type === 'decision' && event.what === what ? [event] : []))
}

/** Keys of the invocations of agents, in the order in which they began. */
export function invocations(events: readonly Event[]): string[] {
  return events.flatMap(event => (event.type === 'step.started' && event.kind === 'agent' ? [event.key] : []))
}

export function failureOf({ outcome }: Pick<Finished, 'outcome'>): CrewError {
  if (outcome.state !== 'failed') throw new Error(`it ended as ${JSON.stringify(outcome)}`)
  return outcome.error
}

/** What is wrong with a team of these agents and this pattern. */
export async function complaints(agents: object, pattern: object, rest: object = {}): Promise<string[]> {
  const load = async () => (await team({ agents, pattern, ...rest })).problems
  const problems = await load().catch(error => {
    if (error instanceof DefinitionError) return error.problems
    throw error
  })
  return problems.map(({ message }) => message)
}
