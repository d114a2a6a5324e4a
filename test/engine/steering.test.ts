import { describe, expect, it } from 'vitest'
import { type Clock, sleep, systemClock } from '../../src/clock.ts'
import type { Program } from '../../src/engine/execute.ts'
import { cancelRun } from '../../src/engine/runs.ts'
import { thisProcess } from '../../src/store/lease.ts'
import type { Signal, Store } from '../../src/store/store.ts'
import { RUN, resume, start, storeWith, temporaryStore } from '../helpers/runs.ts'

/** A clock on which everything comes fifty times as soon. */
const clock: Clock = {
  ...systemClock,
  after: (milliseconds, then) => systemClock.after(milliseconds / 50, then),
}

const leave = (store: Store, signal: Pick<Signal, 'kind'> & Partial<Signal>) =>
  store.signal(RUN.id, { key: '', value: '', by: 'eve', at: systemClock.now(), ...signal })

/** Two acts, one after the other; the first ends when it is told to, or is broken off. */
function twoActs() {
  const done: string[] = []
  let end = () => {}
  const first = new Promise<void>(resolve => {
    end = resolve
  })
  const program: Program = async ctx => {
    const act = { kind: 'test', effects: 'pure' } as const
    await ctx.step('one', act, async ({ signal }) => {
      done.push('one')
      await Promise.race([
        first,
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      ])
    })
    await ctx.step('two', act, async () => void done.push('two'))
    return done.length
  }
  return { program, done, end }
}

async function until(isSo: () => boolean) {
  for (let round = 0; round < 2000 && !isSo(); round += 1) await sleep(systemClock, 2)
  expect(isSo()).toBe(true)
}

describe('a run that is paused', () => {
  it('finishes what is under way, begins nothing more, and can be resumed', async () => {
    const store = await temporaryStore()
    const { program, done, end } = twoActs()
    const outcome = start(store, program, { clock })
    await until(() => done.length === 1)
    await leave(store, { kind: 'pause', value: 'lunch' })
    await sleep(clock, 1000)
    end()
    expect(await outcome).toMatchObject({
      state: 'interrupted',
      error: { code: 'interrupted', message: 'paused by eve: lunch' },
    })
    expect(done).toEqual(['one'])
    expect(await resume(store, program)).toEqual({ state: 'succeeded', output: 2 })
    expect(done).toEqual(['one', 'two'])
  })

  it('that had nothing under way stops at once', async () => {
    const store = await temporaryStore()
    const waiting: Program = async ctx => {
      await ctx.sleep('long', 50_000)
      return null
    }
    const outcome = start(store, waiting, { clock })
    await sleep(clock, 1000)
    await leave(store, { kind: 'pause' })
    expect(await outcome).toMatchObject({ state: 'interrupted', error: { message: 'paused by eve' } })
  })
})

describe('a run that is cancelled', () => {
  it('is broken off, and never goes on', async () => {
    const store = await temporaryStore()
    const { program, done } = twoActs()
    const outcome = start(store, program, { clock })
    await until(() => done.length === 1)
    await leave(store, { kind: 'cancel', value: 'wrong branch' })
    expect(await outcome).toMatchObject({
      state: 'cancelled',
      error: { message: 'cancelled by eve: wrong branch' },
    })
    expect((await store.events(RUN.id)).at(-1)).toMatchObject({ type: 'run.cancelled' })
    await expect(resume(store, program)).rejects.toMatchObject({ code: 'usage' })
    expect(done).toEqual(['one'])
  })

  it('may be one that nobody runs', async () => {
    const store = await temporaryStore()
    const asking: Program = ctx => ctx.waitFor('ok', { question: 'Well?' })
    expect(await start(store, asking)).toMatchObject({ state: 'waiting' })
    const means = { store, clock: systemClock, owner: { host: 'here', pid: 2 } }
    await cancelRun(RUN.id, 'cancelled by ann', means)
    expect(await store.run(RUN.id)).toMatchObject({ state: 'cancelled', stop: 'cancelled' })
    await expect(cancelRun(RUN.id, 'again', means)).rejects.toMatchObject({ code: 'usage' })
  })
})

/** An invocation `ann`, which says at each of three turns what it hears. */
const hearing: Program = ctx =>
  ctx.step('ann', { kind: 'agent', agent: 'ann' }, async inner => {
    const heard: string[] = []
    for (let turn = 1; turn <= 3; turn += 1) {
      const words = inner.hear(`turn-${turn}`, 'ann')
      heard.push(words.map(({ text }) => text).join('+'))
      await inner.step(`turn-${turn}`, { kind: 'model', effects: 'pure' }, () => sleep(clock, 1200))
    }
    return heard
  })

