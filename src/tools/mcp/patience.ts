import type { Clock } from '../../clock.ts'

/** A deadline that moves on with every sign of life, and stands still while a person is waited for. */
export interface Patience {
  /** Aborts when it is over. */
  readonly signal: AbortSignal
  touch(): void
  /** Stops the clock until the function that it returns is called. */
  pause(): () => void
  stop(): void
}

/** Signs of life give a call at the most so many times as long as it has without. */
export const EXTENSION = 10

/** Waits for `limit` milliseconds from the last sign of life, and ten times as long altogether. */
export function startPatience(clock: Clock, limit: number): Patience {
  const over = new AbortController()
  let left = limit * EXTENSION
  let since = clock.uptime()
  let pauses = 0
  let cancel = () => {}
  const arm = () => {
    since = clock.uptime()
    cancel = clock.after(Math.min(limit, Math.max(0, left)), () => over.abort())
  }
  const disarm = () => {
    cancel()
    left -= clock.uptime() - since
  }
  arm()
  return {
    signal: over.signal,
    touch() {
      if (pauses > 0 || over.signal.aborted) return
      disarm()
      arm()
    },
    pause() {
      if (pauses === 0) disarm()
      pauses += 1
      let ended = false
      return () => {
        if (ended) return
        ended = true
        pauses -= 1
        if (pauses === 0) arm()
      }
    },
    stop() {
      pauses = Number.POSITIVE_INFINITY
      cancel()
    },
  }
}
