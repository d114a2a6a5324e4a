import { describe, expect, it } from 'vitest'
import type { Program } from '../../src/engine/execute.ts'
import { CrewError } from '../../src/errors.ts'
import { RUN, resume, start, storeWith, temporaryStore } from '../helpers/runs.ts'

const act = { kind: 'test', effects: 'idempotent' } as const

describe('what surrounds an act', () => {
  it('has its turn before the intent is written down, and sees the result', async () => {
    const store = await temporaryStore()
    const seen: unknown[] = []
    const program: Program = ctx => {
      const within = async <T>(act: () => Promise<T>) => {
        seen.push((await store.events(RUN.id)).map(({ type }) => type))
        const result = await act()
        seen.push(result)
        return result
      }
      return ctx.step('a', { ...act, within }, async () => 'done')
    }
    expect(await start(store, program)).toEqual({ state: 'succeeded', output: 'done' })
    expect(seen).toEqual([['run.started'], 'done'])
  })

  it('is not there for an act that is only remembered', async () => {
    const store = await temporaryStore()
    let surrounded = 0
    const program: Program = ctx => {
      const within = <T>(act: () => Promise<T>) => {
        surrounded += 1
        return act()
      }
      return ctx.step('a', { ...act, within }, async () => 'done')
    }
    await start(store, program)
    const events = (await store.events(RUN.id)).filter(({ type }) => type !== 'run.succeeded')
    expect(await resume(await storeWith(events), program)).toEqual({ state: 'succeeded', output: 'done' })
    expect(surrounded).toBe(1)
  })

  it('may refuse: the step has then failed without having been tried, also for those who resume the run', async () => {
    const store = await temporaryStore()
    const acts: string[] = []
    const program = (isOpen: boolean): Program => {
      return async ctx => {
        const within = <T>(act: () => Promise<T>) =>
          isOpen ? Promise.reject(new CrewError('circuit-open', 'not now')) : act()
        const run = async () => {
          acts.push('a')
          return 'a'
        }
        return ctx.step('a', { ...act, within }, run).catch(error => `without a: ${error.code}`)
      }
    }
    expect(await start(store, program(true))).toEqual({
      state: 'succeeded',
      output: 'without a: circuit-open',
    })
    const events = (await store.events(RUN.id)).filter(({ type }) => type !== 'run.succeeded')
    expect(events.map(({ type }) => type)).toEqual(['run.started', 'step.started', 'step.failed'])
    const again = await resume(await storeWith(events), program(false))
    expect(again).toEqual({ state: 'succeeded', output: 'without a: circuit-open' })
    expect(acts).toEqual([])
  })

  it('leaves no trace of an act when it brings the run down, so that a resumed run tries it', async () => {
    const store = await temporaryStore()
    const program = (isBroke: boolean): Program => {
      return ctx => {
        const within = <T>(act: () => Promise<T>) =>
          isBroke ? Promise.reject(new CrewError('limit-budget', 'no money')) : act()
        return ctx.step('a', { ...act, within }, async () => 'done')
      }
    }
    expect(await start(store, program(true))).toMatchObject({ error: { code: 'limit-budget' } })
    expect((await store.events(RUN.id)).map(({ type }) => type)).toEqual(['run.started', 'run.failed'])
    expect(await resume(store, program(false))).toEqual({ state: 'succeeded', output: 'done' })
  })

  it('ends with the run when that is interrupted while it waits', async () => {
    const store = await temporaryStore()
    const interrupt = new AbortController()
    const program: Program = ctx => {
      const within = (_: unknown, step: { signal: AbortSignal }) =>
        new Promise<never>((_, reject) => {
          step.signal.addEventListener('abort', () => reject(step.signal.reason))
          interrupt.abort(new CrewError('interrupted', 'stopped'))
        })
      return ctx.step('a', { ...act, within }, async () => 'done')
    }
    const outcome = await start(store, program, { interrupt: interrupt.signal })
    expect(outcome).toMatchObject({ state: 'interrupted' })
    expect((await store.events(RUN.id)).map(({ type }) => type)).toEqual(['run.started', 'run.interrupted'])
  })
})
