import { type Clock, systemClock } from '../../src/clock.ts'

/** The clock of somebody who comes so many milliseconds later. */
export function later(milliseconds: number): Clock {
  return {
    ...systemClock,
    now: () => systemClock.now() + milliseconds,
    uptime: () => systemClock.uptime() + milliseconds,
  }
}

/** A clock that stands still until it is moved. */
export function manualClock(start = 1_700_000_000_000): Clock & { advance(ms: number): void } {
  let now = start
  const timers = new Set<{ readonly at: number; readonly then: () => void }>()
  return {
    now: () => now,
    uptime: () => now,
    random: () => 0.5,
    after(ms, then) {
      const timer = { at: now + ms, then }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    advance(ms) {
      now += ms
      const due = [...timers].filter(({ at }) => at <= now).sort((a, b) => a.at - b.at)
      for (const timer of due) {
        timers.delete(timer)
        timer.then()
      }
    },
  }
}
