import { type Environment, pick } from './app/environment.ts'
import { equip } from './app/equip.ts'
import { inherit } from './app/inherit.ts'
import { openModels } from './app/open-models.ts'
import { perform } from './app/perform.ts'
import { type Clock, systemClock } from './clock.ts'
import { describeInput } from './coordination/ask.ts'
import type { Outcome, Program } from './engine/execute.ts'
import type { Inheritance } from './engine/inheritance.ts'
import { newRunId } from './engine/run-id.ts'
import { type RunOptions, resumeRun, startRun } from './engine/runs.ts'
import { type Verdict, verifyRun } from './engine/verify.ts'
import { asJson, type JsonObject } from './json.ts'
import { openAlerts } from './observe/alerts.ts'
import { openGateHook } from './observe/gates.ts'
import { Budgets, runBudget } from './policies/budget.ts'
import { Flights } from './policies/cache.ts'
import type { Place } from './policies/concurrency.ts'
import { createRedactor, type LiveRedactor } from './redact.ts'
import type { Event, Fork } from './store/events.ts'
import { thisProcess } from './store/lease.ts'
import type { Store } from './store/store.ts'
import { type RunView, viewOf } from './store/view.ts'
import { everyOne, type Nest, reviveTeam, type Team } from './team/load.ts'
import { assertPriced } from './team/priced.ts'
import { secretVariablesOf } from './team/trust/variables.ts'
import { version } from './version.ts'

/** What is needed to run a team, besides the team. */
export interface Surroundings {
  readonly store: Store
  readonly env: Environment
  readonly interrupt: AbortSignal
  readonly onEvent: RunOptions['onEvent']
  readonly clock?: Clock
  /** Milliseconds to stay while the run only waits for people. */
  readonly patience?: number
  /** Nobody trusts the team: only a rehearsal may be run, and it executes nothing at all. */
  readonly untrusted?: boolean
  /** Says what belongs to no run, or comes after its end. */
  readonly warn?: (line: string) => void
}

/** What is only needed where something is done: to repeat a run without that, it may be missing. */
interface Idle {
  readonly idle?: boolean
}

/** The same with what keeps secrets from being written down, also those that come to light only while the team works. */
interface Guarded extends Surroundings, Idle {
  readonly redact: LiveRedactor
}

/** How a person wants a team to be run. */
interface Wishes {
  readonly rehearsal: boolean
  /** Limits in place of those of the team file: of its budget. */
  readonly limits?: Readonly<Record<string, number>>
  /** It goes on from the middle of another run. */
  readonly fork?: Fork
  readonly onCreated: (id: string) => void
}

/** Runs a team from the start. Rejects when something that it needs is missing; nothing is stored then. */
export async function run(
  team: Team,
  input: JsonObject,
  { rehearsal, limits = {}, fork, onCreated }: Wishes,
  surroundings: Surroundings,
): Promise<Outcome> {
  const { clock = systemClock, untrusted = false } = surroundings
  if (untrusted && !rehearsal) throw new Error('a team that nobody trusts was to be run')
  const id = newRunId(clock)
  const guarded = guard(team, surroundings)
  // As it is journaled, so that a resumed run goes by the same.
  const forked = fork && (guarded.redact(asJson(fork)) as unknown as Fork)
  const inheritance = await inherit(forked, surroundings.store, surroundings.warn)
  const prepared = await prepare(team, { id, input, rehearsal, limits }, guarded)
  const observers = await observersOf(team, { id, input, rehearsal }, surroundings)
  onCreated(id)
  const { name } = team.definition
  return observers.during(
    startRun(
      {
        id,
        team: name,
        path: team.path,
        rehearsal,
        definition: pin(team),
        input,
        limits,
        crew: version,
        ...(untrusted && { untrusted }),
        ...(forked && { forked }),
      },
      async recorded => observers.over(prepared.over(recorded)),
      optionsOf({ ...guarded, onEvent: observers.beside(surroundings.onEvent) }, inheritance),
    ),
  )
}

