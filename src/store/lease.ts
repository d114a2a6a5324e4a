import { hostname } from 'node:os'
import type { Owner } from './events.ts'

/** How often the owner of a run says that it is still there, in milliseconds. */
export const HEARTBEAT = 3_000

/** Silence after which an owner counts as gone, even when a process with its pid exists (stalled, or pid reused). */
const HEART_STOPPED = 15_000

export function thisProcess(): Owner {
  return { host: hostname(), pid: process.pid }
}

/** Whether the owner of a run is still at it, as far as can be known from here. */
export function isAlive({ host, pid }: Owner, heartbeat: number, now: number): boolean {
  // A clock that was set back must not make a dead owner immortal.
  if (Math.abs(now - heartbeat) > HEART_STOPPED) return false
  return host !== hostname() || processExists(pid)
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Somebody else's process: it exists, we may only not signal it.
    return typeof error === 'object' && error !== null && 'code' in error && error.code === 'EPERM'
  }
}
