import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { MIGRATIONS } from '../../src/store/migrations.ts'
import { openStore } from '../../src/store/sqlite.ts'
import type { Store, TimedFact } from '../../src/store/store.ts'
import { manualClock } from '../helpers/clock.ts'
import { crewHome } from '../helpers/crew.ts'
import { BEGUN, temporaryFolder, temporaryStore } from '../helpers/runs.ts'

const NEW = { id: 'run1', team: 't', path: '/t.yaml', rehearsal: false }
const HERE = { host: hostname(), pid: process.pid }
const GONE = { host: hostname(), pid: 2 ** 22 }

async function rejection(promise: Promise<unknown>) {
  const error = await promise.then(
    () => undefined,
    thrown => thrown,
  )
  return { code: error?.code, message: error?.message as string, hint: error?.details?.hint as string }
}

describe('a store', () => {
  it('gives back every fact as it was, whatever is in it and however large it is', async () => {
    const store = await temporaryStore()
    const lease = await store.create(NEW, HERE, BEGUN)
    let expected = 1
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.string(), fc.nat(600), async (value, text, repeat) => {
        const output = JSON.parse(JSON.stringify([value, text.repeat(repeat)]))
        await store.commit(lease, [{ type: 'step.succeeded', key: `k/${text}`, output, at: 5 }])
        expected += 1
        const [event] = await store.events(NEW.id, expected - 1)
        expect(event).toEqual({ type: 'step.succeeded', key: `k/${text}`, output, at: 5, seq: expected })
      }),
      { numRuns: 150 },
    )
  })

  it('keeps a large value once, however often it is journaled', async () => {
    const file = join(temporaryFolder(), 'crew.db')
    const store = await temporaryStore(file)
    const lease = await store.create(NEW, HERE, BEGUN)
    const output = 'long '.repeat(10_000)
    for (let i = 0; i < 50; i += 1)
      await store.commit(lease, [{ type: 'step.succeeded', key: `${i}`, output, at: 1 }])
    const reader = new Database(file, { readonly: true })
    onTestFinished(() => void reader.close())
    expect(reader.prepare('SELECT count(*) FROM payloads').pluck().get()).toBe(1)
    expect(
      (await store.events(NEW.id)).filter(e => e.type === 'step.succeeded' && e.output === output),
    ).toHaveLength(50)
  })

  it('is written to disk, not only to the operating system, at every commit', async () => {
    const file = join(temporaryFolder(), 'crew.db')
    await temporaryStore(file)
    const reader = new Database(file)
    onTestFinished(() => void reader.close())
    expect(reader.pragma('journal_mode', { simple: true })).toBe('wal')
  })

  it('waits for another process that is writing, instead of failing', async () => {
    const file = join(temporaryFolder(), 'crew.db')
    const store = await temporaryStore(file)
    const lease = await store.create(NEW, HERE, BEGUN)
    const other = new Database(file)
    onTestFinished(() => void other.close())
    other.exec('BEGIN IMMEDIATE')
    setTimeout(() => other.exec('COMMIT'), 1_500)
    await store.commit(lease, [
      { type: 'step.failed', key: 'a', error: { code: 'timeout', message: 'x' }, at: 2 },
    ])
    expect(await store.events(NEW.id)).toHaveLength(2)
  })

  it('can be created by several processes at once', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { crew, team } = crewHome()
      const echo = { kind: 'command', run: ['cat'], effects: 'pure' }
      const path = team({ agents: { echo }, pattern: { kind: 'pipeline', stages: ['echo'] } })
      const ended = await Promise.all(
        Array.from({ length: 4 }, () => crew(['run', path, 'hello', '--quiet'])),
      )
      expect(ended.map(({ code, stderr }) => [code, stderr])).toEqual(Array(4).fill([0, '']))
    }
  })

  it('keeps a list of runs with what they cost, without reading their events', async () => {
    const store = await temporaryStore()
    const lease = await store.create(NEW, HERE, BEGUN)
    const spent = { input: 100, output: 20, cached: 0, usd: 0.5 }
    const priced: TimedFact = { type: 'model.replied', key: 'a', model: 'm', spent, milliseconds: 1, at: 2 }
    const { usd, ...unpriced } = spent
    await store.commit(lease, [priced, priced])
    expect((await store.runs())[0]).toMatchObject({
      state: 'running',
      tokens: 240,
      usd: 1,
      unpriced: false,
      owner: HERE,
    })
    await store.commit(lease, [
      { ...priced, spent: unpriced },
      { type: 'run.failed', error: { code: 'timeout', message: 'x' }, at: 3 },
    ])
    expect(usd).toBe(0.5)
    expect((await store.runs())[0]).toMatchObject({
      state: 'failed',
      stop: 'timeout',
      tokens: 360,
      usd: 1,
      unpriced: true,
    })
  })
})

