import { type Clock, sleep } from '../clock.ts'
import { inWords } from '../duration.ts'
import type { Context } from '../engine/context.ts'
import { CrewError, toCrewError } from '../errors.ts'
import { brief } from '../json.ts'
import type { BreakerRecord, Breakers } from '../store/breakers.ts'
import type { BreakerSettings, Traffic } from '../traffic.ts'
import type { ActPolicy, Policy } from './policy.ts'

/** Whom a breaker is about, and what it works with. The pattern: M. Nygard, Release It!, "Circuit Breaker". */
export interface Breaker {
  /** As the store knows it. */
  readonly name: string
  /** As people know it. */
  readonly who: string
  readonly kind: 'agent' | 'endpoint'
  readonly settings: BreakerSettings
  /** What to do about it, unless the failure itself has said. */
  readonly hint: string
  /** In which run it may fail: others are sent there. */
  readonly run: string
  readonly breakers: Breakers
  readonly clock: Clock
  /** Somebody else can do the work: nobody waits for the one who tries whether it works again. */
  readonly passesOn: (breaker: Breaker['kind']) => boolean
}

type Shared = Pick<Breaker, 'breakers' | 'clock' | 'passesOn' | 'run'>

/** An agent as all runs know it, by its team and by the folder of that. */
export function agentOf(team: { readonly root: string; readonly name: string }, agent: string) {
  return { name: `agent ${agent} of ${team.name} in ${team.root}`, who: agent, kind: 'agent' } as const
}

/** The endpoint of a model as all runs know it. */
export function endpointOf(model: { readonly id: string; readonly traffic?: Pick<Traffic, 'endpoint'> }) {
  return { name: `model ${model.traffic?.endpoint}`, who: model.id, kind: 'endpoint' } as const
}

type Verdict = 'well' | 'failed' | 'unknown'

/** How long a trial counts as under way when it does not say, in milliseconds. */
const TRIAL = 60_000
/** Added to the deadline of an act, for what surrounds it. */
const MARGIN = 10_000
/** How often is looked whether a trial is over. */
const POLL = 100

/** Calls an endpoint only while it does not fail again and again; who calls after the cooldown tries it for all. */
export function breakingModel(shared: Shared): ActPolicy {
  return async (act, next) => {
    const { ctx, model, total } = act
    const settings = model?.traffic?.breaker
    if (!settings) return next(act)
    const hint = 'try again later, or name another model for such a case: models.NAME.fallback'
    const breaker = Object.assign(endpointOf(model), { settings, hint }, shared)
    const state = await enter(breaker, ctx, total)
    if (typeof state === 'object') throw refusal(breaker, state)
    return reporting(breaker, ctx, state === 'trial', ofEndpoint, () => next(act))
  }
}

const ofEndpoint = (error: CrewError | undefined): Verdict => {
  if (!error) return 'well'
  return error.blames === 'endpoint' ? 'failed' : 'unknown'
}

/**
 * The breaker of an agent, for one invocation. `policy` surrounds each attempt and reports how it ended; `guard` lets
 * its acts happen only while it does not fail again and again.
 */
export function breakingAgent(breaker: Breaker, { hasModel }: { readonly hasModel: boolean }) {
  const { name, breakers, clock } = breaker
  let isTrial = false
  let hasActed = false
  let failedAct: CrewError | undefined

  /** Only what really happened now counts. That its model cannot be reached is not the fault of an agent. */
  const verdict = (error: CrewError | undefined): Verdict => {
    if (!hasActed) return 'unknown'
    if (!error) return 'well'
    const isOwn = !hasModel && error.blames === 'endpoint' && error.code === failedAct?.code
    return isOwn || error.blames === 'agent' ? 'failed' : 'unknown'
  }
  const policy: Policy = async (call, next) => {
    hasActed = false
    // Whether its acts may happen is for the guard to say, when they are about to.
    isTrial = (await enter(breaker, call.ctx)) === 'trial'
    try {
      return await reporting(breaker, call.ctx, isTrial, verdict, () => next(call))
    } finally {
      isTrial = false
    }
  }
  const guard: ActPolicy = async (act, next) => {
    if (isTrial) await breakers.hold(name, clock.now() + (act.total ?? TRIAL) + MARGIN)
    else {
      const record = await breakers.find(name)
      if (record?.open) throw refusal(breaker, record)
    }
    hasActed = true
    failedAct = undefined
    return next(act).catch(thrown => {
      failedAct = toCrewError(thrown)
      throw thrown
    })
  }
  return { policy, guard }
}

