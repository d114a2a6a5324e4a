import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Clock } from '../clock.ts'
import type { Owner } from './events.ts'

/** How often the owner of a run says that it is still there, in milliseconds. */
export const HEARTBEAT = 3_000

/** Silence after which an owner counts as gone, even when its process exists: it stands still. */
export const HEART_STOPPED = 15_000

export function thisProcess(): Owner {
  return { host: hostname(), pid: process.pid }
}

/** What tells a process from all others that have, had or will have its pid. Null where that cannot be known. */
export interface Mark {
  /** Changes with every start of the machine. */
  readonly boot: string | null
  /** Which pids it counts in, and when it began. */
  readonly born: string | null
}

export function markOf({ host, pid }: Owner): Mark {
  return host === hostname() ? { boot: bootOf(), born: bornOf(pid) } : { boot: null, born: null }
}

/** Who holds a run, and when it was last heard of: by the clock on the wall, and by the one that nobody sets. */
export interface Holder extends Owner, Mark {
  readonly heartbeat: number
  readonly pulse: number | null
}

/** Whether the owner of a run is still at it, as far as can be known from here. */
export function isAlive(holder: Holder, clock: Pick<Clock, 'now' | 'uptime'>): boolean {
  const { host, pid, boot, born, heartbeat, pulse } = holder
  const isHere = host === hostname()
  const isSameBoot = boot !== null && boot === bootOf()
  // The machine was started again since.
  if (isHere && boot !== null && !isSameBoot && bootOf() !== null) return false
  // A clock that was set back must not make a dead owner immortal, nor one that was set forward kill a living one.
  const silence = isSameBoot && pulse !== null ? clock.uptime() - pulse : Math.abs(clock.now() - heartbeat)
  if (silence > HEART_STOPPED) return false
  if (!isHere) return true
  if (born === null) return processExists(pid)
  return isElsewhere(born) || born === bornOf(pid)
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

/** Of this machine; only Linux tells. */
function bootOf(): string | null {
  boot ??= attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
  return boot
}
let boot: string | null = null

/** When a process began, in ticks since its machine did: field 22 of its status, behind a name that may contain anything. */
function bornOf(pid: number): string | null {
  return attempt(() => {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state = '', ...fields] = status.slice(status.lastIndexOf(')') + 2).split(' ')
    // It has ended, and nobody has taken notice yet.
    if (state === 'Z' || state === 'X') return null
    return `${readlinkSync('/proc/self/ns/pid')} ${fields[18]}`
  })
}

/** Whether it counts in other pids, in another container, so that its own says nothing here. */
function isElsewhere(born: string): boolean {
  const [space] = born.split(' ')
  return attempt(() => readlinkSync('/proc/self/ns/pid')) !== space
}

function attempt<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}
