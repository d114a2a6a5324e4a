import { join, relative } from 'node:path'
import PQueue from 'p-queue'
import type { Services } from './agents/agent.ts'
import { createCaller } from './agents/call.ts'
import { type Clock, systemClock } from './clock.ts'
import { createCounter, createTeamContext, describeInput } from './coordination/ask.ts'
import { profileOf } from './coordination/profile.ts'
import type { Context } from './engine/context.ts'
import type { Outcome, Program } from './engine/execute.ts'
import { newRunId } from './engine/run-id.ts'
import { type RunOptions, resumeRun, startRun } from './engine/runs.ts'
import { openExchange } from './exchange/exchange.ts'
import { render } from './expressions/template.ts'
import { createFetch } from './fetch/fetch.ts'
import { homeFolder } from './home.ts'
import { canonical, type Json, type JsonObject } from './json.ts'
import type { ResolvedEndpoint } from './models/endpoint.ts'
import { openModel, rehearsedModel } from './models/index.ts'
import type { Model } from './models/model.ts'
import { rehearseAnswer } from './models/rehearsal.ts'
import { patternOf } from './patterns/index.ts'
import { createRedactor } from './redact.ts'
import type { Event } from './store/events.ts'
import { thisProcess } from './store/lease.ts'
import type { Store } from './store/store.ts'
import type { RunView } from './store/view.ts'
import { endpointsOf, surroundingsOf } from './team/endpoints.ts'
import { inputOfTeam } from './team/given.ts'
import { everyOne, type Nest, reviveTeam, type Team } from './team/load.ts'
import { TOOLS } from './tools/index.ts'
import { version } from './version.ts'

/** What is needed to run a team, besides the team. */
export interface Surroundings {
  readonly store: Store
  readonly env: Readonly<Record<string, string | undefined>>
  readonly interrupt: AbortSignal
  readonly onEvent: RunOptions['onEvent']
  readonly clock?: Clock
}

/** Runs a team from the start. Rejects when something that it needs is missing; nothing is stored then. */
export async function run(
  team: Team,
  input: JsonObject,
  { rehearsal, onCreated }: { readonly rehearsal: boolean; readonly onCreated: (id: string) => void },
  surroundings: Surroundings,
): Promise<Outcome> {
  const { clock = systemClock } = surroundings
  const id = newRunId(clock)
  const prepared = await prepare(team, id, input, rehearsal, surroundings)
  onCreated(id)
  const { name } = team.definition
  return startRun(
    { id, team: name, path: team.path, rehearsal, definition: pin(team), input, crew: version },
    async recorded => prepared.over(recorded),
    optionsOf(team, surroundings),
  )
}

/** Goes on with a run that left the events `recorded`, by the definition that is pinned in it. */
export async function resume(
  id: string,
  recorded: readonly Event[],
  limits: Readonly<Record<string, number>>,
  surroundings: Surroundings,
): Promise<Outcome> {
  const [first] = recorded
  if (first?.type !== 'run.started') throw new Error(`run ${id} has no beginning`)
  const team = unpin(first.definition)
  return resumeRun(
    id,
    { limits },
    async view => (await prepare(team, id, view.input, view.rehearsal, surroundings)).over(view),
    optionsOf(team, surroundings),
  )
}

function pin({ pinned, root, files }: Team): JsonObject {
  return { team: pinned, root, files }
}

/** The team of a run as it was when the run began, whatever has become of its files. */
function unpin(definition: JsonObject): Team {
  const {
    team,
    root,
    files = {},
  } = definition as {
    team: JsonObject
    root: string
    files?: Readonly<Record<string, JsonObject>>
  }
  return reviveTeam({ pinned: team, root, files })
}

function optionsOf(
  team: Team,
  { store, env, interrupt, onEvent, clock = systemClock }: Surroundings,
): RunOptions {
  return {
    store,
    clock,
    owner: thisProcess(),
    redact: createRedactor(secretsOf(team, env)),
    interrupt,
    onEvent,
  }
}

/** Values of all variables that the team names: none of them may be written down. */
function secretsOf(team: Nest, env: Surroundings['env']): Record<string, string> {
  const names = everyOne(team).flatMap(({ definition }) => [
    ...(definition.env ?? []),
    ...Object.values(definition.models ?? {}).flatMap(model => model.apiKeyEnv ?? []),
  ])
  return pick(env, [...names, ...Object.keys(env).filter(name => name.endsWith('_API_KEY'))])
}

function pick(env: Surroundings['env'], names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap(name => (env[name] === undefined ? [] : [[name, env[name]]])))
}

