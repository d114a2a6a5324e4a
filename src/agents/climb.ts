import type { Context } from '../engine/context.ts'
import type { Failure } from '../errors.ts'
import { renderText } from '../expressions/template.ts'
import { hash, type Json } from '../json.ts'
import { cacheSettings, caching, type Flights } from '../policies/cache.ts'
import { fallingBack } from '../policies/fallback.ts'
import { climbing, type Rung, rungsOf } from '../policies/ladder.ts'
import { changingModel, type Declared, Lineup, withFallbacks } from '../policies/model.ts'
import { goingOn } from '../policies/partial.ts'
import type { Call, Policy } from '../policies/policy.ts'
import { type Repairs, repairing } from '../policies/repair.ts'
import { type Retry, retrying, retrySettings } from '../policies/retry.ts'
import { simplifying } from '../policies/simplify.ts'
import { add, type Total, zero } from '../spend.ts'
import type { Store } from '../store/store.ts'
import { askedOf, type Invocation, type Services, type Work } from './agent.ts'
import { type Asked, answerKey } from './answer-key.ts'
import { type AgentSpec, kindOf } from './index.ts'

/** What the ladders of a team work with. */
export interface Means {
  readonly run: string
  /** What policies know of other runs, and share with them, is in there. */
  readonly store: Store
  /** What the team file says of its models. */
  readonly models: Declared
  /** Work under way in the whole run. */
  readonly flights: Flights
  /** What the team declares for work that has failed for good. */
  readonly repairs?: Repairs | undefined
}

interface Climb extends Asked {
  /** Everybody in the team. */
  readonly names: readonly string[]
  /** Who asked whom so that it came to this, this agent included. */
  readonly path: readonly string[]
  /** Another agent does the same work. */
  standIn(agent: string, call: Call): Promise<Json>
  /** Another agent answers a question about it. */
  ask(agent: string, question: string, ctx: Context, more?: Partial<Invocation>): Promise<Json>
}

/** What an agent has of the ladder for one invocation, with the cache around it. */
export interface Climbed extends Pick<Work<unknown>, 'retry' | 'lineup' | 'account'> {
  readonly policies: readonly Policy[]
  /** Whether somebody else can do the work at once, when such a breaker is open. */
  readonly passesOn: (breaker: Failure['breaker']) => boolean
}

export function climb(asked: Climb, means: Means, services: Services): Climbed {
  const { spec } = asked
  const order = rungsOf(spec)
  const lineup = new Lineup(modelsOf(spec, order, means.models))
  const spent = zero()
  const cached = cacheOf(asked, order, spent, means, services)
  // An agent that is left alone is not well with another model.
  const passesOn: Climbed['passesOn'] = breaker =>
    (breaker !== 'agent' && lineup.left.length > 1) || (order.includes('agent') && rungs.agent !== undefined)
  const retry = Object.assign(retryOf(spec, order), { passesOn })
  const rungs: Rungs = {
    retry: retrying(retry),
    ...(lineup.left.length > 1 && { model: changingModel(lineup) }),
    ...helpers(asked, means),
    ...(cached && { cached: cached.resorting }),
  }
  return {
    policies: [
      ...(cached ? [cached.looking] : []),
      ...climbing(order, rungs),
      ...(cached ? [cached.keeping] : []),
    ],
    retry,
    lineup,
    account: spend => add(spent, spend),
    passesOn,
  }
}

type Rungs = Partial<Record<Rung, Policy>>

/** The rungs by which others help, or go on without. Who is on the path helps nobody on it: that would never end. */
function helpers(asked: Climb, { repairs }: Means): Rungs {
  const { invocation, spec, scope, output, path, names, ask, standIn } = asked
  const isFree = (name: string) => !path.includes(name)
  // The agent and the pattern may name the same one.
  const substitutes = [...new Set([...(spec.fallback ?? []), ...(invocation.fallback ?? [])])].filter(isFree)
  const { simplify } = spec
  const isSimpler = simplify !== undefined && (typeof simplify === 'string' || isFree(simplify.by))
  // Work for somebody else is repaired where that one's work is.
  const isRepaired = repairs !== undefined && path.length === 1 && isFree(repairs.by)
  // Where the pattern wants data of its own, it could not read half of them.
  const mayBePartial = invocation.output === undefined
  const task = (call: Call) => call.task ?? ownTask(asked)
  const others = names.filter(isFree)
  return {
    ...(isSimpler && { simplify: simplifying(simplify, { task, scope, ask }) }),
    ...(substitutes.length > 0 && { agent: fallingBack(substitutes, standIn) }),
    ...(isRepaired && {
      repair: repairing(repairs, { task, others, output, mayBePartial, ask, reassign: standIn }),
    }),
    ...(mayBePartial && { partial: goingOn(output) }),
  }
}

/** What the agent is asked in words: by its own prompt, or by the pattern. */
export function ownTask({ spec, scope, invocation }: Asked): string {
  const prompt = 'prompt' in spec ? spec.prompt : undefined
  if (prompt !== undefined) return renderText(prompt, scope)
  return invocation.task === '' ? askedOf(invocation) : invocation.task
}

/** The cache around an invocation, if its answers are kept. One that may act on the others has to be asked. */
function cacheOf(
  asked: Climb,
  order: readonly Rung[],
  spent: Total,
  { run, store, models, flights }: Means,
  { clock, rehearsal, model }: Services,
) {
  const { spec, invocation, root, path } = asked
  const settings = cacheSettings(spec.cache, order)
  if (!settings || !kindOf(spec).isCacheable?.(spec) || invocation.grants) return undefined
  const [name] = modelsOf(spec, order, models)
  const asks = name === undefined ? null : [model(name).id, models[name]]
  return caching({
    settings,
    key: answerKey(asked, asks, rehearsal),
    owner: hash(`${root}/${invocation.agent}`),
    run,
    answers: store.answers,
    flights,
    // Who works for somebody else might wait for that one.
    mayWait: path.length === 1,
    clock,
    spent,
  })
}

function retryOf(spec: AgentSpec, order: readonly Rung[]): Retry {
  const declared = order.includes('retry') ? spec.retry : { ...spec.retry, attempts: 1 }
  return retrySettings(declared, kindOf(spec).mayRepeat(spec) ? 3 : 1)
}

/** The models that an agent may be answered by, the best first. */
function modelsOf(spec: AgentSpec, order: readonly Rung[], models: Declared): readonly string[] {
  if (spec.kind !== undefined && spec.kind !== 'llm') return []
  const { model = 'default' } = spec
  return order.includes('model') ? withFallbacks(model, models) : [model]
}
