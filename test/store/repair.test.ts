import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { checkWholeStore } from '../../src/doctor/store.ts'
import type { Fact } from '../../src/store/events.ts'
import { examineStore } from '../../src/store/examine.ts'
import { repairStore } from '../../src/store/repair.ts'
import { salvageStore } from '../../src/store/salvage.ts'
import type { TimedFact } from '../../src/store/store.ts'
import { BEGUN, temporaryFolder, temporaryStore } from '../helpers/runs.ts'

const spent = { input: 10, output: 1, cached: 0, usd: 0.5 }
const FACTS: readonly Fact[] = [
  { type: 'step.started', key: 'a', kind: 'agent', fingerprint: '', input: 'long '.repeat(200) },
  { type: 'model.replied', key: 'a', model: 'm', spent, milliseconds: 1 },
  { type: 'step.succeeded', key: 'a', output: 'x' },
]

/** A store with a run that is over and one that could go on, changed by SQL. */
async function changedBy(sql: string): Promise<string> {
  const file = join(temporaryFolder(), 'crew.db')
  const store = await temporaryStore(file)
  const owner = { host: 'elsewhere', pid: 1 }
  for (const id of ['over', 'open']) {
    const lease = await store.create({ id, team: 't', path: '/t.yaml', rehearsal: false }, owner, BEGUN)
    const end: readonly Fact[] = id === 'over' ? [{ type: 'run.succeeded', output: 'x' }] : []
    await store.commit(
      lease,
      [...FACTS, ...end].map(fact => ({ ...fact, at: 2 }) as TimedFact),
    )
    await store.release(lease)
  }
  await store.close()
  const database = new Database(file)
  database.exec(sql)
  database.close()
  return file
}

const broken = async (file: string) =>
  (await checkWholeStore(file, '', systemClock)).flatMap(({ state, what, fix }) =>
    state === 'broken' ? [`${what} → ${fix}`] : [],
  )

describe('a store that says something else than its events', () => {
  it.each([
    ['of the state of a run', "UPDATE runs SET state = 'failed' WHERE id = 'over'", 1],
    ['of what runs have spent', 'UPDATE runs SET usd = 0, tokens = 7', 2],
    ['of a bill', "DELETE FROM spending WHERE run = 'open'", 1],
    ['of the amount of a bill', 'UPDATE spending SET usd = 100', 2],
  ])('%s is mended', async (_, sql, count) => {
    const file = await changedBy(sql)
    expect(await broken(file)).toEqual(Array(count).fill('bill → crew doctor --repair'))
    expect(await repairStore(file, systemClock)).toBe(count)
    expect(await broken(file)).toEqual([])
    const store = await temporaryStore(file)
    expect(await store.run('over')).toMatchObject({ state: 'succeeded', tokens: 11, usd: 0.5 })
    expect(await store.spending.totals({ by: [], since: 0 })).toMatchObject([{ calls: 2, usd: 1 }])
  })

  it('and may be read by others, is told how to mend that', async () => {
    const file = await changedBy('')
    chmodSync(file, 0o644)
    expect(await broken(file)).toEqual([`permissions → chmod 600 ${file}`])
  })
})

describe('what can be read of a damaged store', () => {
  it.each([
    ['a payload is gone', 'DELETE FROM payloads', { whole: 0, part: 2, lost: 0 }],
    ['an event is gone', "DELETE FROM events WHERE run = 'open' AND seq = 3", { whole: 1, part: 1, lost: 0 }],
    [
      'the end of a journal is gone',
      "DELETE FROM events WHERE run = 'open' AND seq > 2",
      { whole: 1, part: 1, lost: 0 },
    ],
    [
      'an event is no JSON',
      "UPDATE events SET data = '{' WHERE run = 'open' AND seq = 1",
      { whole: 1, part: 0, lost: 1 },
    ],
    ['the row of a run is gone', "DELETE FROM runs WHERE id = 'open'", { whole: 1, part: 1, lost: 0 }],
  ])('is saved where %s; nothing that is not whole goes on', async (_, sql, count) => {
    const file = await changedBy(sql)
    const saved = join(temporaryFolder(), 'saved.db')
    expect(await salvageStore(file, saved, systemClock)).toEqual(count)
    expect(await examineStore(saved, systemClock)).toMatchObject({ damage: [], unsound: [], unlike: [] })
    const store = await temporaryStore(saved)
    const states = (await store.runs()).map(({ id, state }) => [id, state])
    expect(states.filter(([id, state]) => id === 'open' && state !== 'cancelled')).toEqual([])
    await expect(salvageStore(file, saved, systemClock)).rejects.toMatchObject({ code: 'usage' })
  })
})
