import { type Clock, sleep } from '../clock.ts'
import type { Event } from './events.ts'
import type { Store } from './store.ts'

/** How often the store is asked for news, in milliseconds. */
const POLL = 200

/** Events of a run behind `after`, those that are there and those to come, until nobody runs it any more or `signal` aborts. */
export async function* follow(
  store: Store,
  run: string,
  {
    clock,
    signal,
    after = 0,
  }: { readonly clock: Clock; readonly signal: AbortSignal; readonly after?: number },
): AsyncGenerator<Event> {
  let seq = after
  while (!signal.aborted) {
    // Asked for first: whatever the owner wrote before it let go is then among the events.
    const owner = (await store.run(run))?.owner
    for (const event of await store.events(run, seq)) {
      yield event
      seq = event.seq
    }
    if (!owner) return
    await sleep(clock, POLL, signal).catch(() => {})
  }
}
