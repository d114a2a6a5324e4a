import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { systemClock } from '../../src/clock.ts'
import type { Event } from '../../src/store/events.ts'
import { peek } from '../../src/store/peek.ts'
import { viewOf } from '../../src/store/view.ts'

/** What is left in the store of a process that was killed. */
export interface Remains {
  /** The journal of its newest run; nothing when there is no run. */
  readonly events: readonly Event[]
  /** What SQLite says of the file; `ok` when all is well. */
  readonly health: string
}

/** Looks at a copy: who opens the files themselves mends them, and so takes that from the next crew. */
export function remainsOf(db: string): Remains {
  if (!existsSync(db)) return { events: [], health: 'ok' }
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'crew-remains-'))
  const copy = join(folder, 'crew.db')
  for (const suffix of ['', '-wal', '-journal'])
    if (existsSync(db + suffix)) copyFileSync(db + suffix, copy + suffix)
  try {
    const { health, hasRuns } = checked(copy)
    return { health, events: hasRuns ? newestIn(copy) : [] }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function checked(db: string) {
  const database = new Database(db)
  try {
    const health = String(database.pragma('integrity_check', { simple: true }))
    // Who was killed early had no schema yet.
    return { health, hasRuns: database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'runs'").get() }
  } catch (error) {
    return { health: String(error), hasRuns: false }
  } finally {
    database.close()
  }
}

function newestIn(db: string): readonly Event[] {
  const store = peek(db)
  const [run] = store?.runs({ limit: 1, clock: systemClock }) ?? []
  const events = run && store ? store.events(run.id) : []
  store?.close()
  return events
}

/** Steps that were begun, or ended, after they had ended well. */
export function repeated(events: readonly Event[]): readonly string[] {
  const ends = new Set<string>()
  return events.flatMap(event => {
    const isAgain = (event.type === 'step.started' || event.type === 'step.succeeded') && ends.has(event.key)
    if (event.type === 'step.succeeded') ends.add(event.key)
    return isAgain ? [event.key] : []
  })
}

/** How many acts were begun, and did not end. */
export function actsInFlight(events: readonly Event[]): number {
  return [...viewOf(events).steps.values()].filter(({ state, effects }) => state === 'running' && effects)
    .length
}

/** What `--events` printed; the last line may have been cut off. */
export function eventsOn(stdout: string): Event[] {
  return stdout
    .split('\n')
    .slice(0, -1)
    .map(line => {
      const { run, ...event } = JSON.parse(line)
      return event
    })
}