/**
 * Goes on with a run that left the events `recorded`, by the definition that is pinned in it.
 * @param view what these come to, where somebody has folded them before; taken over
 */
export async function resume(
  id: string,
  recorded: readonly Event[],
  limits: Readonly<Record<string, number>>,
  surroundings: Surroundings,
  view: RunView = viewOf(recorded),
): Promise<Outcome> {
  const [first] = recorded
  if (first?.type !== 'run.started') throw new Error(`run ${id} has no beginning`)
  const team = unpin(first.definition)
  // What began without trust stays as it was: half of it invented and half real would be neither.
  const untrusted = surroundings.untrusted === true || first.untrusted === true
  if (untrusted && !first.rehearsal) throw new Error('a team that nobody trusts was to be run')
  const guarded = guard(team, { ...surroundings, untrusted })
  // A budget that cannot be kept is refused before it is written down.
  if ('usd' in limits || 'day.usd' in limits) await openPriced(team, { ...first, limits }, guarded)
  const observers = await observersOf(team, { ...first, id }, surroundings)
  observers.recall(recorded, view)
  const inheritance = await inherit(first.forked, surroundings.store, surroundings.warn)
  return observers.during(
    resumeRun(
      id,
      { limits, recorded: view },
      async view => observers.over((await prepare(team, { ...view, id }, guarded)).over(view)),
      optionsOf({ ...guarded, onEvent: observers.beside(surroundings.onEvent) }, inheritance),
    ),
  )
}

/**
 * Has the team that is pinned in a run work once more on the results that are recorded there, and says where that differs
 * from the recording. Nothing acts, and nothing is written; no key is needed, and no trust.
 */
export async function verify(
  id: string,
  recorded: readonly Event[],
  { store, env, clock = systemClock }: Pick<Surroundings, 'store' | 'env' | 'clock'>,
): Promise<Verdict> {
  const [first] = recorded
  const team = teamOf(recorded)
  if (first?.type !== 'run.started') throw new Error(`run ${id} has no beginning`)
  const { untrusted = false, rehearsal, input } = first
  const interrupt = new AbortController().signal
  const known = { ...placeholders(team), ...env }
  // An answer that an agent gives again is as old as it was, and kept by nobody.
  const keepsNothing = Object.create(store, {
    answers: { value: { ...store.answers, keep: async () => {} } },
  }) as Store
  const surroundings = { store: keepsNothing, env: known, clock, interrupt, untrusted, onEvent: () => {} }
  const guarded = { ...guard(team, surroundings), idle: true }
  const repeat = async (view: RunView) => {
    const { limits } = view
    return (await prepare(team, { id, input, rehearsal, limits }, guarded)).over(view).program
  }
  return verifyRun(recorded, repeat, { clock, redact: guarded.redact })
}

/** Stand in for secrets that are not here now: in a journal, they are redacted in any case. */
function placeholders(team: Nest): Record<string, string> {
  return Object.fromEntries(secretNamesIn(team).map(name => [name, `crew-placeholder-for-${name}`]))
}

/** Who watches a run: for alerts, and for questions that a webhook may answer. */
async function observersOf(
  team: Team,
  { id, input, rehearsal }: { readonly id: string; readonly input: JsonObject; readonly rehearsal: boolean },
  { store, env, clock = systemClock, warn = () => {} }: Surroundings,
) {
  const scope = { input, env: pick(env, team.definition.env ?? []), run: { id } }
  const around = { run: id, rehearsal, scope, store, clock, warn }
  const [alerts, hook] = await Promise.all([openAlerts(team, around), openGateHook(team.definition, around)])
  return {
    over: <T extends { readonly program: Program }>(prepared: T) => alerts.over(hook.over(prepared)),
    beside: (subscriber: RunOptions['onEvent']) => hook.beside(alerts.beside(subscriber)),
    recall(events: readonly Event[], view: RunView) {
      alerts.recall(events)
      hook.recall(view)
    },
    during: <T>(work: Promise<T>) => alerts.during(hook.during(work)),
  }
}

