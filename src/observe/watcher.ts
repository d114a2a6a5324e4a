import type { Clock } from '../clock.ts'
import { inWords } from '../duration.ts'
import { brief, type JsonObject } from '../json.ts'
import { add, type Total, zero } from '../spend.ts'
import { isInside } from '../step-key.ts'
import type { Event, FactOf } from '../store/events.ts'
import { NOT_ITS_OWN, type RunTotal } from '../store/history.ts'
import { HEART_STOPPED } from '../store/lease.ts'
import type { TimedFact } from '../store/store.ts'
import { spentIn } from '../store/view.ts'
import type { AlertSettings } from '../team/alerts.ts'
import { type Flight, InFlight } from './in-flight.ts'
import { median, Pace } from './pace.ts'
import { overspending, type Plan } from './plan.ts'

/** At the end of all attempts; and of an alert that reached nobody, which no agent is to blame for. */
const REPORTS: ReadonlySet<string> = new Set(['halt', 'alert-undelivered'])

/** What former runs of the same team took. */
export interface Past {
  durations(): Promise<ReadonlyMap<string, readonly number[]>>
  totals(): Promise<readonly RunTotal[]>
}

interface Options {
  readonly clock: Clock
  readonly settings: AlertSettings
  readonly plan: Plan
  readonly past: Past
  readonly raise: (alert: FactOf<'alert'>) => void
}

/** Shorter work is not worth an alert, however unusual it is, in milliseconds. */
const SHORT = 10_000
/** Fewer examples say nothing about what is usual, and more are not looked at. */
const FEW = 5
const MANY = 50

/**
 * Watches a run by its events, and by the clock while something is in flight. Each alert is raised once for each agent
 * until that has recovered. What it raises comes back to it as an event, and means nothing to it.
 */
export class Watcher {
  private readonly options: Options
  private readonly flights = new InFlight()
  private readonly pace = new Pace()
  /** Keys of the steps that alerts were raised for, by what and whom they are about. */
  private readonly raised = new Map<string, string>()
  /** How often an agent failed since it last did well. */
  private readonly failures = new Map<string, number>()
  /** What agents took in this run, the newest last. */
  private readonly durations = new Map<string, number[]>()
  private readonly spent: Total = zero()
  private plan: Plan
  private past: ReadonlyMap<string, readonly number[]> | undefined
  private totals: readonly RunTotal[] | undefined
  private isAsking = false
  private cancel: (() => void) | undefined
  /** By how much the time of the run is ahead of the clock, since that was set back. */
  private ahead = 0
  private isLive = false
  private isOver = false

  constructor(options: Options) {
    this.options = options
    this.plan = options.plan
  }

  /** What a resumed run has behind it: nobody is told of that again. */
  recall(events: readonly Event[]): void {
    for (const event of events) this.learn(event)
    this.failures.clear()
    this.raised.clear()
  }

  see(event: Event | TimedFact): void {
    if (this.isOver) return
    this.isLive = true
    this.ahead = event.at - this.options.clock.now()
    this.learn(event)
    this.flights.hear(event)
    if (event.type === 'decision' && event.what === 'breaker') this.onBreaker(event)
    this.arm()
  }

  /** Looks at nothing until the next event: a run that waits for people may go on in this process. */
  rest(): void {
    this.cancel?.()
    this.cancel = undefined
  }

  stop(): void {
    this.isOver = true
    this.rest()
  }

  private learn(event: Event | TimedFact): void {
    const flight = 'key' in event ? this.flights.agents.get(event.key) : undefined
    this.pace.pass(event, this.flights)
    this.flights.apply(event)
    const spent = spentIn(event)
    if (spent) add(this.spent, spent)
    // Whoever runs it may have given it other limits than its file.
    if (event.type === 'run.started' || event.type === 'run.resumed')
      this.plan = { ...this.plan, ...event.limits }
    if (event.type === 'decision') this.onDecision(event)
    if (event.type === 'step.failed' && flight) this.onFailure(flight, event.error.message)
    if (event.type === 'step.succeeded' && flight) this.onSuccess(flight, event.at)
    if (event.type === 'step.succeeded' && flight && this.isLive) this.onPace()
  }

  /**
   * Every decision that names an error is about an attempt that failed, save for those that only report. What is decided
   * after that, before anything else was tried, is about the same failure.
   */
  private onDecision({ key, what, reason, values }: FactOf<'decision'>): void {
    const flight = this.flights.agentAt(key)
    if (!flight) return
    if (NOT_ITS_OWN.has(what)) flight.isReplaced = true
    const isOfAnother = values?.from !== undefined && what === 'fallback' && values.from !== flight.agent
    if (typeof values?.error !== 'string' || REPORTS.has(what) || isOfAnother) return
    this.onFailure(flight, reason)
    flight.isCounted = what !== 'retry'
  }

  private onFailure({ agent, key, isCounted }: Flight, message: string): void {
    if (isCounted) return
    const times = (this.failures.get(agent) ?? 0) + 1
    this.failures.set(agent, times)
    const { failing } = this.options.settings
    if (failing === false || times < failing) return
    const reason = `${agent} failed ${times} times in a row, at last: ${brief(message, 300)}`
    this.raise('failing', agent, key, reason, { failures: times })
  }

  private onSuccess({ agent, key, since, isReplaced }: Flight, at: number): void {
    if (isReplaced) return
    this.failures.delete(agent)
    this.raised.delete(`failing ${agent}`)
    for (const what of ['slow', 'stalled']) {
      const raisedFor = this.raised.get(`${what} ${agent}`)
      if (raisedFor !== undefined && !isInside(raisedFor, key)) this.raised.delete(`${what} ${agent}`)
    }
    const durations = this.durations.get(agent) ?? []
    this.durations.set(agent, durations)
    if (durations.push(at - since) > MANY) durations.shift()
  }

