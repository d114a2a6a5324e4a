import { type Environment, pick } from './app/environment.ts'
import { openModels } from './app/open-models.ts'
import { perform } from './app/perform.ts'
import { type Clock, systemClock } from './clock.ts'
import { describeInput } from './coordination/ask.ts'
import type { Outcome, Program } from './engine/execute.ts'
import { newRunId } from './engine/run-id.ts'
import { type RunOptions, resumeRun, startRun } from './engine/runs.ts'
import type { JsonObject } from './json.ts'
import { openAlerts } from './observe/alerts.ts'
import { Budgets, runBudget } from './policies/budget.ts'
import { Flights } from './policies/cache.ts'
import type { Place } from './policies/concurrency.ts'
import { createRedactor } from './redact.ts'
import type { Event } from './store/events.ts'
import { thisProcess } from './store/lease.ts'
import type { Store } from './store/store.ts'
import type { RunView } from './store/view.ts'
import { everyOne, type Nest, reviveTeam, type Team } from './team/load.ts'
import { assertPriced } from './team/priced.ts'
import { version } from './version.ts'

/** What is needed to run a team, besides the team. */
export interface Surroundings {
  readonly store: Store
  readonly env: Environment
  readonly interrupt: AbortSignal
  readonly onEvent: RunOptions['onEvent']
  readonly clock?: Clock
  /** Says what belongs to no run, or comes after its end. */
  readonly warn?: (line: string) => void
}

/** How a person wants a team to be run. */
interface Wishes {
  readonly rehearsal: boolean
  /** Limits in place of those of the team file: of its budget. */
  readonly limits?: Readonly<Record<string, number>>
  readonly onCreated: (id: string) => void
}

/** Runs a team from the start. Rejects when something that it needs is missing; nothing is stored then. */
export async function run(
  team: Team,
  input: JsonObject,
  { rehearsal, limits = {}, onCreated }: Wishes,
  surroundings: Surroundings,
): Promise<Outcome> {
  const { clock = systemClock } = surroundings
  const id = newRunId(clock)
  const prepared = await prepare(team, { id, input, rehearsal, limits }, surroundings)
  const alerts = await alertsOf(team, { id, input, rehearsal }, surroundings)
  onCreated(id)
  const { name } = team.definition
  return alerts.during(
    startRun(
      { id, team: name, path: team.path, rehearsal, definition: pin(team), input, limits, crew: version },
      async recorded => alerts.over(prepared.over(recorded)),
      optionsOf(team, { ...surroundings, onEvent: alerts.beside(surroundings.onEvent) }),
    ),
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
  // A budget that cannot be kept is refused before it is written down.
  if ('usd' in limits || 'day.usd' in limits) await prepare(team, { ...first, id, limits }, surroundings)
  const alerts = await alertsOf(team, { ...first, id }, surroundings)
  alerts.recall(recorded)
  return alerts.during(
    resumeRun(
      id,
      { limits },
      async view => alerts.over((await prepare(team, { ...view, id }, surroundings)).over(view)),
      optionsOf(team, { ...surroundings, onEvent: alerts.beside(surroundings.onEvent) }),
    ),
  )
}

function alertsOf(
  team: Team,
  { id, input, rehearsal }: { readonly id: string; readonly input: JsonObject; readonly rehearsal: boolean },
  { store, env, clock = systemClock, warn = () => {} }: Surroundings,
) {
  const scope = { input, env: pick(env, team.definition.env ?? []), run: { id } }
  return openAlerts(team, { run: id, rehearsal, scope, store, clock, warn })
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

/** Gets everything ready that a run of the team can ask for, so that what is missing is missed before it begins. */
async function prepare(
  team: Team,
  { id, input, rehearsal, limits }: Pick<RunView, 'input' | 'rehearsal' | 'limits'> & { readonly id: string },
  { store, env, clock = systemClock }: Surroundings,
) {
  const models = await openModels(team, rehearsal, { store, env, clock })
  const isPriced = (nest: Nest, name: string) =>
    models.get(nest)?.get(name)?.worstCase({ messages: [], tools: [] }).usd !== undefined
  const { usd, call, day } = budgetOf(team, limits)
  const isBound = [usd, call?.usd, day?.usd].some(limit => limit !== undefined)
  assertPriced(team, isBound, isPriced)
  const over = (recorded: RunView) => {
    const places = new Map<string, Place>()
    const flights = new Flights()
    const budget = budgetOf(team, recorded.limits)
    const budgets = new Budgets({ run: id, recorded, store, clock, budget })
    const setting = { id, store, env, clock, rehearsal, models, places, flights, budgets, recorded }
    const { root } = team
    const work = {
      root,
      input,
      task: describeInput(input),
      whose: 'the run',
      queues: [],
      count: () => {},
      accounts: budgets.forRun(),
    }
    const { time } = { ...team.definition.limits, ...recorded.limits }
    const program: Program = ctx => perform(team, work, setting, ctx)
    return { program, time: time - recorded.active }
  }
  return { over }
}

/** What the whole run may take, when `limits` were given to it besides its file. */
function budgetOf(team: Nest, limits: Readonly<Record<string, number>>) {
  return runBudget(
    everyOne(team).map(({ definition }) => definition.budget),
    limits,
  )
}
