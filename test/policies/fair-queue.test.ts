import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sleep, systemClock } from '../../src/clock.ts'
import type { Context } from '../../src/engine/context.ts'
import { inPlace, openPlace } from '../../src/policies/concurrency.ts'
import { FairQueue, type Visitor } from '../../src/policies/fair-queue.ts'
import type { Fact } from '../../src/store/events.ts'
import { manualClock } from '../helpers/clock.ts'

const NOTHING = async () => {}

const { signal } = new AbortController()

/** In which order they come to their turn where only one may be. */
async function served(waiting: readonly Visitor[]): Promise<string[]> {
  const queue = new FairQueue(1)
  const order: string[] = []
  const leave = await queue.enter(signal, { agent: '' })
  const all = waiting.map(async (visitor, index) => {
    const leave = await queue.enter(signal, visitor)
    order.push(`${visitor.agent}${index}`)
    leave()
  })
  leave()
  await Promise.all(all)
  expect([queue.pending, queue.size]).toEqual([0, 0])
  return order
}

describe('who waits for a place', () => {
  it('takes turns with the other agents, however many lanes one of them has', async () => {
    const lanes = Array.from({ length: 1000 }, () => ({ agent: 'a' }))
    const order = await served([...lanes, { agent: 'b' }, { agent: 'c' }])
    expect(order.slice(0, 4)).toEqual(['a0', 'b1000', 'c1001', 'a1'])
  })

  it('goes before those with a lower priority', async () => {
    const order = await served([
      { agent: 'a' },
      { agent: 'a', priority: 2 },
      { agent: 'b', priority: 5 },
      { agent: 'b' },
    ])
    expect(order).toEqual(['b2', 'a1', 'a0', 'b3'])
  })

  it('comes to its turn, once, and in the order of its agent', async () => {
    const one = fc.record({ agent: fc.constantFrom('a', 'b', 'c'), priority: fc.integer({ min: 0, max: 2 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(one, { maxLength: 40 }), async waiting => {
        const order = (await served(waiting)).map(name => Number(name.slice(1)))
        expect([...order].sort((a, b) => a - b)).toEqual(waiting.map((_, index) => index))
        for (const agent of ['a', 'b', 'c'])
          for (const priority of [0, 1, 2]) {
            const own = order.filter(i => waiting[i]?.agent === agent && waiting[i]?.priority === priority)
            expect(own).toEqual([...own].sort((a, b) => a - b))
          }
      }),
    )
  })

  it('may go away, and keeps nobody waiting then', async () => {
    const queue = new FairQueue(1)
    const leave = await queue.enter(signal, { agent: 'a' })
    const leaving = new AbortController()
    const left = queue.enter(leaving.signal, { agent: 'b', priority: 1 }).catch(reason => reason)
    const next = queue.enter(signal, { agent: 'c' })
    leaving.abort('enough')
    expect(await left).toBe('enough')
    expect(queue.size).toBe(1)
    leave()
    const leaveToo = await next
    leaveToo()
    expect([queue.pending, queue.size]).toEqual([0, 0])
    expect(await queue.enter(leaving.signal, { agent: 'b' }).catch(reason => reason)).toBe('enough')
  })
})

describe('a place', () => {
  function visitor(agent: string) {
    const facts: Fact[] = []
    const controller = new AbortController()
    const ctx = { key: agent, signal: controller.signal, emit: (fact: Fact) => facts.push(fact) }
    return { facts, controller, turn: { ctx: ctx as unknown as Context, clock: systemClock, agent } }
  }

  it('is waited for visibly, with how many are ahead', async () => {
    const place = openPlace('agent a', 1)
    const visitors = [visitor('a'), visitor('a'), visitor('a')]
    await Promise.all(visitors.map(({ turn }) => inPlace([place], turn, NOTHING)))
    expect(visitors.map(({ facts }) => facts)).toEqual([
      [],
      [{ type: 'queued', key: 'a', place: 'agent a', ahead: 0 }],
      [{ type: 'queued', key: 'a', place: 'agent a', ahead: 1 }],
    ])
  })

  it('is not waited for any longer by somebody who is not wanted any more', async () => {
    const place = openPlace('agent a', 1)
    const [inside, waiting] = [visitor('a'), visitor('a')]
    let leave = () => {}
    const work = inPlace([place], inside.turn, () => new Promise<void>(resolve => (leave = resolve)))
    const refused = inPlace([place], waiting.turn, NOTHING).catch(reason => reason)
    waiting.controller.abort('cancelled')
    expect(await refused).toBe('cancelled')
    expect(place.queue.size).toBe(0)
    leave()
    await work
    expect(place.queue.pending).toBe(0)
  })

  it('is said to have been waited for, once that is over, when it took long', async () => {
    const clock = manualClock()
    const place = openPlace('limits.concurrency', 1)
    const [inside, waiting] = [visitor('a'), visitor('b')]
    let leave = () => {}
    const stay = () =>
      new Promise<void>(resolve => {
        leave = resolve
      })
    const visits = [inside, waiting].map(({ turn }, index) =>
      inPlace([place], { ...turn, clock }, index === 0 ? stay : NOTHING),
    )
    await new Promise(resolve => setImmediate(resolve))
    clock.advance(1_500)
    leave()
    await Promise.all(visits)
    expect(inside.facts).toEqual([])
    expect(waiting.facts.at(-1)).toEqual({
      type: 'decision',
      key: 'b',
      what: 'queued',
      reason: 'waited 1.5 s for a place: limits.concurrency',
      values: { place: 'limits.concurrency', milliseconds: 1_500 },
    })
  })

  it('is left to others by who waits for one of them', async () => {
    const place = openPlace('limits.concurrency', 1)
    const asked = () => inPlace([place], visitor('b').turn, async () => 'an answer')
    expect(await inPlace([place], visitor('a').turn, aside => aside(asked))).toBe('an answer')
  })

  it('who comes back from several waits one after the other takes one place, and leaves it', async () => {
    const place = openPlace('one', 1)
    let leave = () => {}
    const held = new Promise<void>(resolve => {
      leave = resolve
    })
    await inPlace([place], visitor('a').turn, async aside => {
      const first = aside(NOTHING)
      const visit = inPlace([place], visitor('b').turn, () => held)
      await sleep(systemClock, 1)
      const second = aside(NOTHING)
      await sleep(systemClock, 1)
      leave()
      await Promise.all([first, second, visit])
    })
    expect(place.queue.pending).toBe(0)
  })
})