  private onPace(): void {
    const { throughput } = this.options.settings
    const { steps, first, later } = this.pace.halves()
    const isHalved = throughput !== false && later > throughput * first && later - first > SHORT
    if (!isHalved) this.raised.delete('throughput ')
    else {
      const reason = `the last ${steps} steps took ${inWords(later)}, the first ${steps} took ${inWords(first)}`
      this.raise('throughput', '', '', reason, { steps, first, later })
    }
  }

  private onBreaker({ key, reason, values }: FactOf<'decision'>): void {
    const who = String(values?.who ?? key)
    if (values?.state !== 'open') this.raised.delete(`breaker ${who}`)
    else if (this.options.settings.breaker) this.raise('breaker', who, key, reason, values)
  }

  /** Looks again soon, as long as there is something to look at. */
  private arm(): void {
    if (this.cancel || this.isOver || this.flights.isEmpty) return
    const { clock } = this.options
    const beat = this.beat()
    const due = clock.now() + beat
    this.cancel = clock.after(beat, () => {
      this.cancel = undefined
      const late = clock.now() - due
      if (late > HEART_STOPPED) this.flights.standStill(late)
      this.look()
      this.arm()
    })
  }

  private beat(): number {
    const { stalled, waiting } = this.options.settings
    const shortest = Math.min(stalled || SHORT, waiting || SHORT, SHORT)
    return Math.max(20, shortest / 10)
  }

  private look(): void {
    const now = this.options.clock.now() + this.ahead
    for (const flight of this.flights.acts.values()) this.lookForStall(flight, now)
    for (const flight of this.flights.agents.values()) this.lookForSlowness(flight, now)
    this.lookForWaiting(now)
    this.lookForBurn(now)
  }

  private lookForStall(act: Flight, now: number): void {
    const { stalled } = this.options.settings
    const silent = now - act.heard
    if (stalled === false || silent < stalled || act.waits > 0) return
    // Of many that hang, one is looked at closely.
    if (this.raised.has(`stalled ${act.agent}`) || this.flights.isAround(act)) return
    const since = new Date(act.heard).toISOString()
    const who = act.agent === '' ? act.kind : `the ${act.kind} of ${act.agent}`
    const reason = `${who} has given no sign of life for ${inWords(silent)}, since ${since}; if it hangs, its deadline ends it`
    this.raise('stalled', act.agent, act.key, reason, { kind: act.kind, silent, since })
  }

  private lookForSlowness(flight: Flight, now: number): void {
    const { slow } = this.options.settings
    const { agent, key, since, heard, waits } = flight
    const took = now - since
    if (slow === false || took < SHORT || waits > 0) return
    const usual = this.usual(agent)
    if (!usual || took <= slow * usual.median) return
    const silent = now - heard
    const life = silent < 2_000 ? 'it is at work' : `it was last heard of ${inWords(silent)} ago`
    const often = `median of its last ${usual.examples}`
    const reason = `${agent} has taken ${inWords(took)} so far, and usually takes ${inWords(usual.median)} (${often}); ${life}`
    this.raise('slow', agent, key, reason, { took, median: usual.median, examples: usual.examples, silent })
  }

  /** Undefined as long as too little is known. What former runs took is read when somebody first takes long. */
  private usual(agent: string): { readonly median: number; readonly examples: number } | undefined {
    if (!this.past) {
      this.ask(async () => {
        this.past = await this.options.past.durations()
      })
      return undefined
    }
    const own = [...(this.durations.get(agent) ?? [])].reverse()
    const known = [...own, ...(this.past.get(agent) ?? [])].slice(0, MANY)
    return known.length < FEW ? undefined : { median: median(known), examples: known.length }
  }

  private lookForWaiting(now: number): void {
    const { waiting } = this.options.settings
    if (waiting === false) return
    for (const { key, request, since } of this.flights.waits.values()) {
      const waited = now - since
      if (waited < waiting) continue
      const reason = `a person has not answered for ${inWords(waited)}: ${brief(request.question, 300)}`
      this.raise('waiting', key, key, reason, { waited })
    }
  }

  private lookForBurn(now: number): void {
    const { burn } = this.options.settings
    if (burn === false || this.spent.calls === 0 || this.raised.has('burn ')) return
    if (!this.totals) {
      this.ask(async () => {
        this.totals = await this.options.past.totals()
      })
      return
    }
    const known = this.totals.length < FEW ? [] : this.totals
    const found = overspending(
      this.spent,
      burn,
      known,
      this.options.plan,
      this.pace.worked(now, this.flights),
    )
    if (found) this.raise('burn', '', '', found.reason, found.values)
  }

  /** Of the store, one thing at a time. What cannot be read now is asked for again at the next look. */
  private ask(question: () => Promise<void>): void {
    if (this.isAsking) return
    this.isAsking = true
    const done = () => {
      this.isAsking = false
    }
    question().then(done, done)
  }

  private raise(what: string, who: string, key: string, reason: string, values: JsonObject = {}): void {
    if (!this.isLive || this.isOver || this.raised.has(`${what} ${who}`)) return
    this.raised.set(`${what} ${who}`, key)
    this.options.raise({
      type: 'alert',
      key,
      what,
      reason,
      values: { ...values, ...(who !== '' && { who }) },
    })
  }
}