/** Gets everything ready that a run of the team can ask for, so that what is missing is missed before it begins. */
async function prepare(
  team: Team,
  id: string,
  input: JsonObject,
  rehearsal: boolean,
  { store, env, clock = systemClock }: Surroundings,
) {
  const models = await openModels(team, rehearsal, env, clock)
  const over = (recorded: RunView) => {
    const setting = { id, store, env, clock, rehearsal, models, recorded }
    const { root } = team
    const work = { root, input, task: describeInput(input), whose: 'the run', queues: [], count: () => {} }
    const { time } = { ...team.definition.limits, ...recorded.limits }
    const program: Program = ctx => perform(team, work, setting, ctx)
    return { program, time: time - recorded.active }
  }
  return { over }
}

/** What all teams of a run have in common. */
interface Setting {
  readonly id: string
  readonly store: Store
  readonly env: Surroundings['env']
  readonly clock: Clock
  readonly rehearsal: boolean
  readonly models: Models
  readonly recorded: RunView
}

/** What a team is to do, and what it shares with the team around it. */
interface TeamTask {
  /** The folder to work in. */
  readonly root: string
  readonly input: JsonObject
  /** The same in words. */
  readonly task: string
  /** Whose agents are counted. */
  readonly whose: string
  readonly queues: readonly PQueue[]
  readonly count: (key: string) => void
}

/** Has a team work by its pattern, in the step that `ctx` belongs to: the run itself, or an agent that is a team. */
async function perform(team: Nest, work: TeamTask, setting: Setting, ctx: Context): Promise<Json> {
  const { definition, teams } = team
  const { root, input, task } = work
  const { id, store, env, clock, rehearsal, models, recorded } = setting
  const limits = { ...definition.limits, ...recorded.limits }
  const scope = { input, env: pick(env, definition.env ?? []), run: { id } }
  const exchange = openExchange(recorded, {
    team: ctx.key,
    root,
    copies: join(homeFolder('data'), 'work', id),
  })
  const queues = [new PQueue({ concurrency: limits.concurrency }), ...work.queues]
  const countOwn = createCounter(limits.invocations, work.whose, askedBefore(recorded, ctx.key))
  const count = (key: string) => {
    work.count(key)
    countOwn(key)
  }
  const services: Services = {
    clock,
    fetch: createFetch(clock),
    root,
    exchange,
    rehearsal,
    limits,
    model: name => models.get(team)?.get(name) as Model,
    tool: name => TOOLS[name],
    rehearse: work => rehearseAnswer({ ...work, seed: definition.name }),
    async runTeam(asked, inner) {
      const nested = teams[asked.agent] as Nest
      const whose = `the team of ${asked.agent}`
      const given = inputOfTeam(asked, nested.definition)
      const place = join(asked.root, relative(team.root, nested.root))
      return perform(nested, { ...given, root: place, whose, queues, count }, setting, inner)
    },
  }
  const agents = Object.fromEntries(
    Object.entries(definition.agents).map(([name, spec]) => {
      const { description } = teams[name]?.definition ?? {}
      const model = spec.kind === undefined || spec.kind === 'llm' ? (spec.model ?? 'default') : ''
      const { room } = models.get(team)?.get(model) ?? {}
      return [name, profileOf(name, { ...(description && { description }), ...spec }, room)]
    }),
  )
  const call = createCaller(definition.agents, services, { run: id, store, queues, count })
  const { pattern } = definition
  const context = createTeamContext(ctx, { input, task, scope, agents, exchange, rehearsal, call })
  const { output, steps } = await patternOf(pattern).run(context, pattern)
  return definition.output === undefined ? output : render(definition.output, { ...scope, steps })
}

/** Keys of the invocations in the step `key` that a former execution has made. */
function askedBefore({ steps }: RunView, key: string): string[] {
  const isInside = (other: string) => key === '' || other.startsWith(`${key}/`)
  return [...steps.values()].flatMap(step => (step.kind === 'agent' && isInside(step.key) ? step.key : []))
}

/** The models of each team, by their names there. */
type Models = ReadonlyMap<Nest, ReadonlyMap<string, Model>>

async function openModels(
  team: Nest,
  rehearsal: boolean,
  env: Surroundings['env'],
  clock: Clock,
): Promise<Models> {
  const surroundings = await surroundingsOf(env)
  const opened = new Map<string, Promise<Model>>()
  const open = (endpoint: ResolvedEndpoint): Promise<Model> => {
    const key = canonical(endpoint)
    const isRehearsed = rehearsal || endpoint.provider === 'rehearsal'
    const model = opened.get(key) ?? (isRehearsed ? rehearsedModel(endpoint) : openModel(endpoint, { clock }))
    opened.set(key, model)
    return model
  }
  const all = everyOne(team).map(async nest => {
    const endpoints = [...endpointsOf(nest.definition, surroundings)]
    const models = endpoints.map(async ([name, endpoint]) => [name, await open(endpoint)] as const)
    return [nest, new Map(await Promise.all(models))] as const
  })
  return new Map(await Promise.all(all))
}
