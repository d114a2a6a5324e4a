import { hostname } from 'node:os'
import { describe, expect, it } from 'vitest'
import type { Event } from '../../src/store/events.ts'
import { eventsOf } from '../../src/store/follow.ts'
import type { Store, TimedFact } from '../../src/store/store.ts'
import { BEGUN, temporaryStore } from '../helpers/runs.ts'

const RUN = { id: 'run1', team: 't', path: '/t.yaml', rehearsal: false }

/** A run of so many events, and how many of them were read from the store so far. */
async function longRun(length: number) {
  const store = await temporaryStore()
  const lease = await store.create(RUN, { host: hostname(), pid: process.pid }, BEGUN)
  const more = Array.from({ length: length - 1 }, (_, index): TimedFact => {
    return { type: 'timer.set', key: `timer-${index}`, until: index, at: 2 }
  })
  await store.commit(lease, more)
  let read = 0
  const events: Store['events'] = async (...asked) => {
    const found = await store.events(...asked)
    read += found.length
    return found
  }
  return { store: { ...store, events } as Store, read: () => read }
}

async function all(events: AsyncIterable<Event>): Promise<number[]> {
  const seen: number[] = []
  for await (const { seq } of events) seen.push(seq)
  return seen
}

describe('the events of a long run', () => {
  it('come one after the other, none is missing and none comes twice', async () => {
    for (const length of [1, 500, 1000, 1203]) {
      const { store } = await longRun(length)
      expect(await all(eventsOf(store, RUN.id))).toEqual(Array.from({ length }, (_, index) => index + 1))
      expect(await all(eventsOf(store, RUN.id, length - 1))).toEqual([length])
    }
  })

  it('begin before the last of them are read', async () => {
    const { store, read } = await longRun(1203)
    for await (const { seq } of eventsOf(store, RUN.id)) {
      expect(seq).toBe(1)
      break
    }
    expect(read()).toBe(500)
  })
})
