import { copyFileSync, existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import type { Fact } from '../../src/store/events.ts'
import { examineStore } from '../../src/store/examine.ts'
import type { Store, TimedFact } from '../../src/store/store.ts'
import { BEGUN, temporaryFolder, temporaryStore } from '../helpers/runs.ts'

const GONE = { host: 'elsewhere', pid: 1 }
const spent = { input: 10, output: 1, cached: 0, usd: 0.5 }

/** A run that ends with `end`; one of its payloads is its own, one is shared by all. */
async function add(store: Store, id: string, end?: Fact, owner = GONE) {
  const at = 1
  const lease = await store.create({ id, team: 't', path: '/t.yaml', rehearsal: false }, owner, BEGUN)
  const facts: Fact[] = [
    { type: 'step.started', key: 'a', kind: 'agent', fingerprint: '', input: 'shared '.repeat(1000) },
    { type: 'model.replied', key: 'a', model: 'm', spent, milliseconds: 1 },
    { type: 'step.succeeded', key: 'a', output: `${id} `.repeat(1000) },
    ...(end ? [end] : []),
  ]
  await store.commit(
    lease,
    facts.map(fact => ({ ...fact, at }) as TimedFact),
  )
  if (owner === GONE) await store.release(lease)
  return lease
}

const OVER: Fact = { type: 'run.succeeded', output: 'x' }

async function stocked() {
  const file = join(temporaryFolder(), 'crew.db')
  const store = await temporaryStore(file)
  for (const id of ['one', 'two', 'three']) await add(store, id, OVER)
  return { store, file }
}

const ids = async (store: Store) => (await store.runs()).map(({ id }) => id).sort()

async function removeAll(store: Store, choice: Parameters<Store['removal']['plan']>[0]) {
  const plan = await store.removal.plan(choice)
  for (const run of plan.runs) await store.removal.remove(run)
  await store.sweep.clear()
  return plan
}

describe('the removal of runs', () => {
  it('takes the oldest, their events and what only they refer to, and leaves their bills', async () => {
    const { store, file } = await stocked()
    const bill = await store.spending.totals({ by: ['team'], since: 0 })
    const plan = await removeAll(store, { beyond: 1 })
    expect(plan.runs).toHaveLength(2)
    expect(plan.runs.every(({ bytes }) => bytes > 3_000 && bytes < 9_000)).toBe(true)
    const [left] = await ids(store)
    const events = await store.events(left ?? '')
    expect(events).toHaveLength(5)
    const report = await examineStore(file, systemClock)
    expect(report).toMatchObject({
      runs: 1,
      events: 5,
      unsound: [],
      unlike: [],
      loose: { payloads: 0, runs: 0 },
    })
    expect(await store.spending.totals({ by: ['team'], since: 0 })).toEqual(bill)
    const day = { since: 0, limits: { usd: 1.5e12 } }
    const asked = { run: 'x', key: 'k', asked: { usd: 1, tokens: 0 }, expires: systemClock.now() + 9999 }
    expect(await store.spending.reserve(asked, day)).toMatchObject({ short: 'usd' })
  })

  it('keeps what is live, tagged, or could go on, and says so; unless it is told', async () => {
    const { store } = await stocked()
    await store.tags.add('one', ['golden'])
    await add(store, 'waits', { type: 'run.waiting', on: ['a'] })
    await add(store, 'stopped')
    await add(store, 'live', undefined, { host: hostname(), pid: process.pid })
    expect((await removeAll(store, { beyond: 0 })).kept).toEqual({ tagged: 1, resumable: 2, live: 1 })
    expect(await ids(store)).toEqual(['live', 'one', 'stopped', 'waits'])
    await removeAll(store, { beyond: 0, resumable: true, tagged: true })
    expect(await ids(store)).toEqual(['live'])
  })

  it('by size stops when the rest fits', async () => {
    const { store } = await stocked()
    expect((await store.removal.plan({ bytes: 2 ** 30 })).runs).toHaveLength(0)
    expect((await store.removal.plan({ bytes: 1 })).runs).toHaveLength(3)
    expect((await store.removal.plan({ before: systemClock.now() - 60_000 })).runs).toHaveLength(0)
  })

  it('leaves alone what went on since it was looked at', async () => {
    const { store } = await stocked()
    const { runs } = await store.removal.plan({ beyond: 0 })
    const [run] = runs
    if (!run) throw new Error('nothing is planned')
    expect(await store.removal.remove({ ...run, updatedAt: run.updatedAt - 1 })).toBe(false)
    expect(await ids(store)).toHaveLength(3)
  })

  it('does not take a payload that somebody refers to again meanwhile', async () => {
    const { store, file } = await stocked()
    await removeAll(store, { beyond: 0 })
    const one = await add(store, 'again', OVER)
    const { runs } = await store.removal.plan({ beyond: 0 })
    for (const run of runs) await store.removal.remove(run)
    // A large sweep; another process commits the same values in the middle of it.
    for (let index = 0; index < 900; index += 1)
      new Database(file)
        .prepare('INSERT INTO payloads (hash, json) VALUES (?, ?)')
        .run(`h${index}`, '"loose"')
    const other = await temporaryStore(file)
    const sweeping = store.sweep.clear()
    await new Promise(resolve => setTimeout(resolve, 5))
    await add(other, 'late', OVER)
    expect((await sweeping).payloads).toBeGreaterThan(600)
    expect(await store.events('late')).toHaveLength(5)
    expect(one.run).toBe('again')
    expect((await examineStore(file, systemClock)).unsound).toEqual([])
  })

  it('may be killed at any moment: what is left is whole, and the next one ends it', async () => {
    const { store, file } = await stocked()
    const { runs } = await store.removal.plan({ beyond: 0 })
    const copies: string[] = []
    const keep = () => {
      const copy = join(temporaryFolder(), 'crew.db')
      for (const end of ['', '-wal']) if (existsSync(file + end)) copyFileSync(file + end, copy + end)
      copies.push(copy)
    }
    for (const run of runs) {
      await store.removal.remove(run)
      keep()
    }
    const sweeping = store.sweep.clear()
    keep()
    await sweeping
    keep()
    for (const copy of copies) {
      const killed = await temporaryStore(copy)
      expect(await examineStore(copy, systemClock)).toMatchObject({ damage: [], unsound: [], unlike: [] })
      await removeAll(killed, { beyond: 0 })
      expect(await examineStore(copy, systemClock)).toMatchObject({
        events: 0,
        loose: { payloads: 0, runs: 0 },
      })
    }
  })

  it('gives space back to the disk, while a run commits without long waits', async () => {
    const file = join(temporaryFolder(), 'crew.db')
    const store = await temporaryStore(file)
    for (let index = 0; index < 60; index += 1) await add(store, `r${index}`, OVER)
    const big = 'x'.repeat(50_000)
    const heavy = await add(store, 'heavy')
    const outputs = Array.from({ length: 100 }, (_, index) => `${index}${big}`)
    await store.commit(
      heavy,
      outputs.map((output, n) => ({ type: 'step.succeeded', key: `k${n}`, output, at: 1 })),
    )
    await store.commit(heavy, [{ ...OVER, at: 2 } as TimedFact])
    const other = await temporaryStore(file)
    const lease = await add(other, 'live', undefined, { host: hostname(), pid: process.pid })
    let isOver = false
    let longest = 0
    const writing = (async () => {
      while (!isOver) {
        const began = systemClock.uptime()
        await other.commit(lease, [{ type: 'decision', key: 'a', what: 'w', reason: 'r', at: 3 }])
        longest = Math.max(longest, systemClock.uptime() - began)
        await new Promise(resolve => setImmediate(resolve))
      }
    })()
    await removeAll(store, { beyond: 0 })
    const { before, after } = await store.sweep.compact()
    isOver = true
    await writing
    expect(before).toBeGreaterThan(5_000_000)
    expect(after).toBeLessThan(before / 4)
    expect(longest).toBeLessThan(2_000)
    expect(await ids(store)).toEqual(['live'])
  })
})