describe('a lease', () => {
  it('is refused while its owner lives, and says who that is', async () => {
    const store = await temporaryStore()
    await store.create(NEW, HERE, BEGUN)
    expect(await rejection(store.acquire(NEW.id, { host: hostname(), pid: 1 }))).toMatchObject({
      code: 'run-owned',
      message: expect.stringContaining(`process ${process.pid}`),
    })
  })

  it('is given at once when the process of the owner is gone, or has let it go', async () => {
    const store = await temporaryStore()
    await store.create(NEW, GONE, BEGUN)
    const lease = await store.acquire(NEW.id, HERE)
    expect(lease).toMatchObject({ epoch: 2, seq: 1 })
    await store.release(lease)
    expect(await store.acquire(NEW.id, GONE)).toMatchObject({ epoch: 3 })
  })

  it('is given when the heart of an owner elsewhere, or of a stalled one here, has stopped for 15 seconds', async () => {
    const clock = manualClock()
    const store = await openStore(join(temporaryFolder(), 'crew.db'), clock)
    onTestFinished(() => store.close())
    const first = await store.create(NEW, HERE, BEGUN)
    clock.advance(14_000)
    expect(await rejection(store.acquire(NEW.id, GONE))).toMatchObject({ code: 'run-owned' })
    await store.beat(first)
    clock.advance(14_000)
    expect(await rejection(store.acquire(NEW.id, GONE))).toMatchObject({ code: 'run-owned' })
    clock.advance(2_000)
    expect(await store.run(NEW.id)).toMatchObject({ state: 'interrupted' })
    expect(await store.acquire(NEW.id, GONE)).toMatchObject({ epoch: 2 })
  })

  it('fences off a former owner that wakes up', async () => {
    const store = await temporaryStore()
    const old = await store.create(NEW, GONE, BEGUN)
    const lease = await store.acquire(NEW.id, HERE)
    expect(
      await rejection(store.commit(old, [{ type: 'step.succeeded', key: 'a', output: 1, at: 1 }])),
    ).toMatchObject({
      code: 'lease-lost',
    })
    expect(await rejection(store.beat(old))).toMatchObject({ code: 'lease-lost' })
    expect(await store.events(NEW.id)).toHaveLength(1)
    await store.commit(lease, [{ type: 'step.succeeded', key: 'a', output: 1, at: 1 }])
    expect(await store.events(NEW.id)).toHaveLength(2)
  })
})

describe('a file that is no store of this crew', () => {
  const open = (file: string): Promise<Store> => openStore(file, systemClock)

  it('of an older crew is migrated, after a backup that nobody else may read, and knows what its runs cost', async () => {
    const path = join(temporaryFolder(), 'crew.db')
    const old = new Database(path)
    old.exec(MIGRATIONS[0] ?? '')
    old.pragma(`application_id = ${0x63726577}`)
    old.pragma('user_version = 1')
    const spent = { input: 100, output: 10, cached: 40, usd: 0.25 }
    const data = JSON.stringify({ key: 'a/turn-1', model: 'openai/gpt-5-mini', spent, milliseconds: 5 })
    old.prepare("INSERT INTO events VALUES ('run1', 2, 7, 'model.replied', ?, NULL)").run(data)
    old.prepare("INSERT INTO events VALUES ('run1', 3, 8, 'step.succeeded', '{\"key\":\"a\"}', NULL)").run()
    old.close()
    await temporaryStore(path)
    const backup = `${path}.schema-1.backup`
    expect(statSync(backup).mode & 0o777).toBe(0o600)
    const [before, after] = [backup, path].map(file => {
      const database = new Database(file, { readonly: true })
      onTestFinished(() => {
        database.close()
      })
      return database
    })
    expect(before?.pragma('user_version', { simple: true })).toBe(1)
    expect(after?.pragma('user_version', { simple: true })).toBe(MIGRATIONS.length)
    expect(after?.prepare('SELECT * FROM spending').all()).toEqual([
      { run: 'run1', seq: 2, at: 7, agent: null, model: 'openai/gpt-5-mini', ...spent, estimated: 0 },
    ])
  })

  it('is refused when a newer crew wrote it, without a byte being changed', async () => {
    const file = join(temporaryFolder(), 'crew.db')
    await (await open(file)).close()
    const writer = new Database(file)
    writer.pragma('user_version = 999')
    writer.pragma('wal_checkpoint(TRUNCATE)')
    writer.close()
    const before = readFileSync(file)
    expect(await rejection(open(file))).toMatchObject({
      code: 'store-newer',
      hint: expect.stringContaining('update crew'),
    })
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  it('is refused when it belongs to another program, without a byte being changed', async () => {
    const file = join(temporaryFolder(), 'other.db')
    const other = new Database(file)
    other.exec('CREATE TABLE cats (name TEXT)')
    other.close()
    const before = readFileSync(file)
    expect(await rejection(open(file))).toMatchObject({
      code: 'store',
      message: expect.stringContaining("not one of crew's"),
    })
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  it.each([
    ['text', Buffer.from('this is not a database at all, but long enough to be read as one. '.repeat(20))],
    ['half of a store', undefined],
  ])('is refused with advice when it is %s', async (_, bytes) => {
    const folder = temporaryFolder()
    const file = join(folder, 'crew.db')
    if (bytes) writeFileSync(file, bytes)
    else {
      await (await open(file)).close()
      const whole = readFileSync(file)
      writeFileSync(file, Buffer.concat([whole.subarray(0, 100), Buffer.alloc(whole.length - 100, 0x5a)]))
    }
    const error = await rejection(open(file))
    expect(error).toMatchObject({ code: 'store', message: expect.stringContaining(file) })
    expect(error.hint).toBeTruthy()
  })

  it('is refused with advice when it is a folder', async () => {
    expect(await rejection(open(temporaryFolder()))).toMatchObject({
      code: 'store',
      hint: expect.stringContaining('--db'),
    })
  })
})
