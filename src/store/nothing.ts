import type { Clock } from '../clock.ts'

/** For how long it counts that nothing is there, in milliseconds. */
const FRESH = 200

/**
 * Remembers for a moment that nothing is recorded about somebody. Of what is well nothing is recorded, and that is asked
 * several times for every act; what another process writes is noticed a moment later.
 */
export class Nothing {
  private readonly clock: Clock
  private readonly seen = new Map<string, number>()

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** What `find` gives, unless it has just given undefined for this name. */
  unless<T>(name: string, find: () => T | undefined): T | undefined {
    const now = this.clock.now()
    if (Math.abs(now - (this.seen.get(name) ?? Number.NEGATIVE_INFINITY)) < FRESH) return undefined
    const found = find()
    if (found === undefined) this.seen.set(name, now)
    return found
  }

  /** To be called when this process records something. */
  isOver(name: string): void {
    this.seen.delete(name)
  }
}