/**
 * After the cooldown one may try whether it works again; all others wait until that is over, if nobody else can do it.
 * @returns what is recorded when it must not be called
 */
async function enter(
  breaker: Breaker,
  ctx: Context,
  total = TRIAL,
): Promise<BreakerRecord | 'trial' | 'closed'> {
  const { name, who, kind, breakers, clock, passesOn } = breaker
  for (let looks = 0; ; looks += 1) {
    const record = await breakers.find(name)
    if (!record?.open) return 'closed'
    if (clock.now() < record.open.until) return record
    if (await breakers.claim(name, clock.now() + total + MARGIN)) return 'trial'
    if (passesOn(kind)) return record
    if (looks === 0)
      ctx.emit({ type: 'queued', key: ctx.key, place: `${who}, which is being tried again`, ahead: 1 })
    await sleep(clock, POLL, ctx.signal)
  }
}

/** Does the work, and tells the store how it went. */
async function reporting<T>(
  breaker: Breaker,
  ctx: Context,
  isTrial: boolean,
  verdictOn: (error: CrewError | undefined) => Verdict,
  work: () => Promise<T>,
): Promise<T> {
  const report = async (error?: CrewError) => {
    const verdict = verdictOn(error)
    if (verdict === 'well') await close(breaker, ctx, isTrial)
    else if (error && verdict === 'failed') await count(breaker, ctx, isTrial, error)
    else if (isTrial) await breaker.breakers.hold(breaker.name, 0)
  }
  const result = await work().catch(async thrown => {
    await report(toCrewError(thrown))
    throw thrown
  })
  await report()
  return result
}

async function close({ name, who, breakers }: Breaker, ctx: Context, isTrial: boolean): Promise<void> {
  const before = await breakers.succeed(name, isTrial)
  if (!before?.open) return
  const { failures, open } = before
  decide(ctx, `${who} works again after ${failures} failures in a row`, {
    who,
    failures,
    cooldown: open.cooldown,
    state: 'closed',
  })
}

async function count(breaker: Breaker, ctx: Context, isTrial: boolean, error: CrewError): Promise<void> {
  const { name, who, kind, breakers, settings, run } = breaker
  const advice = error.details.hint ?? (kind === 'agent' ? breaker.hint : undefined)
  const failure = { reason: brief(error.message, 300), hint: advice?.replaceAll('RUN', run), isTrial }
  const { failures, open, hasOpened } = await breakers.fail(name, failure, settings)
  if (!open || !hasOpened) return
  const reason = `${who} failed ${times(failures)} and is not called for ${inWords(open.cooldown)}: ${failure.reason}`
  decide(ctx, reason, { who, failures, cooldown: open.cooldown, state: 'open' })
}

function decide(ctx: Context, reason: string, values: Record<string, string | number>): void {
  ctx.emit({ type: 'decision', key: ctx.key, what: 'breaker', reason, values })
}

function refusal(
  { who, kind, hint, clock }: Breaker,
  { failures, reason, open, ...record }: BreakerRecord,
): CrewError {
  const left = (open?.until ?? 0) - clock.now()
  // Who asks while it is being tried may ask again soon.
  const retryAfter = left > 0 ? left : 1_000
  const message = `${who} failed ${times(failures)} and is not called; it is tried again in ${inWords(retryAfter)} (${reason})`
  return new CrewError('circuit-open', message, { hint: record.hint ?? hint, retryAfter, breaker: kind })
}

export function times(failures: number): string {
  return failures === 1 ? 'once' : `${failures} times in a row`
}
