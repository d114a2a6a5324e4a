import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, it } from 'vitest'
import type { TimedFact } from '../../src/store/store.ts'
import { BEGUN, temporaryFolder, temporaryStore } from '../helpers/runs.ts'

/** `CREW_STEPS=100000` for more. */
const STEPS = Number(process.env.CREW_STEPS ?? 1_200)
const PART = Math.floor(STEPS / 6)

/** What the journal of one step of work has: an agent that asks its model once. */
function factsOf(step: number): TimedFact[] {
  const key = `write/item-${step}`
  const turn = `${key}/turn-1`
  const at = 1_700_000_000_000 + step
  const spent = {
    input: 65,
    output: 30,
    cached: 0,
    usd: 0.00007625,
    agent: 'writer',
    model: 'openai/gpt-5-mini',
  }
  const fingerprint = 'QvZ2xq9jE-KWkHMg_W0cvj'
  const words = `What is to be said of number ${step}. `.repeat(20)
  return [
    {
      type: 'step.started',
      key,
      kind: 'agent',
      agent: 'writer',
      input: words,
      fingerprint,
      tokens: { task: 9 },
      at,
    },
    {
      type: 'step.started',
      key: turn,
      kind: 'model',
      input: words,
      fingerprint,
      effects: 'idempotent',
      reserved: spent,
      at,
    },
    { type: 'model.replied', key: turn, model: 'openai/gpt-5-mini', spent, milliseconds: 812, at },
    { type: 'step.succeeded', key: turn, output: { text: `${words}!`, toolCalls: [], spent }, at },
    { type: 'step.succeeded', key, output: `${words}!`, at },
  ]
}

it('the work of an agent takes some 1 KB beyond its payloads, and no longer to commit at the end of a long run than at its beginning', async () => {
  const file = join(temporaryFolder(), 'crew.db')
  const store = await temporaryStore(file)
  const lease = await store.create(
    { id: '1rtsh5c3w00', team: 't', path: '/t', rehearsal: false },
    { host: 'elsewhere', pid: 1 },
    BEGUN,
  )
  const times: number[] = []
  for (let step = 0; step < STEPS; step += 1) {
    const began = performance.now()
    await store.commit(lease, factsOf(step))
    times.push(performance.now() - began)
  }
  const median = (some: number[]) => some.sort((a, b) => a - b)[Math.floor(some.length / 2)] ?? 0
  const [early, late] = [median(times.slice(PART, 2 * PART)), median(times.slice(-PART))]
  const reader = new Database(file)
  reader.pragma('wal_checkpoint(TRUNCATE)')
  const sizeOf = (what: string) =>
    reader
      .prepare(`SELECT sum(pgsize) FROM dbstat JOIN sqlite_master USING (name) WHERE tbl_name ${what}`)
      .pluck()
      .get() as number
  const perStep = sizeOf("<> 'payloads'") / STEPS
  reader.close()
  if (process.env.CREW_STEPS) console.log({ STEPS, early, late, perStep })
  // The tables that are empty take 130 KB.
  expect(perStep - 130_000 / STEPS).toBeLessThan(1_100)
  expect(late).toBeLessThan(3 * early + 0.5)
})
