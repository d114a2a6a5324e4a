import PQueue from 'p-queue'
import type { Services } from './agents/agent.ts'
import { createCaller } from './agents/call.ts'
import { type Clock, systemClock } from './clock.ts'
import { createCounter, createTeamContext } from './coordination/ask.ts'
import { profileOf } from './coordination/profile.ts'
import type { Outcome, Program } from './engine/execute.ts'
import { newRunId } from './engine/run-id.ts'
import { type RunOptions, resumeRun, startRun } from './engine/runs.ts'
import { openExchange } from './exchange/exchange.ts'
import { render } from './expressions/template.ts'
import { createFetch } from './fetch/fetch.ts'
import type { JsonObject } from './json.ts'
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
import { reviveTeam, type Team } from './team/load.ts'
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

function pin({ pinned, root }: Team): JsonObject {
  return { team: pinned, root }
}

/** The team of a run as it was when the run began, whatever has become of its files. */
function unpin(definition: JsonObject): Team {
  const { team, root } = definition as { team: JsonObject; root: string }
  return reviveTeam(team, root)
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
function secretsOf({ definition }: Team, env: Surroundings['env']): Record<string, string> {
  const names = [
    ...(definition.env ?? []),
    ...Object.values(definition.models ?? {}).flatMap(model => model.apiKeyEnv ?? []),
  ]
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
  { env, clock = systemClock }: Surroundings,
) {
  const { definition, root } = team
  const models = await openModels(team, rehearsal, env, clock)
  const scope = { input, env: pick(env, definition.env ?? []), run: { id } }

  const agents = Object.fromEntries(
    Object.entries(definition.agents).map(([name, spec]) => [name, profileOf(name, spec)]),
  )

  const over = (recorded: RunView) => {
    const limits = { ...definition.limits, ...recorded.limits }
    const exchange = openExchange(recorded.exchanged)
    const services: Services = {
      clock,
      fetch: createFetch(clock),
      root,
      exchange,
      rehearsal,
      limits,
      model: name => models.get(name) as Model,
      tool: name => TOOLS[name],
      rehearse: work => rehearseAnswer({ ...work, seed: definition.name }),
    }
    const queue = new PQueue({ concurrency: limits.concurrency })
    const call = createCaller(definition.agents, services, { run: id, queue })
    const program: Program = async ctx => {
      const { pattern } = definition
      const assignment = { input, scope, agents, exchange, call, count: createCounter(limits.invocations) }
      const { output, steps } = await patternOf(pattern).run(createTeamContext(ctx, assignment), pattern)
      return definition.output === undefined ? output : render(definition.output, { ...scope, steps })
    }
    return { program, time: limits.time - recorded.active }
  }
  return { over }
}

async function openModels(
  { definition }: Team,
  rehearsal: boolean,
  env: Surroundings['env'],
  clock: Clock,
): Promise<ReadonlyMap<string, Model>> {
  const endpoints = endpointsOf(definition, await surroundingsOf(env))
  const open = async ([name, endpoint]: [string, ResolvedEndpoint]): Promise<[string, Model]> => {
    const isRehearsed = rehearsal || endpoint.provider === 'rehearsal'
    return [name, isRehearsed ? await rehearsedModel(endpoint) : await openModel(endpoint, { clock })]
  }
  return new Map(await Promise.all([...endpoints].map(open)))
}
