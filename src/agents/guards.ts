import type { Clock } from '../clock.ts'
import { agentOf, type Breaker, breakingAgent, breakingModel } from '../policies/breaker.ts'
import { openPlace, type Place, queuedFor } from '../policies/concurrency.ts'
import type { Act, ActPolicy, Policy } from '../policies/policy.ts'
import { limitingRate } from '../policies/rate.ts'
import type { Store } from '../store/store.ts'
import { breakerSettings } from '../traffic.ts'
import { type AgentSpec, kindOf } from './index.ts'

/** An agent as one of its team, which all runs know by the same names. */
export interface Member {
  readonly team: { readonly root: string; readonly name: string }
  readonly agent: string
  readonly spec: AgentSpec
}

interface Setting {
  readonly run: string
  readonly store: Store
  readonly clock: Clock
  /** Whether somebody else can do the work at once, when such a breaker is open. */
  readonly passesOn: (breaker: Breaker['kind']) => boolean
}

/** Failures in a row, unless the team file says how many. */
const FAILURES = 10

/**
 * What keeps an agent and its model from being called while they fail again and again, and too often: around each
 * attempt, and around each act, the first one outermost.
 */
export function guarding(
  { team, agent, spec }: Member,
  { run, store, clock, passesOn }: Setting,
): { readonly attempts: readonly Policy[]; readonly acts: readonly ActPolicy[] } {
  const shared = { run, breakers: store.breakers, clock, passesOn }
  const settings = kindOf(spec).isIdle ? undefined : breakerSettings(declaredIn(spec).breaker, FAILURES)
  const hint = `see what it failed with: crew logs RUN --agent ${agent}`
  const breaking =
    settings &&
    breakingAgent(Object.assign(agentOf(team, agent), { settings, hint }, shared), {
      hasModel: hasModel(spec),
    })
  return {
    attempts: breaking ? [breaking.policy] : [],
    acts: [limitingRate(store.rates, clock), ...(breaking ? [breaking.guard] : []), breakingModel(shared)],
  }
}

/** Says, as soon as the act begins, what it has waited for. */
export function sayingWaits<T>(act: () => Promise<T>): (about: Act) => Promise<T> {
  return ({ ctx, waits = [] }) => {
    const result = act()
    for (const decision of waits.flatMap(wait => queuedFor(ctx.key, wait) ?? [])) ctx.emit(decision)
    return result
  }
}

/** Where an agent needs a place to work. `own`: those of single agents in the run, by their names in all runs. */
export function placesOf(
  { team, agent, spec }: Member,
  shared: readonly Place[],
  own: Map<string, Place>,
): readonly Place[] {
  if (kindOf(spec).isIdle) return []
  const { concurrency } = declaredIn(spec)
  if (concurrency === undefined) return shared
  const { name } = agentOf(team, agent)
  const place = own.get(name) ?? openPlace(`agent ${agent}`, concurrency)
  own.set(name, place)
  // Who waits for its own place keeps nobody else from one of the others.
  return [place, ...shared]
}

function declaredIn(spec: AgentSpec) {
  return spec.kind === 'team' || spec.kind === 'human' ? {} : spec
}

function hasModel({ kind }: AgentSpec): boolean {
  return kind === undefined || kind === 'llm'
}
