import { describe, expect, it } from 'vitest'
import { sleep, systemClock } from '../../src/clock.ts'
import type { Program } from '../../src/engine/execute.ts'
import { toCrewError } from '../../src/errors.ts'
import { manualClock } from '../helpers/clock.ts'
import { RUN, resume, start, temporaryStore } from '../helpers/runs.ts'

const MINUTES = 600_000

/** Asks somebody for ten minutes, and works for as long as `work` does. */
const asking =
  (work: () => Promise<void>): Program =>
  async ctx => {
    const working = ctx.step('work', { kind: 'test', effects: 'pure' }, work)
    const answer = await ctx
      .waitFor('ok', { question: 'Well?' }, MINUTES)
      .catch(error => toCrewError(error).code)
    await working
    return answer
  }

/** Lets what is due happen, as often as it takes until `isSo`. */
async function until(isSo: () => boolean, meanwhile = () => {}) {
  for (let round = 0; round < 500 && !isSo(); round += 1) {
    meanwhile()
    await sleep(systemClock, 1)
  }
  expect(isSo()).toBe(true)
}

describe('a question with a deadline', () => {
  it('ends in time while the run is alive for other reasons', async () => {
    const clock = manualClock()
    const expired: number[] = []
    const began = clock.now()
    let finish = () => {}
    const work = () => new Promise<void>(resolve => (finish = resolve))
    const outcome = start(await temporaryStore(), asking(work), {
      clock,
      onEvent: event => void (event.type === 'wait.expired' && expired.push(event.at - began)),
    })
    await until(
      () => expired.length > 0,
      () => clock.advance(MINUTES / 50),
    )
    finish()
    expect(await outcome).toEqual({ state: 'succeeded', output: 'timeout' })
    expect(expired[0]).toBeGreaterThan(MINUTES)
  })

  it('keeps its deadline when it is asked again by a resumed run', async () => {
    const clock = manualClock()
    const store = await temporaryStore()
    const idle = asking(async () => {})
    expect(await start(store, idle, { clock })).toMatchObject({ state: 'waiting' })
    clock.advance(MINUTES / 2)
    expect(await resume(store, idle, { clock })).toMatchObject({ state: 'waiting' })
    const waits = (await store.events(RUN.id)).filter(({ type }) => type === 'wait.opened')
    expect(waits).toMatchObject([{ request: { question: 'Well?', until: clock.now() + MINUTES / 2 } }])
    clock.advance(MINUTES / 2 + 1)
    expect(await resume(store, idle, { clock })).toEqual({ state: 'succeeded', output: 'timeout' })
  })

  it('takes no answer that was left before it was over by somebody whose clock is ahead', async () => {
    const clock = manualClock()
    const store = await temporaryStore()
    const idle = asking(async () => {})
    await start(store, idle, { clock })
    const late = {
      kind: 'answer' as const,
      key: 'ok',
      value: 'yes',
      by: 'eve',
      at: clock.now() + MINUTES + 1,
    }
    await store.signal(RUN.id, late)
    expect(await resume(store, idle, { clock })).toMatchObject({ state: 'waiting' })
    clock.advance(MINUTES + 2)
    expect(await resume(store, idle, { clock })).toEqual({ state: 'succeeded', output: 'timeout' })
  })
})
