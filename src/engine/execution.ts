import { type Clock, sleep } from '../clock.ts'
import { CrewError, type ErrorCode } from '../errors.ts'
import { asText, type Json } from '../json.ts'
import { type Effects, type Fact, isEphemeral } from '../store/events.ts'
import type { Signal } from '../store/store.ts'
import type { RunView, StepView } from '../store/view.ts'
import { POLL } from './attend.ts'
import { createGuidance } from './guidance.ts'
import type { Inheritance } from './inheritance.ts'
import { type Journal, settle } from './journal.ts'
import { createNotes } from './notes.ts'
import { createWaits, type Waits } from './waits.ts'

/** A step as it is asked for. */
interface Asked extends Pick<StepView, 'key' | 'kind' | 'fingerprint'> {
  readonly agent: string | undefined
  readonly input: Json | undefined
  readonly effects: Effects | undefined
}

/** Looks on at a repetition of what is recorded, in which nothing new may happen. */
export interface Witness {
  /** Told of each step before anything of it happens, with what is recorded of it. An error that it gives ends it all. */
  asked(step: Asked, recorded: StepView | undefined): CrewError | undefined
  /** Whether a step that is over is entered once more, to see whether it comes to the same. */
  enters(recorded: StepView): boolean
}

export interface ExecutionOptions {
  readonly journal: Pick<Journal, 'append' | 'durable'>
  readonly witness?: Witness
  /** Of a fork. */
  readonly inheritance?: Inheritance | undefined
  readonly clock: Clock
  /** The run as it was when this execution began. */
  readonly recorded: RunView
  /** Words that were left for this run from outside, after the given one. */
  readonly signals: (after: number) => Promise<readonly Signal[]>
  /** Number of the last of them that was there before this process had the run: it stopped somebody else. */
  readonly heard: number
  /** Removes secrets from whatever is about to be journaled. */
  readonly redact: <T extends Json>(value: T) => T
}

/** Errors after which nothing of the run may go on, whatever its program does about a failed step. */
const FATAL: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'diverged',
  'defect',
  'store',
  'lease-lost',
  'limit-invocations',
  'limit-time',
  'limit-budget',
  'waiting',
  'interrupted',
])

/** What all scopes of one execution share: what is recorded, what is in use, who is waiting. */
export class Execution {
  readonly journal: ExecutionOptions['journal']
  readonly witness: Witness | undefined
  readonly inheritance: Inheritance | undefined
  readonly recorded: RunView
  readonly clock: Clock
  readonly redact: <T extends Json>(value: T) => T
  readonly waits: Waits
  readonly guidance: ReturnType<typeof createGuidance>
  /** Why the run comes down, once it does. */
  failure: CrewError | undefined
  onFailure: (error: CrewError) => void = () => {}

  private readonly options: ExecutionOptions
  private readonly claimed = new Set<string>()
  private readonly notes: ReturnType<typeof createNotes>
  /** Acts that have begun and are not over. */
  private acting = 0
  /** Why no act begins any more, once somebody wants the run to pause. */
  private pause: CrewError | undefined
  private lastSignal = 0

  constructor(options: ExecutionOptions) {
    this.options = options
    this.journal = options.journal
    this.witness = options.witness
    this.inheritance = options.inheritance
    this.recorded = options.recorded
    this.clock = options.clock
    this.redact = options.redact
    this.notes = createNotes(options.recorded)
    this.guidance = createGuidance(options.recorded)
    this.waits = createWaits({
      ...options,
      takeAll: () => this.takeAll(),
      fail: error => this.fail(error),
      isDown: () => this.failure !== undefined,
    })
  }

  /** Takes up what was left for the run before this execution; what has stopped a former process is over. */
  async begin(): Promise<void> {
    for (const signal of await this.options.signals(0)) {
      const isOver = signal.id <= this.options.heard && (signal.kind === 'pause' || signal.kind === 'cancel')
      if (isOver) this.lastSignal = signal.id
      else this.take(signal)
    }
  }

  /** Looks for words from outside now and then, until `over`. */
  async listen(over: AbortSignal): Promise<void> {
    while (!over.aborted && !this.failure) {
      await sleep(this.clock, POLL, over)
      await this.takeAll()
    }
  }

  /** Keys are given by the program and name one thing each. */
  claim(key: string): void {
    if (this.claimed.has(key))
      throw this.fail(new CrewError('defect', `two steps of this run have the key ${key}`))
    this.claimed.add(key)
  }

  /** Brings the run down if `error` is one of those that must; gives it back, to be thrown. */
  fail(error: CrewError): CrewError {
    if (FATAL.has(error.code)) this.bringDown(error)
    return error
  }

  private bringDown(error: CrewError): void {
    if (this.failure) return
    this.failure = error
    this.onFailure(error)
  }

  /** Appends what a program says, unless it is a note that a former execution of it has already left. */
  note(fact: Fact): void {
    // What is only shown as it streams is not written anywhere.
    const redacted = isEphemeral(fact) ? fact : (this.redact(fact as unknown as Json) as unknown as Fact)
    if (!this.notes.isKnown(redacted)) this.journal.append(redacted)
  }

  /** Performs an act on the world, unless the run is to pause: then it never begins, and rejects when the run comes down. */
  async act<T>(signal: AbortSignal, perform: () => Promise<T>): Promise<T> {
    if (this.pause) await aborted(signal)
    this.acting += 1
    try {
      return await perform()
    } finally {
      this.acting -= 1
      this.rest()
    }
  }

  /** Resolves when nothing goes on by itself any more: what is left waits for acts, people or time. */
  async quiet(): Promise<void> {
    for (let asked = -1; asked < this.claimed.size; ) {
      asked = this.claimed.size
      await settle(this.journal)
    }
  }

  private async takeAll(): Promise<void> {
    for (const signal of await this.options.signals(this.lastSignal)) {
      // Two who look at the same time find the same.
      if (signal.id > this.lastSignal) this.take(signal)
    }
  }

  private take(signal: Signal): void {
    const { id, kind, key, value, by } = signal
    this.lastSignal = id
    if (kind === 'answer') this.waits.deliver(signal)
    else if (kind === 'tell') this.guidance.tell(key, { id, text: asText(this.redact(value)), by })
    else if (kind === 'cancel') this.bringDown(cancelledBy(signal, this.redact))
    else {
      this.pause ??= new CrewError('interrupted', `paused by ${by}${reasonOf(signal, this.redact)}`)
      this.rest()
    }
  }

  /** A run that is to pause comes down when nothing is under way any more. */
  private rest(): void {
    if (this.pause && this.acting === 0) this.fail(this.pause)
  }
}

export function cancelledBy(signal: Signal, redact: ExecutionOptions['redact']): CrewError {
  return new CrewError('cancelled', `cancelled by ${signal.by}${reasonOf(signal, redact)}`)
}

function reasonOf({ value }: Signal, redact: ExecutionOptions['redact']): string {
  return value === '' ? '' : `: ${asText(redact(value))}`
}

/** Rejects with the reason of `signal`, whenever it aborts. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
