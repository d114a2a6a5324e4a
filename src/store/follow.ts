import { type Clock, sleep } from '../clock.ts'
import type { Event } from './events.ts'
import type { Store } from './store.ts'

/** So many events are read at once: the first of a long run are there while the others are still to be read. */
const PAGE = 500

/** The events of a run behind `after` that are there, page by page. */
export async function* eventsOf(store: Store, run: string, after = 0): AsyncGenerator<Event> {
  let seq = after
  for (;;) {
    const page = await store.events(run, seq, PAGE)
    yield* page
    if (page.length < PAGE) return
    seq = page.at(-1)?.seq ?? seq
  }
}

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
    for await (const event of eventsOf(store, run, seq)) {
      yield event
      seq = event.seq
    }
    if (!owner) return
    await sleep(clock, POLL, signal).catch(() => {})
  }
}
