import { randomInt } from 'node:crypto'

/** The only source of time and randomness. Tests hand in one that they move by hand. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /**
   * Milliseconds on a clock that nobody can set: how long something takes is measured on it. All processes of a machine
   * read the same one, until it restarts.
   */
  uptime(): number
  /** A number from 0 up to, not including, 1. */
  random(): number
  /** Calls `then` once after `ms`; the function it returns calls that off. */
  after(ms: number, then: () => void): () => void
}

/** Node's timers fire at once when they are given more than this. */
const LONGEST_TIMER = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  uptime: () => Number(process.hrtime.bigint() / 1_000_000n),
  random: () => randomInt(2 ** 47) / 2 ** 47,
  after(ms, then) {
    const timer = setTimeout(then, Math.min(Math.max(0, ms), LONGEST_TIMER))
    return () => clearTimeout(timer)
  },
}

/** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const cancel = clock.after(ms, () => {
      signal?.removeEventListener('abort', abort)
      resolve()
    })
    const abort = () => {
      cancel()
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', abort, { once: true })
  })
}
