import { hostname } from 'node:os'
import { describe, expect, it } from 'vitest'
import type { Context } from '../../src/engine/context.ts'
import type { Program } from '../../src/engine/execute.ts'
import { CrewError } from '../../src/errors.ts'
import { viewOf } from '../../src/store/view.ts'
import { RUN, resume, start, storeWith, temporaryStore } from '../helpers/runs.ts'

const act = { kind: 'test', effects: 'idempotent' } as const

/** A program that records which of its acts really ran. */
function counting(body: (ctx: Context, ran: (name: string) => string) => Promise<unknown>) {
  const acts: string[] = []
  const program: Program = async ctx =>
    (await body(ctx, name => {
      acts.push(name)
      return `${name} done`
    })) as never
  return { acts, program }
}

describe('a run', () => {
  it('ends with what its program returns, and every step is in the journal', async () => {
    const store = await temporaryStore()
    const { program } = counting(async (ctx, ran) => {
      const a = await ctx.step('a', act, async () => ran('a'))
      return ctx.step('b', { ...act, input: a }, async () => ran(`b after ${a}`))
    })
    expect(await start(store, program)).toEqual({ state: 'succeeded', output: 'b after a done done' })
    expect((await store.events(RUN.id)).map(e => ('key' in e ? `${e.type} ${e.key}` : e.type))).toEqual([
      'run.started',
      'step.started a',
      'step.succeeded a',
      'step.started b',
      'step.succeeded b',
      'run.succeeded',
    ])
    expect(await store.run(RUN.id)).toMatchObject({ state: 'succeeded' })
  })

  it('makes an intent and all before it durable before it acts', async () => {
    const store = await temporaryStore()
    const seen: string[][] = []
    await start(store, async ctx => {
      await ctx.step('a', act, async () => 'x')
      return ctx.step('b', act, async () => {
        seen.push((await store.events(RUN.id)).map(event => event.type))
        return 'y'
      })
    })
    expect(seen).toEqual([['run.started', 'step.started', 'step.succeeded', 'step.started']])
  })

  it('keeps nothing that is said of it after its end, though it is heard', async () => {
    const store = await temporaryStore()
    const heard: string[] = []
    let emit: Context['emit'] | undefined
    const program: Program = async ctx => {
      emit = fact => ctx.emit(fact)
      return ctx.step('a', act, async () => 'x')
    }
    await start(store, program, {
      onEvent: ({ type }) => {
        heard.push(type)
        // By then, the end of the run is durable as well.
        if (type === 'step.succeeded') emit?.({ type: 'alert', key: '', what: 'throughput', reason: 'slow' })
      },
    })
    expect(heard.filter(type => type === 'alert')).toHaveLength(1)
    expect((await store.events(RUN.id)).at(-1)?.type).toBe('run.succeeded')
  })

  it('costs one commit a step in a chain', async () => {
    const store = await temporaryStore()
    let commits = 0
    const counted = {
      ...store,
      commit: (...args: Parameters<typeof store.commit>) => {
        commits += 1
        return store.commit(...args)
      },
    }
    Object.setPrototypeOf(counted, Object.getPrototypeOf(store))
    await start(counted, async ctx => {
      for (let i = 0; i < 10; i += 1) await ctx.step(`s${i}`, act, async () => i)
      return 'done'
    })
    expect(commits).toBe(11)
  })

  it('is in no doubt about an act that was stopped with its intent written down, and charges nothing for it', async () => {
    const store = await temporaryStore()
    const interrupt = new AbortController()
    const reserved = { input: 10, output: 10, cached: 0, usd: 1 }
    const { acts, program } = counting((ctx, ran) =>
      ctx.step('a', { kind: 'test', effects: 'once', reserved }, async () => ran('a')),
    )
    const onEvent = ({ type }: { type: string }) =>
      type === 'step.started' && interrupt.abort(new CrewError('interrupted', 'stopped'))
    const how = { interrupt: interrupt.signal, onEvent }
    expect(await start(store, program, how)).toMatchObject({ state: 'interrupted' })
    expect(acts).toEqual([])
    expect(await store.run(RUN.id)).toMatchObject({ usd: 0 })
    expect(await resume(store, program)).toEqual({ state: 'succeeded', output: 'a done' })
  })

  it('keeps the failure of a step as it keeps a result', async () => {
    const store = await temporaryStore()
    const { acts, program } = counting(async (ctx, ran) =>
      ctx
        .step('a', act, async () => {
          ran('a')
          throw new CrewError('command-failed', 'it broke')
        })
        .catch(() => 'recovered'),
    )
    expect(await start(store, program)).toEqual({ state: 'succeeded', output: 'recovered' })
    const again = await storeWith((await store.events(RUN.id)).slice(0, 3))
    expect(await resume(again, program)).toEqual({ state: 'succeeded', output: 'recovered' })
    expect(acts).toEqual(['a'])
  })

  it('refuses a key that is used twice', async () => {
    const outcome = await start(await temporaryStore(), async ctx => {
      await ctx.step('a', act, async () => 1)
      return ctx.step('a', act, async () => 2)
    })
    expect(outcome).toMatchObject({ state: 'failed', error: { code: 'defect' } })
  })

  it('takes what a program throws by accident for a defect of crew, whatever the program does about it', async () => {
    const outcome = await start(await temporaryStore(), async ctx =>
      ctx
        .step('a', { kind: 'test' }, async () => {
          throw new TypeError('x is not a function')
        })
        .catch(() => 'recovered'),
    )
    expect(outcome).toMatchObject({ state: 'failed', error: { code: 'defect' } })
  })

  it('cancels and awaits the steps that a failing step leaves in flight', async () => {
    const store = await temporaryStore()
    const outcome = await start(store, async ctx =>
      ctx.step('group', { kind: 'group' }, async group => {
        await Promise.all([
          group.step(
            'slow',
            act,
            child =>
              new Promise((_, reject) =>
                child.signal.addEventListener('abort', () => reject(child.signal.reason)),
              ),
          ),
          group.step('broken', act, async () => {
            throw new CrewError('command-failed', 'no')
          }),
        ])
        return null
      }),
    )
    expect(outcome).toMatchObject({
      state: 'failed',
      error: { code: 'command-failed', details: { step: 'group/broken' } },
    })
    const ends = (await store.events(RUN.id)).filter(e => e.type !== 'step.started' && 'key' in e)
    expect(ends).toMatchObject([
      { type: 'step.failed', key: 'group/broken' },
      { type: 'step.cancelled', key: 'group/slow', final: false },
      { type: 'step.failed', key: 'group' },
    ])
  })

  it('leaves no secret in the journal, nor hands one on', async () => {
    const store = await temporaryStore()
    const redact = <T>(value: T) => JSON.parse(JSON.stringify(value).replaceAll('s3cret', '***')) as T
    const outcome = await start(
      store,
      ctx => ctx.step('a', { ...act, input: 'use s3cret' }, async () => 'got s3cret'),
      { redact },
    )
    expect(outcome).toEqual({ state: 'succeeded', output: 'got ***' })
    expect(JSON.stringify(await store.events(RUN.id))).not.toContain('s3cret')
  })
})

