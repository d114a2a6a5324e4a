import { type Inheritance, inheritanceOf } from '../engine/inheritance.ts'
import type { Fork } from '../store/events.ts'
import type { Store } from '../store/store.ts'

/** What a run takes over that is a fork of another one; `warn` is told when that one is gone. */
export async function inherit(
  fork: Fork | undefined,
  store: Store,
  warn: (line: string) => void = () => {},
): Promise<Inheritance | undefined> {
  if (!fork) return undefined
  const events = await store.events(fork.run)
  if (events.length === 0)
    warn(
      `crew: run ${fork.run} is gone, from which this one was forked: what is not taken over yet is done anew`,
    )
  const [first] = events
  const before = first?.type === 'run.started' ? first.forked : undefined
  if (!before || events.at(-1)?.type === 'run.succeeded') return inheritanceOf(fork, events)
  // It is a fork that did not come to its end: what it would still have taken over is there for this one.
  const changed = [...(before.changed ?? []), ...(fork.changed ?? [])]
  return inheritanceOf(fork, events, await inherit({ ...before, changed }, store, warn))
}
