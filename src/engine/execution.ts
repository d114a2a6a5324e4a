import { type Clock, sleep } from '../clock.ts'
import { CrewError, type ErrorCode, toCrewError } from '../errors.ts'
import { asText, canonical, type Json } from '../json.ts'
import { parentOf } from '../step-key.ts'
import { type Effects, type Fact, type Guidance, isEphemeral } from '../store/events.ts'
import type { Signal } from '../store/store.ts'
import type { RunView, StepView } from '../store/view.ts'
import { POLL } from './attend.ts'
import type { Inheritance } from './inheritance.ts'
import type { Journal } from './journal.ts'

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

interface Wait {
  /** When it is over, in milliseconds since the epoch. */
  readonly until: number
  /** Nobody is asked: time has to pass. */
  readonly isTimer: boolean
  end(answer: Json | undefined): void
}

/** What all scopes of one execution share: what is recorded, what is in use, who is waiting. */
export class Execution {
  readonly journal: ExecutionOptions['journal']
  readonly witness: Witness | undefined
  readonly inheritance: Inheritance | undefined
  readonly recorded: RunView
  readonly clock: Clock
  readonly redact: <T extends Json>(value: T) => T
  /** Why the run comes down, once it does. */
  failure: CrewError | undefined
  onFailure: (error: CrewError) => void = () => {}

  private readonly options: ExecutionOptions
  private readonly claimed = new Set<string>()
  private readonly notes: Map<string, number>
  private readonly waits = new Map<string, Wait>()
  /** Answers to questions that this execution has not come to again. */
  private readonly early = new Map<string, Signal>()
  /** What people told agents, in the order in which they did. */
  private readonly told: (Guidance & { readonly to: string })[] = []
  /** The words that each invocation has heard, by their numbers. */
  private readonly heard: Map<string, Set<number>>
  /** When the first thing is over that the run waits for, once it waits. */
  due: number | undefined
  private busy = 0
  /** Acts that have begun and are not over. */
  private acting = 0
  /** Why no act begins any more, once somebody wants the run to pause. */
  private pause: CrewError | undefined
  private lastSignal = 0
  private polling = false

