import { describe, expect, it } from 'vitest'
import { cancel, pause, tell } from '../../src/app/steer.ts'
import { systemClock } from '../../src/clock.ts'
import type { Fact } from '../../src/store/events.ts'
import { thisProcess } from '../../src/store/lease.ts'
import type { RunRow, Store } from '../../src/store/store.ts'
import { began, history } from '../helpers/history.ts'
import { RUN, storeWith } from '../helpers/runs.ts'

const TEAM = {
  agents: { ann: { role: 'You are ann.' }, cat: { kind: 'command', run: ['cat'] } },
  pattern: { kind: 'pipeline', stages: ['ann', 'cat'] },
}
const FAILED: Fact = { type: 'run.failed', error: { code: 'limit-loop', message: 'again and again' } }

async function runThat(...facts: readonly Fact[]) {
  const first = { ...began(), definition: { team: TEAM } } as Fact
  const store = await storeWith(history([0, first], ...facts.map(fact => [1, fact] as const)))
  return { store, means: { store, clock: systemClock }, run: await rowIn(store) }
}

const rowIn = async (store: Store) => (await store.run(RUN.id)) as RunRow

describe('crew tell', () => {
  it('reaches a run that failed, which may be resumed', async () => {
    const { store, means, run } = await runThat(FAILED)
    await tell(run, 'ann', 'Try something else.', means)
    expect(await store.signals(RUN.id, 0)).toMatchObject([
      { kind: 'tell', key: 'ann', value: 'Try something else.', via: 'crew tell' },
    ])
  })

  it.each([
    ['no words', 'ann', ' \n', /there are no words for ann/],
    ['nobody of that name', 'anne', 'x', /has no agent "anne"/],
    ['one who does not read', 'cat', 'x', /has no agent "cat" that could be told something/],
  ])('refuses %s', async (_, agent, words, message) => {
    const { store, means, run } = await runThat(FAILED)
    await expect(tell(run, agent, words, means)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(message),
    })
    expect(await store.signals(RUN.id, 0)).toEqual([])
  })
})

describe('crew pause', () => {
  it.each([
    ['failed', FAILED, 'go on with: crew resume run1'],
    ['waiting', { type: 'run.waiting', on: [] } as Fact, 'go on with: crew resume run1'],
    ['succeeded', { type: 'run.succeeded', output: '' } as Fact, 'see it with: crew show run1'],
  ])('of a run that nobody runs and that is %s says what can be done', async (state, end, hint) => {
    const { means, run } = await runThat(end)
    await expect(pause(run, '', means)).rejects.toMatchObject({
      message: `run run1 is ${state}: there is nothing to pause`,
      details: { hint },
    })
  })
})

describe('crew cancel', () => {
  it('ends a run also when its process stopped for another reason before it had read that', async () => {
    const { store, means } = await runThat()
    const lease = await store.acquire(RUN.id, thisProcess())
    const resumed: Fact = {
      type: 'run.resumed',
      owner: thisProcess(),
      epoch: lease.epoch,
      reopened: [],
      limits: {},
    }
    await store.commit(lease, [{ ...resumed, at: 2 }])
    const run = await rowIn(store)
    expect(run.owner).toBeDefined()
    const state = cancel(run, 'enough', means)
    await store.commit(lease, [{ type: 'run.interrupted', reason: 'stopped by SIGINT', at: 3 }])
    await store.release(lease)
    expect(await state).toBe('cancelled')
    expect((await store.events(RUN.id)).at(-1)).toMatchObject({
      type: 'run.cancelled',
      reason: expect.stringMatching(/^cancelled by \S+: enough$/),
    })
  })
})
