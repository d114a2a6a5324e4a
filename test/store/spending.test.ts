import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { localDay, startOfDay } from '../../src/calendar.ts'
import { amountOf, type Spend } from '../../src/spend.ts'
import type { Grouping } from '../../src/store/spending.ts'
import { openStore } from '../../src/store/sqlite.ts'
import type { Store, TimedFact } from '../../src/store/store.ts'
import { manualClock } from '../helpers/clock.ts'
import { RUN, temporaryFolder, temporaryStore } from '../helpers/runs.ts'

const OWNER = { host: 'elsewhere', pid: 1 }
const NOON = startOfDay(1_700_000_000_000) + 12 * 3_600_000
const DAY = 24 * 3_600_000

interface Row extends Partial<Spend> {
  readonly at?: number
}

const replied = ({ at = NOON, ...spent }: Row, index = 0): TimedFact => ({
  type: 'model.replied',
  key: `a/turn-${index}`,
  model: 'm',
  milliseconds: 1,
  at,
  spent: { input: 100, output: 10, cached: 0, ...spent },
})

async function addRun(store: Store, id: string, rows: readonly Row[], more: object = {}) {
  const { definition, input, crew, rehearsal, ...run } = { ...RUN, id, ...more }
  const started: TimedFact = { type: 'run.started', ...run, definition, input, crew, rehearsal, at: NOON }
  const lease = await store.create({ ...run, rehearsal }, OWNER, started)
  if (rows.length > 0) await store.commit(lease, rows.map(replied))
  return lease
}

describe('what was spent', () => {
  async function spent(by: readonly Grouping[], more: { since?: number; team?: string } = {}) {
    const store = await temporaryStore()
    await addRun(store, 'r1', [
      { agent: 'a', model: 'x', usd: 1, cached: 40 },
      { agent: 'b', model: 'x', usd: 2, estimated: true },
      { agent: 'a', model: 'y', at: NOON + DAY },
      // A few minutes on both sides of a midnight.
      { agent: 'a', model: 'y', usd: 4, at: startOfDay(NOON) - 120_000 },
      { agent: 'a', model: 'y', usd: 8, at: startOfDay(NOON) + 120_000 },
    ])
    await addRun(store, 'r2', [{ usd: 16 }], { team: 'other' })
    await addRun(store, 'r3', [{ agent: 'a', usd: 99 }], { rehearsal: true })
    const groups = await store.spending.totals({ by, since: 0, ...more })
    return groups.map(({ of, calls, usd }) => [...by.map(grouping => of[grouping]), calls, usd])
  }
  const day = (offset: number) => localDay(NOON + offset * DAY)

  it.each<[readonly Grouping[], unknown[][]]>([
    [[], [[6, 31]]],
    [
      ['day'],
      [
        [day(-1), 1, 4],
        [day(0), 4, 27],
        [day(1), 1, 0],
      ],
    ],
    [
      ['team'],
      [
        ['other', 1, 16],
        ['test', 5, 15],
      ],
    ],
    [
      ['agent'],
      [
        [null, 1, 16],
        ['a', 4, 13],
        ['b', 1, 2],
      ],
    ],
    [
      ['model'],
      [
        [null, 1, 16],
        ['x', 2, 3],
        ['y', 3, 12],
      ],
    ],
    [
      ['run'],
      [
        ['r1', 5, 15],
        ['r2', 1, 16],
      ],
    ],
    [
      ['team', 'model'],
      [
        ['other', null, 1, 16],
        ['test', 'x', 2, 3],
        ['test', 'y', 3, 12],
      ],
    ],
  ])('is added up by %j, without rehearsals', async (by, expected) => {
    expect(await spent(by)).toEqual(expected)
  })

  it('can be that of one team, and from some moment on', async () => {
    expect(await spent([], { team: 'test', since: NOON + 1 })).toEqual([[1, 0]])
    expect(await spent([], { team: 'nobody' })).toEqual([])
  })

  it('tells estimates, what is cached, and what has no price', async () => {
    const store = await temporaryStore()
    await addRun(store, 'r1', [{ usd: 1, cached: 40 }, { usd: 2, estimated: true }, {}])
    const [group] = await store.spending.totals({ by: [], since: 0 })
    expect(group).toEqual({
      of: {},
      calls: 3,
      input: 300,
      output: 30,
      cached: 40,
      usd: 3,
      unpriced: 1,
      estimated: 1,
    })
  })
})

describe('what is reserved of a day', () => {
  const since = startOfDay(NOON)
  const day = (limits: object) => ({ since, limits })
  const asking = (tokens: number, key = 'a/turn-0', run = 'r1') => ({
    run,
    key,
    asked: { usd: 0, tokens },
    expires: NOON + 60_000,
  })

  async function twoStores() {
    const clock = manualClock(NOON)
    const file = join(temporaryFolder(), 'crew.db')
    const stores = [await openStore(file, clock), await openStore(file, clock)] as const
    return { clock, one: stores[0], other: stores[1] }
  }

  it('is not there for other processes, together with what was spent since midnight', async () => {
    const { one, other } = await twoStores()
    await addRun(one, 'r1', [{ usd: 1 }, { usd: 1, at: since - 1 }])
    const limits = { tokens: 300 }
    expect((await one.spending.reserve(asking(100), day(limits))).short).toBeUndefined()
    const refused = await other.spending.reserve(asking(100, 'b'), day(limits))
    expect(refused).toEqual({
      short: 'tokens',
      spent: amountOf({ usd: 1, input: 110, output: 0 }),
      reserved: { usd: 0, tokens: 100 },
    })
    expect((await other.spending.reserve(asking(90, 'b'), day(limits))).short).toBeUndefined()
  })

  it('is free again in the moment in which the end of the call is journaled, with what it took', async () => {
    const { one, other } = await twoStores()
    const lease = await addRun(one, 'r1', [])
    await one.spending.reserve(asking(100), day({}))
    const standing = () => other.spending.reserve(asking(1_000), day({ tokens: 500 }))
    const end = { type: 'step.succeeded', key: 'a/turn-0', output: null, at: NOON } as const
    await one.commit(lease, [replied({ usd: 1 })])
    expect(await standing()).toMatchObject({ spent: { tokens: 110 }, reserved: { tokens: 100 } })
    await one.commit(lease, [end])
    expect(await standing()).toMatchObject({ spent: { tokens: 110 }, reserved: { tokens: 0 } })
  })

  it('expires when the process that reserved it is gone', async () => {
    const { clock, one, other } = await twoStores()
    await one.spending.reserve(asking(100), day({}))
    clock.advance(59_999)
    expect((await other.spending.reserve(asking(1, 'b'), day({ tokens: 100 }))).short).toBe('tokens')
    clock.advance(1)
    expect((await other.spending.reserve(asking(1, 'b'), day({ tokens: 100 }))).short).toBeUndefined()
  })

  it('is settled by whoever resumes a run and finds the call in doubt', async () => {
    const { one, other } = await twoStores()
    const lease = await addRun(one, 'r1', [])
    await one.spending.reserve(asking(100), day({}))
    const spent = { input: 90, output: 10, cached: 0, estimated: true }
    await other.commit(lease, [{ type: 'step.unknown', key: 'a/turn-0', spent, at: NOON }])
    const { reserved, spent: charged } = await other.spending.reserve(asking(1, 'b'), day({}))
    expect([reserved.tokens, charged.tokens]).toEqual([0, 100])
  })
})