  constructor(options: ExecutionOptions) {
    this.options = options
    this.journal = options.journal
    this.witness = options.witness
    this.inheritance = options.inheritance
    this.recorded = options.recorded
    this.clock = options.clock
    this.redact = options.redact
    this.notes = countNotes(options.recorded)
    this.heard = heardIn(options.recorded)
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
    const isNote = fact.type === 'decision' || fact.type === 'step.skipped'
    const text = isNote ? canonical(redacted) : ''
    const left = this.notes.get(text) ?? 0
    if (left > 0) this.notes.set(text, left - 1)
    else this.journal.append(redacted)
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

  /** What the invocation `key` of `agent` was told since it last asked; it is then taken for heard. */
  hear(key: string, agent: string): readonly Guidance[] {
    const heard = this.heard.get(key) ?? new Set()
    this.heard.set(key, heard)
    const isMeant = (to: string) => to === agent || key === to || key.startsWith(`${to}/`)
    const words = this.told.filter(({ id, to }) => isMeant(to) && !heard.has(id))
    for (const { id } of words) heard.add(id)
    return words.map(({ id, text, by }) => ({ id, text, by }))
  }

  /** Resolves when nothing goes on by itself any more: what is left waits for acts, people or time. */
  async quiet(): Promise<void> {
    for (let asked = -1; asked < this.claimed.size; ) {
      asked = this.claimed.size
      await this.settle()
    }
  }

  /** Counts `work` as something going on: while it lasts, the run is not merely waiting for people. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.busy += 1
    try {
      return await work()
    } finally {
      this.busy -= 1
      this.look()
    }
  }

  /**
   * Resolves with the answer to the question `key`, with undefined when none was left by `until`, or rejects when
   * `signal` aborts.
   */
  answer(key: string, signal: AbortSignal, until = Number.POSITIVE_INFINITY): Promise<Json | undefined> {
    return this.wait(key, signal, { until, isTimer: false })
  }

  /** Resolves when it is `until`, or rejects when `signal` aborts. No process need stay for it: the run can wait. */
  async passing(key: string, signal: AbortSignal, until: number): Promise<void> {
    await this.wait(key, signal, { until, isTimer: true })
  }

  private wait(key: string, signal: AbortSignal, how: Omit<Wait, 'end'>): Promise<Json | undefined> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.waits.delete(key)
        reject(signal.reason)
      }
      if (signal.aborted) return abort()
      signal.addEventListener('abort', abort, { once: true })
      const end = (value: Json | undefined) => {
        this.waits.delete(key)
        signal.removeEventListener('abort', abort)
        resolve(value)
      }
      this.waits.set(key, { ...how, end })
      const early = this.early.get(key)
      if (early) this.deliver(early)
      this.look()
    })
  }

  /** Asks the store for answers, for as long as somebody waits for one; with nothing else going on, once. */
  private look(): void {
    if (this.polling || this.waits.size === 0) return
    this.polling = true
    this.poll().then(
      () => {
        this.polling = false
      },
      error => this.fail(toCrewError(error)),
    )
  }

  private async poll(): Promise<void> {
    while (this.waits.size > 0 && !this.failure) {
      await this.settle()
      const open = [...this.waits.keys()]
      const now = this.clock.now()
      await this.takeAll()
      this.expire(now)
      if (this.waits.size < open.length) continue
      if (this.busy === 0) {
        const first = Math.min(...[...this.waits.values()].map(({ until }) => until))
        this.due = Number.isFinite(first) ? first : undefined
        throw new CrewError('waiting', 'the run waits for an answer', { because: open })
      }
      await sleep(this.clock, POLL)
    }
  }

  /** Lets the program run as far as it gets by itself, and makes it durable. */
  private async settle(): Promise<void> {
    await new Promise(resolve => setImmediate(resolve))
    await this.journal.durable()
    await new Promise(resolve => setImmediate(resolve))
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
    if (kind === 'answer') this.deliver(signal)
    else if (kind === 'tell') this.told.push({ id, to: key, text: asText(this.redact(value)), by })
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

  private deliver(signal: Signal): void {
    const { key, value, by, at, via, saw } = signal
    const wait = this.waits.get(key)
    if (!wait || wait.isTimer) {
      if (!this.early.has(key)) this.early.set(key, signal)
      return
    }
    if (at > wait.until) return
    const answer = this.redact(value)
    const how = { answeredAt: at, ...(via !== undefined && { via }), ...(saw !== undefined && { saw }) }
    this.journal.append({ type: 'wait.answered', key, value: answer, by, ...how })
    wait.end(answer)
  }

  /** Ends the waits whose time was over at `now`, before the store was asked: what was answered in time is known. */
  private expire(now: number): void {
    for (const [key, { until, isTimer, end }] of [...this.waits]) {
      if (until >= now) continue
      if (!isTimer) this.journal.append({ type: 'wait.expired', key })
      end(undefined)
    }
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

/** The numbers of the words that each invocation has heard. They are kept by the turn before which it heard them. */
function heardIn({ guidance }: RunView): Map<string, Set<number>> {
  const heard = new Map<string, Set<number>>()
  for (const [turn, words] of guidance) {
    const invocation = parentOf(turn)
    const ids = heard.get(invocation) ?? new Set()
    heard.set(invocation, ids)
    for (const { id } of words) ids.add(id)
  }
  return heard
}

/** Notes that are already in the journal. A program that runs again leaves them again; they are told apart here. */
function countNotes(recorded: RunView): Map<string, number> {
  const counts = new Map<string, number>()
  const count = (note: object) => {
    const text = canonical(note)
    counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  const notes = [...recorded.notes, ...[...recorded.steps.values()].flatMap(step => step.notes)]
  for (const { type, key, what, reason, values } of notes.filter(note => note.type === 'decision')) {
    count({ type, key, what, reason, values })
  }
  for (const step of recorded.steps.values()) {
    if (step.state === 'skipped') count({ type: 'step.skipped', key: step.key, reason: step.reason })
  }
  return counts
}
