import { execFileSync } from 'node:child_process'
import Database from 'better-sqlite3'
import { median, startServer, timeToFirstLine } from './measure.mjs'
import { writeRun } from './workload.mjs'
import { fanOut } from './workloads.mjs'

const STEPS = 500

/**
 * `crew logs last` on a store of so many events: of many runs, and where they all belong to the one that is shown. The
 * events are those of one real run, copied.
 */
export async function measureLogs(events, { crew, folder, env, runs }) {
  const server = await startServer(0)
  const store = `${folder}/store.db`
  try {
    const args = [crew, ...writeRun(fanOut({ steps: STEPS, concurrency: 50 }), folder), '--db', store]
    execFileSync(process.execPath, args, { env: { ...env, OPENAI_BASE_URL: server.baseUrl }, stdio: 'pipe' })
  } finally {
    server.stop()
  }
  const floor = []
  const many = []
  for (let run = 0; run < runs; run += 1) floor.push(await timeToFirstLine(['-p', '0'], env))
  fill(store, events, run => `${run}-${String(events).length}`)
  for (let run = 0; run < runs; run += 1) many.push(await firstLine())
  fill(store, events, () => 'one')
  const one = []
  for (let run = 0; run < runs; run += 1) one.push(await firstLine())
  const aims = { firstLine: 150 }
  return [
    { title: 'node -p 0', firstLine: median(floor) },
    { title: `crew: logs last, ${events} events of many runs`, aims, firstLine: median(many) },
    { title: `crew: logs last, ${events} events of one run`, aims, firstLine: median(one) },
  ]

  function firstLine() {
    return timeToFirstLine([crew, 'logs', 'last', '--db', store], env)
  }
}

/** Copies the events of the first run until there are so many more, into the runs that `idOf` names. */
function fill(store, events, idOf) {
  const database = new Database(store)
  const first = database.prepare('SELECT * FROM runs ORDER BY created_at LIMIT 1').get()
  const count = database.prepare('SELECT count(*) FROM events WHERE run = ?').pluck().get(first.id)
  const columns = Object.keys(first)
  const insertRun = database.prepare(
    `INSERT OR IGNORE INTO runs (${columns}) VALUES (${columns.map(column => `:${column}`)})`,
  )
  const copy = database.prepare(
    'INSERT INTO events SELECT :to, seq + :offset, at, type, data, refs FROM events WHERE run = :from',
  )
  database.transaction(() => {
    for (let copied = 0; copied < events; copied += count) {
      const to = idOf(copied / count)
      const created_at = first.created_at + copied + 1
      insertRun.run({ ...first, id: to, created_at })
      const last = database.prepare('SELECT coalesce(max(seq), 0) FROM events WHERE run = ?').pluck().get(to)
      copy.run({ from: first.id, to, offset: last })
    }
    if (idOf(1) === 'one')
      database.prepare('UPDATE runs SET created_at = created_at + 1000000000 WHERE id = ?').run('one')
  })()
  database.close()
}
