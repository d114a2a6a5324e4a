import type { Clock } from '../clock.ts'
import { type CrewError, toCrewError } from '../errors.ts'
import { type Event, type Fact, isEphemeral } from '../store/events.ts'
import type { Lease, Store, TimedFact } from '../store/store.ts'
import { crashAfterEvent, crashPoint } from './crash.ts'
import { createWatch, type Watch } from './standstill.ts'

export type Subscriber = (event: Event | TimedFact) => void

interface Options {
  readonly store: Store
  readonly lease: Lease
  readonly clock: Clock
  /** When its run was last heard of, in milliseconds since the epoch. */
  readonly since: number
  /** Told of every event once it is durable, and of ephemeral facts at once. Must not throw. */
  readonly onEvent: Subscriber
  /** The store failed, or the run has a new owner: nothing can be written any more. Called once. */
  readonly onFailure: (error: CrewError) => void
}

/**
 * The write side of a run. Everything that is appended during one turn of the event loop becomes durable in one
 * transaction, in the order in which it was appended.
 */
export class Journal {
  /** Of the process that writes: what it finds is journaled. */
  readonly watch: Watch
  private readonly options: Options
  private pending: TimedFact[] = []
  private failure: CrewError | undefined
  private flushing: Promise<void> | undefined
  private isOver = false

  constructor(options: Options) {
    this.options = options
    const { clock, since } = options
    this.watch = createWatch(clock, since, milliseconds => this.push({ type: 'standstill', milliseconds }))
  }

  append(fact: Fact): void {
    if (isEphemeral(fact) || this.isOver) this.options.onEvent(this.timed(fact))
    else this.push(fact)
  }

  /** The last fact. What its last steps give others reason to say of the run is heard, and kept no more. */
  end(fact: Fact): void {
    this.append(fact)
    this.isOver = true
  }

  private timed(fact: Fact): TimedFact {
    return Object.assign({}, fact, { at: this.watch.now() })
  }

  private push(fact: Fact): void {
    if (this.isOver) return
    this.pending.push(this.timed(fact))
    this.flushing ??= this.flushSoon()
  }

  /** Resolves when everything appended so far is durable; rejects when it never will be. */
  async durable(): Promise<void> {
    while (this.flushing) await this.flushing
    if (this.failure) throw this.failure
  }

  /** Never rejects: `durable` and `onFailure` tell. */
  private async flushSoon(): Promise<void> {
    await new Promise(resolve => setImmediate(resolve))
    const facts = this.pending
    this.pending = []
    try {
      if (!this.failure) await this.commit(facts)
    } catch (error) {
      this.failure = toCrewError(error)
      this.options.onFailure(this.failure)
    }
    this.flushing = this.pending.length > 0 ? this.flushSoon() : undefined
  }

  private async commit(facts: readonly TimedFact[]): Promise<void> {
    for (const fact of facts) crashPoint(`before:${fact.type}`)
    const events = await this.options.store.commit(this.options.lease, facts)
    for (const event of events) {
      crashPoint(`after:${event.type}`)
      crashAfterEvent(event.seq)
    }
    for (const event of events) this.options.onEvent(event)
  }
}

/** Lets the program run as far as it gets by itself, and makes it durable. */
export async function settle(journal: Pick<Journal, 'durable'>): Promise<void> {
  await new Promise(resolve => setImmediate(resolve))
  await journal.durable()
  await new Promise(resolve => setImmediate(resolve))
}
