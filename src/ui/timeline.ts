import type { Event } from '../store/events.ts'

/**
 * The time of a run as it worked: milliseconds since its start, without those in which nobody ran it (between a crash
 * or a question and the resume). A night of waiting must not dwarf a minute of work.
 */
export function createTimeline(events: readonly Event[]): (at: number) => number {
  const { take, elapsed } = startTimeline()
  for (const event of events) take(event)
  return elapsed
}

/** The same for a run that goes on: `take` is given each event, in order; `elapsed` knows what it was given so far. */
export function startTimeline() {
  const gaps: { readonly from: number; readonly to: number }[] = []
  let first: number | undefined
  let previous = 0
  let isRunning = false
  return {
    take(event: Event): void {
      const { type, at } = event
      first ??= at
      if (type === 'standstill') gaps.push({ from: at - event.milliseconds, to: at })
      if ((!isRunning || type === 'run.resumed') && at > previous && previous > 0)
        gaps.push({ from: previous, to: at })
      if (type === 'run.started' || type === 'run.resumed') isRunning = true
      else if (type.startsWith('run.')) isRunning = false
      previous = Math.max(previous, at)
    },
    elapsed(at: number): number {
      const idle = gaps.reduce((sum, { from, to }) => sum + Math.max(0, Math.min(at, to) - from), 0)
      return Math.max(0, at - (first ?? 0) - idle)
    },
  }
}