describe('a resumed run', () => {
  const { acts, program } = counting(async (ctx, ran) => {
    const names = ['a', 'b', 'c']
    const found = await ctx.step('search', { kind: 'group' }, group =>
      Promise.all(names.map(name => group.step(name, act, async () => ran(name)))),
    )
    await ctx.sleep('pause', 1)
    ctx.emit({ type: 'decision', key: '', what: 'choose', reason: 'because' })
    return ctx.step('write', { ...act, input: found }, async () => ran(found.join()))
  })

  it('ends the same after a kill behind any event, and repeats no committed step', async () => {
    const first = await temporaryStore()
    const outcome = await start(first, program)
    const events = await first.events(RUN.id)
    expect(events.length).toBeGreaterThan(10)
    for (let kept = 1; kept <= events.length; kept += 1) {
      const committed = events.slice(0, kept).filter(e => e.type === 'step.succeeded').length
      const store = await storeWith(events.slice(0, kept))
      acts.length = 0
      expect(await resume(store, program), `killed behind event ${kept}`).toEqual(outcome)
      const actsCommitted = events
        .slice(0, kept)
        .filter(e => e.type === 'step.succeeded' && e.key !== 'search').length
      expect(acts.length).toBe(4 - actsCommitted)
      expect(committed).toBeGreaterThanOrEqual(actsCommitted)
      const notes = (await store.events(RUN.id)).filter(e => e.type === 'decision')
      expect(notes.length).toBe(1)
    }
  })

  it('refuses to go on when a step is asked something else than before', async () => {
    const ask =
      (input: string): Program =>
      async ctx => {
        await ctx.step('a', { ...act, input }, async () => 'x')
        throw new CrewError('command-failed', 'stop here')
      }
    const store = await temporaryStore()
    await start(store, ask('one'))
    const outcome = await resume(store, ask('two'))
    expect(outcome).toMatchObject({ state: 'failed', error: { code: 'diverged' } })
    expect(outcome.state === 'failed' && outcome.error.message).toMatch(/step a .*\n.*"one"\n.*"two"/)
  })

  it('enters a failed step again without repeating what it had committed', async () => {
    const tries: string[] = []
    const program: Program = ctx =>
      ctx.step('agent', { kind: 'agent' }, async agent => {
        for (let attempt = 0; attempt <= agent.reopened; attempt += 1) {
          try {
            return await agent.step(`try-${attempt}`, act, async () => {
              tries.push(`try-${attempt}`)
              if (attempt === 0) throw new CrewError('command-failed', 'down')
              return 'up'
            })
          } catch (error) {
            if (attempt === agent.reopened) throw error
          }
        }
        return 'unreachable'
      })
    const store = await temporaryStore()
    expect(await start(store, program)).toMatchObject({
      state: 'failed',
      error: { details: { step: 'agent/try-0' } },
    })
    expect(await resume(store, program)).toEqual({ state: 'succeeded', output: 'up' })
    expect(tries).toEqual(['try-0', 'try-1'])
  })

  it('reads of its journal what nobody has read for it, and nothing twice', async () => {
    const { acts, program } = counting(async (ctx, ran) => {
      await ctx.step('a', act, async () => ran('a'))
      return ctx.step('b', act, async () => ran('b'))
    })
    const first = await temporaryStore()
    await start(first, program)
    const events = (await first.events(RUN.id)).slice(0, 4)
    const store = await storeWith(events)
    const reads: (readonly [after: number | undefined, found: number])[] = []
    const counted = {
      ...store,
      async events(run: string, after?: number) {
        const found = await store.events(run, after)
        reads.push([after, found.length])
        return found
      },
    }
    Object.setPrototypeOf(counted, Object.getPrototypeOf(store))
    const recorded = viewOf(events.slice(0, 2))
    expect(await resume(counted, program, { recorded })).toMatchObject({ state: 'succeeded' })
    expect(reads).toEqual([[2, 2]])
    expect(acts).toEqual(['a', 'b', 'b'])
  })

  it('leaves a run alone that has succeeded', async () => {
    const store = await temporaryStore()
    const program: Program = ctx => ctx.step('a', act, async () => 'x')
    await start(store, program)
    const before = await store.events(RUN.id)
    expect(await resume(store, program)).toEqual({ state: 'succeeded', output: 'x' })
    expect(await store.events(RUN.id)).toEqual(before)
  })
})

