import { expect, it } from 'vitest'
import type { Program } from '../../src/engine/execute.ts'
import { CrewError } from '../../src/errors.ts'
import type { Event } from '../../src/store/events.ts'
import { viewOf } from '../../src/store/view.ts'
import { startTimeline } from '../../src/ui/timeline.ts'
import { manualClock } from '../helpers/clock.ts'
import { RUN, resume, start, temporaryStore } from '../helpers/runs.ts'

const HOUR = 3_600_000
const stillIn = (events: readonly Event[]) =>
  events.flatMap(event => (event.type === 'standstill' ? event.milliseconds : []))

/** A step during which `meanwhile` happens, and one behind it. */
const working =
  (meanwhile: (step: { aborted(): boolean }) => void | Promise<void>): Program =>
  async ctx => {
    await ctx.step('work', { kind: 'test', effects: 'pure' }, async ({ signal }) =>
      meanwhile({ aborted: () => signal.aborted }),
    )
    return ctx.step('rest', { kind: 'test' }, async () => 'done')
  }

it('a night in which the machine sleeps counts neither as work nor against the limit, also of a resumed run', async () => {
  const clock = manualClock()
  const store = await temporaryStore()
  const interrupt = new AbortController()
  // The limit is an hour: its timer is over while the machine sleeps.
  const asleep = working(() => {
    clock.advance(8 * HOUR)
    interrupt.abort(new Error('stopped right after it woke up'))
  })
  await start(store, asleep, { clock, interrupt: interrupt.signal })
  const events = await store.events(RUN.id)
  expect(stillIn(events)).toEqual([8 * HOUR - 3_000])
  expect(viewOf(events).active).toBe(3_000)
  const timeline = startTimeline()
  for (const event of events) timeline.take(event)
  expect(timeline.elapsed(clock.now())).toBe(3_000)
  expect(
    await resume(
      store,
      working(() => clock.advance(HOUR)),
      { clock },
    ),
  ).toMatchObject({
    state: 'succeeded',
  })
  expect(viewOf(await store.events(RUN.id)).active).toBeLessThan(10_000)
})

it('an hour in which it works does count, however slowly its heart beats', async () => {
  const clock = manualClock()
  const store = await temporaryStore()
  const busy = working(async ({ aborted }) => {
    while (!aborted()) {
      clock.advance(14_000)
      await new Promise(resolve => setImmediate(resolve))
    }
  })
  const running = start(store, busy, { clock })
  expect(await running).toMatchObject({ state: 'failed', error: { code: 'limit-time' } })
  expect(stillIn(await store.events(RUN.id))).toEqual([])
})

it('a clock that is set back neither shortens nor lengthens the time', async () => {
  const clock = manualClock()
  const store = await temporaryStore()
  const program: Program = async ctx => {
    const step = (key: string, milliseconds: number) =>
      ctx.step(key, { kind: 'test', effects: 'pure' }, async () => {
        clock.advance(milliseconds)
        return null
      })
    await step('before', 1_000)
    await step('set back', -HOUR)
    await step('after', 2_000)
    clock.advance(-HOUR)
    throw new CrewError('usage', 'that will do')
  }
  await start(store, program, { clock })
  clock.advance(-HOUR)
  const more: Program = async ctx => {
    await ctx.step('more', { kind: 'test' }, async () => {
      clock.advance(500)
      return null
    })
    return null
  }
  await resume(store, more, { clock })
  const events = await store.events(RUN.id)
  const times = events.map(({ at }) => at)
  expect(times).toEqual(times.toSorted((a, b) => a - b))
  expect(stillIn(events)).toEqual([])
  const { active, steps } = viewOf(events)
  const tookOf = (key: string) => (steps.get(key)?.endedAt ?? 0) - (steps.get(key)?.startedAt ?? 0)
  expect(['before', 'set back', 'after', 'more'].map(tookOf)).toEqual([1_000, 0, 2_000, 500])
  expect(active).toBe(3_500)
})