/** Starts it; `begun` once its first turn is under way. */
function begin(store: Store) {
  let begin = () => {}
  const begun = new Promise<void>(resolve => {
    begin = resolve
  })
  const onEvent = (event: { readonly type: string; readonly key?: string }) => {
    if (event.type === 'step.started' && event.key === 'ann/turn-1') begin()
  }
  return { begun, outcome: start(store, hearing, { clock, onEvent }) }
}

describe('what is said while nobody listens', () => {
  const asking: Program = ctx => ctx.waitFor('ok', { question: 'Well?' })

  it.each([
    ['begins', 'run.started', start],
    ['is resumed', 'run.resumed', resume],
    ['begins to wait for people', 'run.waiting', start],
  ] as const)('counts when the run just %s', async (_, type, begin) => {
    const store = await temporaryStore()
    if (begin === resume) await start(store, asking)
    let left: Promise<unknown> | undefined
    const onEvent = (event: { readonly type: string }) => {
      if (event.type === type) left ??= leave(store, { kind: 'cancel' })
    }
    const outcome = begin(store, asking, { clock, onEvent, patience: 60_000 })
    expect(await outcome).toMatchObject({ state: 'cancelled', error: { message: 'cancelled by eve' } })
    await left
  })

  it('is over when it was said to a former process', async () => {
    const store = await temporaryStore()
    await start(store, asking)
    await leave(store, { kind: 'pause' })
    await leave(store, { kind: 'answer', key: 'ok', value: 'yes' })
    expect(await resume(store, asking)).toEqual({ state: 'succeeded', output: 'yes' })
  })
})

describe('an agent that is told something', () => {
  it('hears it before its next turn, and once', async () => {
    const store = await temporaryStore()
    const { outcome, begun } = begin(store)
    await begun
    await leave(store, { kind: 'tell', key: 'ann', value: 'hurry' })
    await leave(store, { kind: 'tell', key: 'ben', value: 'not for ann' })
    await leave(store, { kind: 'tell', key: 'ann', value: 'slowly' })
    expect(await outcome).toEqual({ state: 'succeeded', output: ['', 'hurry+slowly', ''] })
  })

  it('hears the same after a crash behind any event', async () => {
    const store = await temporaryStore()
    const { outcome, begun } = begin(store)
    await begun
    await leave(store, { kind: 'tell', key: 'ann', value: 'hurry' })
    await outcome
    const events = await store.events(RUN.id)
    const heardAt = events.findIndex(({ type }) => type === 'guidance.heard') + 1
    for (let length = heardAt; length < events.length; length += 1) {
      const killed = await storeWith(events.slice(0, length))
      await leave(killed, { kind: 'tell', key: 'ann', value: 'hurry' })
      expect(await resume(killed, hearing, { clock })).toEqual({
        state: 'succeeded',
        output: ['', 'hurry', ''],
      })
    }
  })
})

describe('a process with patience', () => {
  const asking: Program = ctx => ctx.waitFor('ok', { question: 'Well?' })

  it('stays while a run only waits for people, keeps the run, and goes on as soon as one answers', async () => {
    const store = await temporaryStore()
    const outcome = start(store, asking, { clock, patience: Number.POSITIVE_INFINITY, owner: thisProcess() })
    await sleep(clock, 3000)
    expect(await store.run(RUN.id)).toMatchObject({ state: 'waiting', owner: { pid: process.pid } })
    await expect(resume(store, asking)).rejects.toMatchObject({ code: 'run-owned' })
    await leave(store, { kind: 'answer', key: 'ok', value: 'yes' })
    expect(await outcome).toEqual({ state: 'succeeded', output: 'yes' })
    expect((await store.run(RUN.id))?.owner).toBeUndefined()
  })

  it('goes when it has none left', async () => {
    const store = await temporaryStore()
    expect(await start(store, asking, { clock, patience: 2000 })).toEqual({ state: 'waiting', on: ['ok'] })
  })

  it('lets the run be cancelled', async () => {
    const store = await temporaryStore()
    const outcome = start(store, asking, { clock, patience: Number.POSITIVE_INFINITY })
    await sleep(clock, 2000)
    await leave(store, { kind: 'cancel' })
    expect(await outcome).toMatchObject({ state: 'cancelled', error: { message: 'cancelled by eve' } })
    expect(await store.run(RUN.id)).toMatchObject({ state: 'cancelled' })
  })
})
