import { describe, expect, it } from 'vitest'
import type { Fact } from '../../src/store/events.ts'
import type { Store } from '../../src/store/store.ts'
import { began, history, replied, resumed, started, succeeded } from '../helpers/history.ts'
import { temporaryStore } from '../helpers/runs.ts'

const work = (key: string, agent: string) => started(key, 'agent', { agent })

/** Keeps a run of these facts, each with its time. */
async function keep(
  store: Store,
  id: string,
  facts: readonly (readonly [at: number, fact: Fact])[],
  { team = 'demo', rehearsal = false } = {},
): Promise<void> {
  const [first, ...rest] = history([0, began({ team, rehearsal })], ...facts).map(({ seq, ...fact }) => fact)
  if (!first) throw new Error('a run has a beginning')
  const lease = await store.create({ id, team, path: '/t.yaml', rehearsal }, { host: 'h', pid: 1 }, first)
  await store.commit(lease, rest)
  await store.release(lease)
}

const ended: readonly [number, Fact] = [9_000, { type: 'run.succeeded', output: '' }]

describe('what former runs of a team took', () => {
  it('is known of each agent, in whatever run and step it worked', async () => {
    const store = await temporaryStore()
    await keep(store, 'a', [
      [0, work('find', 'finder')],
      [0, work('write', 'writer')],
      [700, succeeded('find')],
      [1_000, succeeded('write')],
    ])
    await keep(store, 'b', [
      [0, work('x/find', 'finder')],
      [300, succeeded('x/find')],
    ])
    const durations = await store.history.durations('demo', 'c')
    expect([...(durations.get('finder') ?? [])].sort()).toEqual([300, 700])
    expect(durations.get('writer')).toEqual([1_000])
    expect((await store.history.durations('demo', 'b')).get('finder')).toEqual([700])
    expect((await store.history.durations('other', 'c')).size).toBe(0)
  })

  it('does not count what failed, was rehearsed, remembered, done by others, broken off, or waited for a person', async () => {
    const store = await temporaryStore()
    const instead = (key: string, what: string): Fact => ({ type: 'decision', key, what, reason: '' })
    await keep(store, 'a', [
      [0, work('failed', 'writer')],
      [1, { type: 'step.failed', key: 'failed', error: { code: 'timeout', message: '' } }],
      [1, work('cached', 'writer')],
      [1, instead('cached', 'cache')],
      [2, succeeded('cached')],
      [2, work('replaced', 'writer')],
      [3, instead('replaced', 'fallback')],
      [4, succeeded('replaced')],
      [4, work('asks', 'writer')],
      [5, { type: 'wait.opened', key: 'asks/tool/answer', request: { question: '?' } }],
      [6, succeeded('asks')],
      [6, work('broken', 'writer')],
      [7, resumed],
      [8, succeeded('broken')],
    ])
    await keep(
      store,
      'b',
      [
        [0, work('x', 'writer')],
        [500, succeeded('x')],
      ],
      { rehearsal: true },
    )
    expect((await store.history.durations('demo', '')).size).toBe(0)
  })

  it('is what runs that succeeded cost, without dollars where a price is not known', async () => {
    const store = await temporaryStore()
    await keep(store, 'a', [[1, replied('x', 0.5)], ended])
    await keep(store, 'b', [[1, replied('x')], ended])
    await keep(store, 'c', [[1, replied('x', 0.5)]])
    const totals = await store.history.totals('demo', '')
    expect(totals.toSorted((one, other) => (one.usd ?? 0) - (other.usd ?? 0))).toEqual([
      { tokens: 1_200 },
      { tokens: 1_200, usd: 0.5 },
    ])
  })
})
