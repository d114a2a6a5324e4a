/** A clock that stands still until it is moved. */
export function manualClock(start = 1_700_000_000_000) {
  let now = start
  const timers = new Set()
  return {
    now: () => now,
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
