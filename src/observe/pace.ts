import type { Event } from '../store/events.ts'
import type { TimedFact } from '../store/store.ts'
import type { InFlight } from './in-flight.ts'

/** Fewer steps have no pace. */
const FEW = 20

/** How fast a run gets on. Only the time counts in which somebody ran it and nobody was waited for. */
export class Pace {
  private time = 0
  private last: number | undefined
  /** When agents ended well what they had done themselves, in working time. */
  private readonly ends: number[] = []

  /** To be told of every event before `flights` is. */
  pass(event: Event | TimedFact, flights: InFlight): void {
    this.time = event.type === 'run.resumed' ? this.time : this.worked(event.at, flights)
    if (event.type === 'standstill') this.time = Math.max(0, this.time - event.milliseconds)
    this.last = event.at
    const flight = event.type === 'step.succeeded' && flights.agents.get(event.key)
    if (flight && !flight.isReplaced) this.ends.push(this.time)
  }

  /** Working time of the run until `now`. */
  worked(now: number, { waits }: InFlight): number {
    const isWaiting = waits.size > 0
    return this.time + (isWaiting || this.last === undefined ? 0 : Math.max(0, now - this.last))
  }

  /** How many milliseconds the first half of the steps took, and the other; with too few steps, nothing. */
  halves(): { readonly steps: number; readonly first: number; readonly later: number } {
    const { ends } = this
    const steps = ends.length >> 1
    if (ends.length < FEW) return { steps, first: 0, later: 0 }
    const [half = 0, before = 0, end = 0] = [ends[steps - 1], ends[ends.length - 1 - steps], ends.at(-1)]
    return { steps, first: half, later: end - before }
  }
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const [low = 0, high = 0] = [sorted[(sorted.length - 1) >> 1], sorted[middle]]
  return (low + high) / 2
}
