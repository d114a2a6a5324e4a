import { chmodSync } from 'node:fs'
import type Database from 'better-sqlite3'
import type { Clock } from '../clock.ts'
import { explain, openDatabase } from './database.ts'
import type { Event } from './events.ts'
import { differences, readThrough } from './examine.ts'
import { isAlive } from './lease.ts'
import { holderOf, type RawRun } from './row.ts'
import { tallyOf } from './tally.ts'
import { spentIn } from './view.ts'

/**
 * Makes anew what follows from something else: indexes from tables, rows and bills of runs from their events, the
 * permissions of the file. Runs that somebody runs are left alone. How many runs were mended.
 */
export async function repairStore(path: string, clock: Clock): Promise<number> {
  const database = await openDatabase(path)
  try {
    chmodSync(path, 0o600)
    database.exec('REINDEX')
    let mended = 0
    for (const id of database.prepare('SELECT id FROM runs').pluck().all() as string[])
      if (database.transaction(() => mend(database, id, clock)).immediate()) mended += 1
    return mended
  } catch (error) {
    throw explain(error, path)
  } finally {
    database.close()
  }
}

function mend(database: Database.Database, id: string, clock: Clock): boolean {
  const run = database.prepare('SELECT * FROM runs WHERE id = ?').get(id) as RawRun | undefined
  const holder = run && holderOf(run)
  if (!run || (holder && isAlive(holder, clock))) return false
  const { events, problem } = readThrough(database, id)
  if (problem !== undefined || differences(database, run, events).length === 0) return false
  const tally = tallyOf(events)
  database
    .prepare(
      `UPDATE runs SET state = :state, stop = :stop, due = :due, parent = :parent, tokens = :tokens, usd = :usd,
         unpriced = :unpriced, host = NULL, pid = NULL WHERE id = :id`,
    )
    .run({ ...tally, state: tally.state ?? 'running', id })
  database.prepare('DELETE FROM spending WHERE run = ? AND seq > ?').run(id, run.imported)
  for (const event of events) if (event.seq > run.imported) bill(database, id, event)
  return true
}

function bill(database: Database.Database, run: string, event: Event): void {
  const spent = spentIn(event)
  if (!spent) return
  const { input, output, cached, agent = null, model = null, usd = null, estimated = false } = spent
  database
    .prepare(
      `INSERT INTO spending (run, seq, at, agent, model, input, output, cached, usd, estimated)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(run, event.seq, event.at, agent, model, input, output, cached, usd, Number(estimated))
}