function pin({ pinned, root, files }: Team): JsonObject {
  return { team: pinned, root, files }
}

/** The team of the run that left the events `recorded`. */
export function teamOf([first]: readonly Event[]): Team {
  if (first?.type !== 'run.started') throw new Error('a run has no beginning')
  return unpin(first.definition)
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

function guard(team: Team, surroundings: Surroundings): Guarded {
  return { ...surroundings, redact: createRedactor(secretsOf(team, surroundings.env)) }
}

function optionsOf(
  { store, interrupt, onEvent, redact, patience = 0, clock = systemClock }: Guarded,
  inheritance: Inheritance | undefined,
): RunOptions {
  return {
    inheritance,
    store,
    clock,
    owner: thisProcess(),
    redact,
    interrupt,
    patience,
    onEvent,
  }
}

/** Values of all variables that the team names: none of them may be written down. */
function secretsOf(team: Nest, env: Surroundings['env']): Record<string, string> {
  return pick(env, [...secretNamesIn(team), ...Object.keys(env).filter(name => name.endsWith('_API_KEY'))])
}

function secretNamesIn(team: Nest): readonly string[] {
  return everyOne(team).flatMap(({ definition }) => secretVariablesOf(definition))
}

/** Gets everything ready that a run of the team can ask for, so that what is missing is missed before it begins. */
async function prepare(
  team: Team,
  { id, input, rehearsal, limits }: Pick<RunView, 'input' | 'rehearsal' | 'limits'> & { readonly id: string },
  guarded: Guarded,
) {
  const { store, env, redact, untrusted = false, idle = false, clock = systemClock } = guarded
  const models = await openPriced(team, { rehearsal, limits }, guarded)
  const equipments = await equip(team, { env, clock, rehearsal, untrusted, onSecret: redact.add, idle })
  const over = (recorded: RunView) => {
    const places = new Map<string, Place>()
    const flights = new Flights()
    const budget = budgetOf(team, recorded.limits)
    const budgets = new Budgets({ run: id, recorded, store, clock, budget })
    const setting = {
      id,
      store,
      env,
      clock,
      rehearsal,
      untrusted,
      redact,
      models,
      equipments,
      places,
      flights,
      budgets,
      recorded,
    }
    const { root } = team
    const work = {
      root,
      input,
      task: describeInput(input),
      whose: 'the run',
      queues: [],
      count: () => {},
      accounts: budgets.forRun(),
      patience: {},
    }
    const { time } = { ...team.definition.limits, ...recorded.limits }
    const program: Program = ctx => perform(team, work, setting, ctx)
    return { program, time: time - recorded.active }
  }
  return { over }
}

/** The models of a team. Rejects when one of them has no price, and there is a budget to be kept. */
async function openPriced(
  team: Team,
  { rehearsal, limits }: Pick<RunView, 'rehearsal' | 'limits'>,
  { store, env, idle = false, clock = systemClock }: Guarded,
) {
  const models = await openModels(team, rehearsal, { store, env, clock, idle })
  const isPriced = (nest: Nest, name: string) =>
    models.get(nest)?.get(name)?.worstCase({ messages: [], tools: [] }).usd !== undefined
  const { usd, call, day } = budgetOf(team, limits)
  const isBound = [usd, call?.usd, day?.usd].some(limit => limit !== undefined)
  assertPriced(team, isBound, isPriced)
  return models
}

/** What the whole run may take, when `limits` were given to it besides its file. */
function budgetOf(team: Nest, limits: Readonly<Record<string, number>>) {
  return runBudget(
    everyOne(team).map(({ definition }) => definition.budget),
    limits,
  )
}