describe('next', () => {
  const race: Program = async ctx => {
    const order: string[] = []
    const lanes = new Map(
      ['slow', 'fast', 'middle'].map((name, i) => [
        name,
        ctx.step(name, act, async () => {
          await new Promise(resolve => setTimeout(resolve, [60, 1, 30][i]))
          return name
        }),
      ]),
    )
    while (lanes.size > 0) {
      const name = await ctx.next(lanes.keys())
      lanes.delete(name)
      order.push(name)
    }
    return order
  }

  it('gives the steps in the order in which they end, and the same order to a resumed run', async () => {
    const store = await temporaryStore()
    const outcome = await start(store, race)
    expect(outcome).toEqual({ state: 'succeeded', output: ['fast', 'middle', 'slow'] })
    const events = await store.events(RUN.id)
    const afterFirst = events.findIndex(e => e.type === 'step.chosen') + 1
    expect(await resume(await storeWith(events.slice(0, afterFirst)), race)).toMatchObject({
      output: expect.arrayContaining(['slow']),
    })
    expect(await resume(await storeWith(events.slice(0, -1)), race)).toEqual(outcome)
  })
})

describe('an act that must not happen twice', () => {
  const once: Program = ctx =>
    ctx.step('pay', { kind: 'test', effects: 'once', input: 'all' }, async () => 'paid')

  async function killedInTheAct() {
    const store = await temporaryStore()
    await start(store, once)
    return storeWith((await store.events(RUN.id)).slice(0, 2))
  }

  it('makes the run wait for a person when nobody knows whether it happened', async () => {
    const store = await killedInTheAct()
    expect(await resume(store, once)).toEqual({ state: 'waiting', on: ['pay/outcome-1'] })
    expect(await store.run(RUN.id)).toMatchObject({ state: 'waiting' })
  })

  it.each([
    ['retry', 'paid'],
    ['skip', null],
    ['done=receipt 5', 'receipt 5'],
  ])('goes on when the person says %s', async (answer, output) => {
    const store = await killedInTheAct()
    await resume(store, once)
    await store.signal(RUN.id, { kind: 'answer', key: 'pay/outcome-1', value: answer, by: 'me', at: 1 })
    expect(await resume(store, once)).toEqual({ state: 'succeeded', output })
  })
})

