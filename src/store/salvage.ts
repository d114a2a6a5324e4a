import { existsSync } from 'node:fs'
import Database from 'better-sqlite3'
import type { Clock } from '../clock.ts'
import { CrewError } from '../errors.ts'
import { explain, openDatabase } from './database.ts'
import type { Event } from './events.ts'
import { differences, readThrough } from './examine.ts'
import { thisProcess } from './lease.ts'
import type { RawRun } from './row.ts'
import { openStore } from './sqlite.ts'
import type { Adoption, TimedFact } from './store.ts'
import { tallyOf } from './tally.ts'
import { viewOf } from './view.ts'

export interface Salvage {
  /** Runs that were saved as they were. */
  readonly whole: number
  /** Runs of which only a beginning could be read: they can be looked at, and do not go on. */
  readonly part: number
  /** Runs of which nothing could be read. */
  readonly lost: number
}

/** What does not follow from events, and is copied as it is. */
const TABLES = ['spending', 'removed', 'tags', 'memories']

/** Copies all that can be read of a damaged store into a new one. The damaged file stays as it is. */
export async function salvageStore(path: string, file: string, clock: Clock): Promise<Salvage> {
  if (existsSync(file))
    throw new CrewError('usage', `${file} is there already`, { hint: 'name a file that is not there yet' })
  const damaged = open(path)
  const store = await openStore(file, clock)
  const count = { whole: 0, part: 0, lost: 0 }
  try {
    const rows = new Map(readable<RawRun>(damaged, 'SELECT * FROM runs').map(row => [row.id, row]))
    const ids = readable<{ run: string }>(damaged, 'SELECT DISTINCT run FROM events').map(({ run }) => run)
    for (const id of new Set([...rows.keys(), ...ids])) {
      const found = piecesOf(damaged, id, rows.get(id))
      count[found?.state ?? 'lost'] += 1
      if (found) await store.adopt(found.run, found.facts)
    }
  } finally {
    await store.close()
  }
  const saved = await openDatabase(file)
  try {
    for (const table of TABLES) copyRows(damaged, saved, table)
    return count
  } finally {
    saved.close()
    damaged.close()
  }
}

function open(path: string): Database.Database {
  try {
    return new Database(path, { readonly: true, fileMustExist: true })
  } catch (error) {
    throw explain(error, path)
  }
}

/** Rows up to the first that cannot be read. */
function readable<Row>(database: Database.Database, sql: string): Row[] {
  const rows: Row[] = []
  try {
    for (const row of database.prepare(sql).iterate()) rows.push(row as Row)
  } catch {}
  return rows
}

function piecesOf(database: Database.Database, id: string, row: RawRun | undefined) {
  const { events, problem } = attempt(() => readThrough(database, id)) ?? {
    events: [],
    problem: 'unreadable',
  }
  const [first] = events
  if (first?.type !== 'run.started') return undefined
  // A journal that lacks its end reads well: its row tells.
  const unlike = row && attempt(() => differences(database, row, events))
  const isWhole = problem === undefined && unlike?.length === 0
  const read: TimedFact[] = events.map(({ seq, ...fact }) => fact)
  const facts = isWhole ? read : [...read, ...endOf(events)]
  const tally = tallyOf(facts)
  const { team, rehearsal, at } = first
  const run: Adoption = {
    ...{ id, team, rehearsal, ...tally },
    path: row?.path ?? '-',
    createdAt: row?.created_at ?? at,
    updatedAt: row?.updated_at ?? facts.at(-1)?.at ?? at,
    state: tally.state ?? 'running',
    epoch: row?.epoch ?? 1,
    // Its bill is copied as it is, also for what cannot be read any more: such a run spends no more.
    imported: isWhole ? facts.length : Number.MAX_SAFE_INTEGER,
  }
  return { run, facts, state: isWhole ? ('whole' as const) : ('part' as const) }
}

/**
 * Makes it final that the rest of a run is lost: what it has done nobody knows any more, and it must not be done twice.
 * A run that has succeeded stays one.
 */
function endOf(events: readonly Event[]): TimedFact[] {
  const { state, updatedAt: at } = viewOf(events)
  const reason = `only ${events.length} of its events could be read`
  const end: TimedFact = { type: 'run.cancelled', reason, at }
  if (state === 'succeeded' || state === 'cancelled') return []
  const again = { type: 'run.resumed', owner: thisProcess(), epoch: 1, reopened: [], limits: {}, at } as const
  return state === 'failed' ? [again, end] : [end]
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

function copyRows(from: Database.Database, to: Database.Database, table: string): void {
  for (const row of readable<Record<string, unknown>>(from, `SELECT * FROM ${table}`)) {
    const names = Object.keys(row)
    const insert = `INSERT OR IGNORE INTO ${table} (${names.join(', ')}) VALUES (${names.map(name => `:${name}`).join(', ')})`
    attempt(() => to.prepare(insert).run(row))
  }
}
