import type { Clock } from '../clock.ts'
import { readSettings } from '../config.ts'
import type { Context } from '../engine/context.ts'
import type { Program } from '../engine/execute.ts'
import type { Subscriber } from '../engine/journal.ts'
import { CrewError, toCrewError } from '../errors.ts'
import { brief } from '../json.ts'
import type { Event, FactOf } from '../store/events.ts'
import type { TimedFact } from '../store/store.ts'
import type { AlertSettings, Receiver } from '../team/alerts.ts'
import type { Nest } from '../team/load.ts'
import type { Means, Message, Route } from './delivery.ts'
import type { Observed } from './observed.ts'
import type { Plan } from './plan.ts'
import { type Past, Watcher } from './watcher.ts'

interface Options {
  readonly run: string
  readonly team: string
  readonly settings: AlertSettings
  readonly plan: Plan
  readonly past: Past
  readonly routes: readonly Route[]
  readonly clock: Clock
  /** Says what cannot be journaled any more. */
  readonly warn: (line: string) => void
}

/** How long the end of a run waits until everybody has been told, in milliseconds. */
const PATIENCE = 5_000

/** Gets the alerts of a run ready. Throws when there is no way to one of those who are to be told. */
export async function openAlerts(
  { definition, root }: Pick<Nest, 'definition' | 'root'>,
  { run, rehearsal, scope, store, clock, warn }: Observed,
): Promise<Alerts> {
  const { name: team, alerts: settings, limits } = definition
  const { alertWebhook } = await readSettings()
  const receivers: Receiver[] = [...(settings.to ?? []), ...(alertWebhook ? [{ webhook: alertWebhook }] : [])]
  const routes = rehearsal ? [] : await openRoutes(receivers, { root, scope, clock })
  const past = {
    durations: () => store.history.durations(team, run),
    totals: () => store.history.totals(team, run),
  }
  const plan = { usd: definition.budget?.usd, tokens: definition.budget?.tokens, time: limits.time }
  return new Alerts({ run, team, settings, plan, past, routes, clock, warn })
}

async function openRoutes(receivers: readonly Receiver[], means: Omit<Means, 'fetch'>): Promise<Route[]> {
  if (receivers.length === 0) return []
  const [{ routeTo }, { createFetch }] = await Promise.all([
    import('./delivery.ts'),
    import('../fetch/fetch.ts'),
  ])
  const fetch = createFetch(means.clock)
  return receivers.map(receiver => routeTo(receiver, { ...means, fetch }))
}

/**
 * The alerts of a run: raised as facts of its journal while it runs, and told to everybody on `routes`. How it ended is
 * a fact already, and is told as it is. Neither can hold up the run or make it fail.
 */
class Alerts {
  private readonly options: Options
  private readonly watcher: Watcher
  private readonly questions = new Map<string, string>()
  private readonly underWay = new Set<Promise<void>>()
  private readonly end = new AbortController()
  /** Those of whom it was said that they cannot be told. */
  private readonly deaf = new Set<Route>()
  private emit: Context['emit'] | undefined

  constructor(options: Options) {
    this.options = options
    const raise = (alert: FactOf<'alert'>) => this.emit?.(alert)
    this.watcher = new Watcher({ ...options, raise })
  }

  /** What is to be performed, with alerts in its journal. */
  over<T extends { readonly program: Program }>(prepared: T): T {
    const program: Program = ctx => {
      this.emit = fact => ctx.emit(fact)
      return prepared.program(ctx)
    }
    return { ...prepared, program }
  }

  /** `subscriber`, with everything that it hears watched. */
  beside(subscriber: Subscriber): Subscriber {
    return event => {
      subscriber(event)
      this.see(event)
    }
  }

  recall(events: readonly Event[]): void {
    this.watcher.recall(events)
    for (const event of events) this.learn(event)
  }

  /** Watches as long as `work` lasts, and until everybody has been told, or that has taken too long. */
  async during<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } finally {
      this.stop()
      await this.delivered()
    }
  }

  private async delivered(): Promise<void> {
    if (this.underWay.size === 0) return
    const tooLong = new CrewError('timeout', `it took longer than ${PATIENCE / 1000} s, and the run is over`)
    const cancel = this.options.clock.after(PATIENCE, () => this.end.abort(tooLong))
    await Promise.all(this.underWay)
    cancel()
  }

  /** A defect in here must not end what is only watched. */
  private see(event: Event | TimedFact): void {
    try {
      this.watcher.see(event)
      this.learn(event)
      if (event.type === 'alert') this.tell(event)
      else this.tellOfEnd(event)
    } catch (thrown) {
      this.stop()
      this.options.warn(
        `crew: there are no alerts any more (${toCrewError(thrown).message}); the run goes on`,
      )
    }
  }

  private learn(event: Event | TimedFact): void {
    if (event.type === 'wait.opened') this.questions.set(event.key, event.request.question)
  }

  private stop(): void {
    this.watcher.stop()
    this.emit = undefined
  }

  private tellOfEnd(event: Event | TimedFact): void {
    const { failed, stopped, waiting } = this.options.settings
    const { at } = event
    if (event.type === 'run.failed' && failed) {
      const { code, message, hint, step: key = '' } = event.error
      const reason = hint === undefined ? message : `${message} (${hint.replaceAll('RUN', this.options.run)})`
      this.tell({ what: 'failed', key, reason, values: { code }, at })
    }
    if (event.type === 'run.interrupted' && stopped)
      this.tell({ what: 'stopped', key: '', reason: event.reason, at })
    if (event.type === 'run.waiting' && waiting !== false) {
      const [key = ''] = event.on
      const questions = event.on.map(on => brief(this.questions.get(on) ?? on, 300))
      const how = `answer with: crew answer ${this.options.run}`
      const reason = `the run stopped to wait for a person: ${questions.join('; ')} (${how})`
      this.tell({ what: 'waiting', key, reason, values: { on: event.on }, at })
    }
    if (event.type === 'run.waiting') {
      // Nobody works; who has patience may see it go on.
      this.watcher.rest()
      this.emit = undefined
    } else if (event.type.startsWith('run.') && event.type !== 'run.started' && event.type !== 'run.resumed')
      this.stop()
  }

  private tell({ what, key, reason, values = {}, at }: Omit<FactOf<'alert'>, 'type'> & { at: number }): void {
    const { run, team, routes } = this.options
    const resume = `crew resume ${run}`
    const text = `crew: ${team}${key && ` · ${key}`}: ${what}: ${reason} · run ${run}`
    const message = { run, team, at: new Date(at).toISOString(), what, key, reason, values, resume, text }
    for (const route of routes) {
      const told = this.deliver(route, message).finally(() => this.underWay.delete(told))
      this.underWay.add(told)
    }
  }

  private async deliver(route: Route, message: Message): Promise<void> {
    try {
      await route.send(message, this.end.signal)
    } catch (thrown) {
      const { code, message: why } = toCrewError(thrown)
      const reason = `${route.name} was not told of "${message.what}": ${why}`
      const values = { alert: message.what, error: code }
      if (this.emit)
        this.emit({ type: 'decision', key: message.key, what: 'alert-undelivered', reason, values })
      else if (!this.deaf.has(route)) this.options.warn(`crew: ${reason}`)
      this.deaf.add(route)
    }
  }
}
