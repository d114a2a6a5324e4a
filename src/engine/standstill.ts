import type { Clock } from '../clock.ts'
import { HEART_STOPPED, HEARTBEAT } from '../store/lease.ts'

/** Tells the time in which this process works from that in which it stands still: the machine sleeps, or its clock is set. */
export interface Watch {
  /** The time of the run, in milliseconds since the epoch: that on the wall, but never back. */
  now(): number
  /** To be called with every heartbeat at least. */
  look(): void
  /** Calls `then` when it has worked for `milliseconds`; the function that it returns calls that off. */
  afterWork(milliseconds: number, then: () => void): () => void
}

/**
 * @param since when the run was last heard of
 * @param onStill is told for how many milliseconds it stood still, when it goes on
 */
export function createWatch(clock: Clock, since: number, onStill: (milliseconds: number) => void): Watch {
  let seen = clock.now()
  let up = clock.uptime()
  let time = Math.max(since, seen)
  let worked = 0

  function look(): void {
    const [wall, uptime] = [clock.now(), clock.uptime()]
    const [onWall, counted] = [wall - seen, Math.max(0, uptime - up)]
    // What counts cannot be set, and may stand still while the machine sleeps.
    const passed = onWall - counted > HEART_STOPPED ? onWall : counted
    seen = wall
    up = uptime
    time += passed
    // Not even the heart has beaten in it.
    const still = passed > HEART_STOPPED ? passed - HEARTBEAT : 0
    worked += passed - still
    if (still > 0) onStill(still)
  }

  function afterWork(milliseconds: number, then: () => void): () => void {
    look()
    const end = worked + milliseconds
    let callOff = () => {}
    const wait = () => {
      callOff = clock.after(end - worked, () => {
        look()
        // Some timers go on while the machine sleeps, and others do not.
        if (worked < end) wait()
        else then()
      })
    }
    wait()
    return () => callOff()
  }

  function now(): number {
    look()
    return time
  }

  return { now, look, afterWork }
}
