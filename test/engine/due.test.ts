import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import type { Program } from '../../src/engine/execute.ts'
import { openStore } from '../../src/store/sqlite.ts'
import { manualClock } from '../helpers/clock.ts'
import { RUN, resume, start, temporaryFolder } from '../helpers/runs.ts'

const HOUR = 3_600_000

/** A store whose time is that of `clock`. */
async function storeAt(clock: ReturnType<typeof manualClock>) {
  const store = await openStore(join(temporaryFolder(), 'crew.db'), clock)
  onTestFinished(() => store.close())
  return store
}

const due = async (store: Awaited<ReturnType<typeof storeAt>>) => (await store.due()).map(({ id }) => id)

const pausing: Program = async ctx => {
  await ctx.sleep('pause', HOUR)
  return 'rested'
}

const asking =
  (patience?: number): Program =>
  async ctx =>
    ctx.waitFor('ok', { question: 'Well?' }, patience).catch(() => 'nobody')

it('a long pause holds no process: the run waits, is due when the pause is over, and goes on then', async () => {
  const clock = manualClock()
  const store = await storeAt(clock)
  const until = clock.now() + HOUR
  expect(await start(store, pausing, { clock })).toEqual({ state: 'waiting', on: ['pause'], until })
  expect(await due(store)).toEqual([])
  clock.advance(HOUR / 2)
  expect(await resume(store, pausing, { clock })).toMatchObject({ state: 'waiting', until })
  clock.advance(HOUR / 2 + 1)
  expect(await due(store)).toEqual([RUN.id])
  expect(await resume(store, pausing, { clock })).toEqual({ state: 'succeeded', output: 'rested' })
  expect(await due(store)).toEqual([])
})

it('a pause becomes no longer by a clock that is set back', async () => {
  const clock = manualClock()
  const store = await storeAt(clock)
  await start(store, pausing, { clock })
  clock.advance(-24 * HOUR)
  const until = clock.now() + HOUR
  expect(await resume(store, pausing, { clock })).toMatchObject({ state: 'waiting', until })
})

it('a question is due when it is answered, or when its time is over', async () => {
  const clock = manualClock()
  const store = await storeAt(clock)
  expect(await start(store, asking(HOUR), { clock })).toMatchObject({ until: clock.now() + HOUR })
  expect(await due(store)).toEqual([])
  clock.advance(HOUR + 1)
  expect(await due(store)).toEqual([RUN.id])
  expect(await resume(store, asking(HOUR), { clock })).toMatchObject({ output: 'nobody' })

  const other = await storeAt(clock)
  await start(other, asking(), { clock })
  const word = { value: 'yes', by: 'ann', at: clock.now() }
  await other.signal(RUN.id, { kind: 'tell', key: 'ok', ...word })
  expect(await due(other)).toEqual([])
  await other.signal(RUN.id, { kind: 'answer', key: 'nobody-asked', ...word })
  expect(await due(other)).toEqual([])
  await other.signal(RUN.id, { kind: 'answer', key: 'ok', ...word })
  expect(await due(other)).toEqual([RUN.id])
  expect(await resume(other, asking(), { clock })).toEqual({ state: 'succeeded', output: 'yes' })
})

it('one answer of many makes a run due, however long the list of what it waits for', async () => {
  const clock = manualClock()
  const store = await storeAt(clock)
  const names = Array.from({ length: 40 }, (_, index) => `question-${index}`)
  const program: Program = async ctx =>
    Promise.all(names.map(name => ctx.waitFor(name, { question: 'Well?' })))
  await start(store, program, { clock })
  await store.signal(RUN.id, { kind: 'answer', key: 'question-39', value: 'yes', by: 'ann', at: clock.now() })
  expect(await due(store)).toEqual([RUN.id])
  expect(await resume(store, program, { clock })).toMatchObject({ state: 'waiting' })
  expect(await due(store)).toEqual([])
})

it('runs that were interrupted are found, the last first, and no others', async () => {
  const clock = manualClock()
  const store = await storeAt(clock)
  const owner = { host: 'elsewhere', pid: 1 }
  for (const id of ['a', 'b', 'c']) {
    const { type, at, ...run } = { ...RUN, type: 'run.started', at: clock.now() } as const
    const lease = await store.create({ ...run, id }, owner, { ...run, type, at })
    if (id !== 'c') await store.commit(lease, [{ type: 'run.interrupted', reason: 'x', at }])
    await store.release(lease)
    clock.advance(10)
  }
  expect((await store.stopped()).map(({ id, state }) => [id, state])).toEqual([
    ['c', 'interrupted'],
    ['b', 'interrupted'],
    ['a', 'interrupted'],
  ])
})

it('a question is due when it is answered, whatever was remarked on since it was asked', async () => {
  const clock = manualClock()
  const store = await storeAt(clock)
  await start(store, asking(), { clock })
  const lease = await store.acquire(RUN.id, { host: 'elsewhere', pid: 1 })
  await store.commit(lease, [
    { type: 'alert', key: 'ok', what: 'waiting', reason: 'so long', at: clock.now() },
  ])
  await store.release(lease)
  await store.signal(RUN.id, { kind: 'answer', key: 'ok', value: 'yes', by: 'ann', at: clock.now() })
  expect(await due(store)).toEqual([RUN.id])
})
