import type { Event } from '../store/events.ts'

/**
 * The time of a run as it worked: milliseconds since its start, without those in which nobody ran it (between a crash
 * or a question and the resume). A night of waiting must not dwarf a minute of work.
 */
export function createTimeline(events: readonly Event[]): (at: number) => number {
  const [first] = events
  const gaps: { readonly from: number; readonly to: number }[] = []
  let isRunning = false
  let previous = first?.at ?? 0
  for (const { type, at } of events) {
    if ((!isRunning || type === 'run.resumed') && at > previous) gaps.push({ from: previous, to: at })
    if (type === 'run.started' || type === 'run.resumed') isRunning = true
    else if (type.startsWith('run.')) isRunning = false
    previous = Math.max(previous, at)
  }
  return at => {
    const idle = gaps.reduce((sum, { from, to }) => sum + Math.max(0, Math.min(at, to) - from), 0)
    return Math.max(0, at - (first?.at ?? 0) - idle)
  }
}
