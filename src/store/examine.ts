import { existsSync, statSync } from 'node:fs'
import type Database from 'better-sqlite3'
import type { Clock } from '../clock.ts'
import { add, type Total, zero } from '../spend.ts'
import { decode, type Row as EventRow } from './codec.ts'
import { explain, openDatabase } from './database.ts'
import type { Event } from './events.ts'
import { isAlive } from './lease.ts'
import { holderOf, type RawRun } from './row.ts'
import { createAuditor } from './soundness.ts'
import { tallyOf } from './tally.ts'
import { spentIn } from './view.ts'

/** A store, looked through from its first page to its last event. Sizes in bytes. */
export interface StoreReport {
  readonly file: number
  readonly log: number
  /** In pages that nothing uses. */
  readonly free: number
  /** Bits of the permissions. */
  readonly mode: number
  /** With their indexes; the largest first. */
  readonly tables: readonly { readonly name: string; readonly bytes: number }[]
  readonly runs: number
  readonly events: number
  /** What SQLite finds, up to ten of it. */
  readonly damage: readonly string[]
  /** Runs whose events are not such as crew writes, and what is wrong: only what can be read of them can be saved. */
  readonly unsound: readonly Trouble[]
  /** Runs of which the store says something else than their events: that can be folded anew. */
  readonly unlike: readonly Trouble[]
  /** Payloads that no event refers to, and events of runs that are gone. */
  readonly loose: { readonly payloads: number; readonly runs: number }
  /** Runs whose owner is gone without a word. */
  readonly orphans: readonly string[]
}

export interface Trouble {
  readonly run: string
  readonly says: string
}

export async function examineStore(path: string, clock: Clock): Promise<StoreReport> {
  const database = await openDatabase(path)
  try {
    // In one transaction: what is compared is of one moment.
    return database.transaction(() => examine(database, path, clock))()
  } catch (error) {
    throw explain(error, path)
  } finally {
    database.close()
  }
}

function examine(database: Database.Database, path: string, clock: Clock): StoreReport {
  const number = (sql: string) => database.prepare(sql).pluck().get() as number
  const findings = database.pragma('integrity_check(10)') as { integrity_check: string }[]
  const damage = findings.map(({ integrity_check: says }) => says).filter(says => says !== 'ok')
  const { size, mode } = statSync(path)
  const unsound: Trouble[] = []
  const unlike: Trouble[] = []
  const orphans: string[] = []
  const runs = database.prepare('SELECT * FROM runs').all() as RawRun[]
  for (const run of runs) {
    const read = readThrough(database, run.id)
    if (read.problem !== undefined) unsound.push({ run: run.id, says: read.problem })
    else unlike.push(...differences(database, run, read.events).map(says => ({ run: run.id, says })))
    const holder = holderOf(run)
    if (holder && run.state === 'running' && !isAlive(holder, clock)) orphans.push(run.id)
  }
  return {
    file: size,
    mode: mode & 0o777,
    log: existsSync(`${path}-wal`) ? statSync(`${path}-wal`).size : 0,
    free: number('PRAGMA freelist_count') * number('PRAGMA page_size'),
    tables: database
      .prepare(
        `SELECT tbl_name AS name, sum(pgsize) AS bytes FROM dbstat JOIN sqlite_master USING (name)
         GROUP BY tbl_name ORDER BY bytes DESC, name`,
      )
      .all() as { name: string; bytes: number }[],
    runs: runs.length,
    events: number('SELECT count(*) FROM events'),
    damage,
    unsound,
    unlike,
    loose: {
      payloads: number(
        `SELECT count(*) FROM payloads WHERE id NOT IN
           (SELECT value FROM events, json_each(refs) WHERE json_valid(refs))`,
      ),
      runs: number('SELECT count(DISTINCT run) FROM events WHERE run NOT IN (SELECT id FROM runs)'),
    },
    orphans,
  }
}

/** The events of a run up to the first that is damaged, or that may not be where it is. */
export function readThrough(
  database: Database.Database,
  run: string,
): { readonly events: readonly Event[]; readonly problem?: string } {
  const rows = database.prepare('SELECT seq, at, type, data, refs FROM events WHERE run = ? ORDER BY seq')
  const payload = database.prepare('SELECT json FROM payloads WHERE id = ?').pluck()
  const auditor = createAuditor()
  const events: Event[] = []
  try {
    for (const row of rows.iterate(run) as Iterable<EventRow>) {
      const event = decode(row, id => payload.get(id) as string | undefined)
      const problem = auditor.take(event as never)
      if (problem !== undefined) return { events, problem }
      events.push(event)
    }
  } catch (error) {
    return { events, problem: error instanceof Error ? error.message : String(error) }
  }
  const problem = auditor.end()
  return { events, ...(problem !== undefined && { problem }) }
}

/** Sums of dollars depend on the order in which they are added up. */
const CENT_OF_A_CENT = 0.0001

/** Where the row of a run, or its bill, says something else than its events. */
export function differences(database: Database.Database, run: RawRun, events: readonly Event[]): string[] {
  const { state, stop, tokens, usd, unpriced, parent } = tallyOf(events)
  const isSame =
    run.state === (state ?? 'running') &&
    run.stop === stop &&
    run.parent === parent &&
    run.tokens === tokens &&
    run.unpriced === unpriced &&
    Math.abs(run.usd - usd) < CENT_OF_A_CENT
  const bill = database
    .prepare(
      `SELECT count(*) AS calls, total(input) AS input, total(output) AS output, total(usd) AS usd
       FROM spending WHERE run = ? AND seq > ?`,
    )
    .get(run.id, run.imported) as Pick<Total, 'calls' | 'input' | 'output' | 'usd'>
  const spent = zero()
  for (const event of events) {
    const more = event.seq > run.imported ? spentIn(event) : undefined
    if (more) add(spent, more)
  }
  const isBilled =
    bill.calls === spent.calls &&
    bill.input === spent.input &&
    bill.output === spent.output &&
    Math.abs(bill.usd - spent.usd) < CENT_OF_A_CENT
  return [
    ...(isSame ? [] : ['its row says something else than its events']),
    ...(isBilled ? [] : ['its bill says something else than its events']),
  ]
}
