import { type Clock, sleep } from '../clock.ts'
import { CrewError, toCrewError } from '../errors.ts'
import type { Json } from '../json.ts'
import type { Signal } from '../store/store.ts'
import { POLL } from './attend.ts'
import { type Journal, settle } from './journal.ts'

interface Wait {
  /** When it is over, in milliseconds since the epoch. */
  readonly until: number
  /** Nobody is asked: time has to pass. */
  readonly isTimer: boolean
  end(answer: Json | undefined): void
}

interface Surroundings {
  readonly journal: Pick<Journal, 'append' | 'durable'>
  readonly clock: Clock
  readonly redact: <T extends Json>(value: T) => T
  /** Takes up what was left from outside; answers come back through `deliver`. */
  readonly takeAll: () => Promise<void>
  readonly fail: (error: CrewError) => CrewError
  /** The run comes down: nothing is waited for any more. */
  readonly isDown: () => boolean
}

/** What one execution of a run waits for: answers of people, and times. */
export interface Waits {
  /** When the first of them is over, once there is nothing else to do. */
  readonly due: number | undefined
  /** Counts `work` as something going on: while it lasts, the run is not merely waiting for people. */
  during<T>(work: () => Promise<T>): Promise<T>
  /**
   * Resolves with the answer to the question `key`, with undefined when none was left by `until`, or rejects when
   * `signal` aborts.
   */
  answer(key: string, signal: AbortSignal, until?: number): Promise<Json | undefined>
  /** Resolves when it is `until`, or rejects when `signal` aborts. No process need stay for it: the run can wait. */
  passing(key: string, signal: AbortSignal, until: number): Promise<void>
  /** Hands in an answer, perhaps to a question that this execution has not come to again. */
  deliver(answer: Signal): void
}

export function createWaits({ journal, clock, redact, takeAll, fail, isDown }: Surroundings): Waits {
  const open = new Map<string, Wait>()
  /** Answers to questions that this execution has not come to again. */
  const early = new Map<string, Signal>()
  let due: number | undefined
  let busy = 0
  let isPolling = false

  function wait(key: string, signal: AbortSignal, how: Omit<Wait, 'end'>): Promise<Json | undefined> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        open.delete(key)
        reject(signal.reason)
      }
      if (signal.aborted) return abort()
      signal.addEventListener('abort', abort, { once: true })
      const end = (value: Json | undefined) => {
        open.delete(key)
        signal.removeEventListener('abort', abort)
        resolve(value)
      }
      open.set(key, { ...how, end })
      const answer = early.get(key)
      if (answer) deliver(answer)
      look()
    })
  }

  /** Asks the store for answers, for as long as somebody waits for one; with nothing else going on, once. */
  function look(): void {
    if (isPolling || open.size === 0) return
    isPolling = true
    poll().then(
      () => {
        isPolling = false
      },
      error => fail(toCrewError(error)),
    )
  }

  async function poll(): Promise<void> {
    while (open.size > 0 && !isDown()) {
      await settle(journal)
      const keys = [...open.keys()]
      const now = clock.now()
      await takeAll()
      expire(now)
      if (open.size < keys.length) continue
      if (busy === 0) {
        const first = Math.min(...[...open.values()].map(({ until }) => until))
        due = Number.isFinite(first) ? first : undefined
        throw new CrewError('waiting', 'the run waits for an answer', { because: keys })
      }
      await sleep(clock, POLL)
    }
  }

  function deliver(signal: Signal): void {
    const { key, value, by, at, via, saw } = signal
    const wait = open.get(key)
    if (!wait || wait.isTimer) {
      if (!early.has(key)) early.set(key, signal)
      return
    }
    if (at > wait.until) return
    const answer = redact(value)
    const how = { answeredAt: at, ...(via !== undefined && { via }), ...(saw !== undefined && { saw }) }
    journal.append({ type: 'wait.answered', key, value: answer, by, ...how })
    wait.end(answer)
  }

  /** Ends the waits whose time was over at `now`, before the store was asked: what was answered in time is known. */
  function expire(now: number): void {
    for (const [key, { until, isTimer, end }] of [...open]) {
      if (until >= now) continue
      if (!isTimer) journal.append({ type: 'wait.expired', key })
      end(undefined)
    }
  }

  return {
    get due() {
      return due
    },
    async during(work) {
      busy += 1
      try {
        return await work()
      } finally {
        busy -= 1
        look()
      }
    },
    answer: (key, signal, until = Number.POSITIVE_INFINITY) => wait(key, signal, { until, isTimer: false }),
    async passing(key, signal, until) {
      await wait(key, signal, { until, isTimer: true })
    },
    deliver,
  }
}