describe('an interrupted run', () => {
  it('breaks off what is in flight, says so, and goes on later', async () => {
    const store = await temporaryStore()
    const interrupt = new AbortController()
    const program =
      (slow: boolean): Program =>
      async ctx => {
        await ctx.step('a', act, async () => 'x')
        return ctx.step('agent', { kind: 'agent' }, agent =>
          agent.step(
            'b',
            act,
            child =>
              new Promise((resolve, reject) => {
                if (!slow) return resolve('y')
                child.signal.addEventListener('abort', () => reject(child.signal.reason))
                interrupt.abort(new CrewError('interrupted', 'Ctrl-C'))
              }),
          ),
        )
      }
    expect(await start(store, program(true), { interrupt: interrupt.signal })).toMatchObject({
      state: 'interrupted',
    })
    expect(await store.run(RUN.id)).toMatchObject({ state: 'interrupted' })
    expect(await resume(store, program(false))).toEqual({ state: 'succeeded', output: 'y' })
  })
})

describe('a run whose lease was taken', () => {
  it('stops and writes nothing more', async () => {
    const store = await temporaryStore()
    const outcome = await start(
      store,
      async ctx => {
        await ctx.step('a', act, async () => {
          await store.acquire(RUN.id, { host: 'other', pid: 2 }).catch(() => {})
          return 'x'
        })
        return ctx.step('b', act, async () => 'y')
      },
      { owner: { host: hostname(), pid: 2 ** 22 } },
    )
    expect(outcome).toMatchObject({ state: 'failed', error: { code: 'lease-lost' } })
    expect((await store.events(RUN.id)).map(event => event.type)).toEqual(['run.started', 'step.started'])
  })
})
