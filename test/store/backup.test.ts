import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { backUp } from '../../src/store/backup.ts'
import { examineStore } from '../../src/store/examine.ts'
import { MIGRATIONS } from '../../src/store/migrations.ts'
import { openStore } from '../../src/store/sqlite.ts'
import type { TimedFact } from '../../src/store/store.ts'
import { temporaryFolder, temporaryStore } from '../helpers/runs.ts'

const GONE = { host: 'elsewhere', pid: 1 }
const NEW = { id: 'run1', team: 't', path: '/t.yaml', rehearsal: false }
const fact = (more: object): TimedFact => ({ at: 1, ...more }) as TimedFact
const BEGUN = fact({ type: 'run.started', team: 't', definition: {}, input: {}, rehearsal: false, crew: '0' })
const note = fact({ type: 'decision', key: 'a', what: 'w', reason: 'r' })

async function inUse() {
  const file = join(temporaryFolder(), 'crew.db')
  const store = await temporaryStore(file)
  const lease = await store.create(NEW, GONE, BEGUN)
  return { file, store, lease }
}

const rejection = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    error => ({ code: error.code, message: error.message }),
  )

describe('a backup', () => {
  it('of a store that is being written is whole, and can take its place as docs/store.md says', async () => {
    const { file, store, lease } = await inUse()
    let isOver = false
    const writing = (async () => {
      while (!isOver) {
        await store.commit(lease, [note, note])
        await new Promise(resolve => setImmediate(resolve))
      }
    })()
    const copy = `${file}.backup`
    for (let round = 0; round < 5; round += 1) expect(await backUp(file, copy, { replaces: true })).toBe(1)
    isOver = true
    await writing
    await store.close()
    expect(statSync(copy).mode & 0o777).toBe(0o600)
    for (const end of ['', '-wal', '-shm'])
      if (existsSync(file + end)) renameSync(file + end, `${file}.old${end}`)
    copyFileSync(copy, file)
    const restored = await openStore(file, systemClock)
    const events = await restored.events(NEW.id)
    expect(events.length % 2).toBe(1)
    expect(events.length).toBeGreaterThan(1)
    await restored.close()
    expect(await examineStore(file, systemClock)).toMatchObject({ damage: [], unsound: [], unlike: [] })
  })

  it('replaces nothing that it is not told to, and never the store itself', async () => {
    const { file } = await inUse()
    const copy = join(dirname(file), 'mine')
    writeFileSync(copy, 'mine')
    expect(await rejection(backUp(file, copy, { replaces: false }))).toMatchObject({ code: 'usage' })
    expect(readFileSync(copy, 'utf8')).toBe('mine')
    for (const own of [file, `${file}-wal`])
      expect(await rejection(backUp(file, own, { replaces: true }))).toMatchObject({ code: 'usage' })
    expect(readdirSync(dirname(file)).filter(name => name.endsWith('.part'))).toEqual([])
  })

  it('of a damaged store is not made', async () => {
    const { file, store } = await inUse()
    await store.commit({ run: NEW.id, epoch: 1, seq: 1 }, Array(400).fill(note))
    await store.close()
    const bytes = readFileSync(file)
    bytes.fill(0x5a, bytes.length - 3 * 4096, bytes.length - 4096)
    writeFileSync(file, bytes)
    expect(await rejection(backUp(file, `${file}.copy`, { replaces: false }))).toMatchObject({
      code: 'store',
    })
    expect(existsSync(`${file}.copy`)).toBe(false)
  })
})

/** A store as a crew that knew the first `schema` migrations left it, with a run. */
function older(schema: number): string {
  const path = join(temporaryFolder(), 'crew.db')
  const database = new Database(path)
  database.pragma('journal_mode = WAL')
  for (const migration of MIGRATIONS.slice(0, schema)) database.exec(migration)
  database.pragma(`application_id = ${0x63726577}`)
  database.pragma(`user_version = ${schema}`)
  database.exec(`
    INSERT INTO runs (id, team, path, rehearsal, created_at, state, updated_at, epoch, heartbeat)
      VALUES ('run1', 't', '/t.yaml', 0, 1, 'running', 1, 1, 1);
    INSERT INTO events VALUES ('run1', 1, 1, 'run.started',
      '{"team":"t","definition":{},"input":{},"rehearsal":false,"crew":"0"}', NULL);`)
  database.close()
  return path
}

const SCHEMAS = MIGRATIONS.map((_, index) => index).slice(1)

describe('a migration', () => {
  it.each(SCHEMAS)('from schema %i keeps a backup first, and every run', async schema => {
    const path = older(schema)
    for (const old of [1, 2, 3]) writeFileSync(`${path}.schema-${old}.backup`, 'old')
    const store = await openStore(path, systemClock)
    expect(await store.events('run1')).toHaveLength(1)
    await store.close()
    const backup = new Database(`${path}.schema-${schema}.backup`, { readonly: true })
    expect(backup.pragma('user_version', { simple: true })).toBe(schema)
    backup.close()
    const kept = readdirSync(dirname(path)).filter(name => /schema-\d+\.backup$/.test(name))
    expect(kept.filter(name => Number(/(\d+)\.backup/.exec(name)?.[1]) <= schema).length).toBeLessThanOrEqual(
      2,
    )
    expect(await examineStore(path, systemClock)).toMatchObject({ damage: [], unsound: [], unlike: [] })
  })

  it.each(SCHEMAS)(
    'from schema %i that is killed at any statement is done by whoever comes next',
    async schema => {
      const statements = (MIGRATIONS[schema] ?? '').split(/;\n(?= {2}(?! |END))/)
      for (let done = 0; done <= statements.length; done += 1) {
        const path = older(schema)
        const dying = new Database(path)
        // As little memory as possible: what is not committed reaches the disk as well.
        dying.pragma('cache_size = 1')
        dying.exec('BEGIN IMMEDIATE')
        const some = statements.slice(0, done).join(';\n')
        if (some.trim() !== '') dying.exec(`${some};`)
        if (done === statements.length) dying.pragma(`user_version = ${schema + 1}`)
        const left = join(temporaryFolder(), 'crew.db')
        for (const end of ['', '-wal']) if (existsSync(path + end)) copyFileSync(path + end, left + end)
        dying.close()
        const store = await openStore(left, systemClock)
        expect(await store.events('run1')).toHaveLength(1)
        await store.close()
        expect((await examineStore(left, systemClock)).damage).toEqual([])
      }
    },
  )

  it('of a store of a newer crew is refused, and not a byte is changed, also not of what a killed one left in the log', async () => {
    const { file, store } = await inUse()
    const writer = new Database(file)
    writer.pragma('user_version = 999')
    const there = join(temporaryFolder(), 'crew.db')
    for (const end of ['', '-wal']) copyFileSync(file + end, there + end)
    writer.close()
    await store.close()
    const bytes = () => ['', '-wal'].map(end => readFileSync(there + end).toString('base64'))
    const before = bytes()
    expect(before[1]).not.toBe('')
    expect(await rejection(openStore(there, systemClock))).toMatchObject({ code: 'store-newer' })
    expect(bytes()).toEqual(before)
  })
})
