import type { RunRow, Store } from '../store/store.ts'
import type { Controls } from '../ui/screen/controls.ts'

/**
 * What a person can do from the screen about the run `id`: the same words in the store as `crew answer`, `crew pause`,
 * `crew cancel` and `crew tell` leave. None of it waits until the run has heard: the screen shows when it has.
 */
export async function createControls(store: Store, id: string): Promise<Controls> {
  const [steer, { systemClock: clock }, { findRun }] = await Promise.all([
    import('../app/steer.ts'),
    import('../clock.ts'),
    import('../store/find.ts'),
  ])
  const means = { store, clock }
  // Who runs it, and how it is, may have changed since the last time.
  const now = (): Promise<RunRow> => findRun(store, id)
  return {
    answer: async (question, words) =>
      steer.answer({ id }, question, words, { ...means, via: 'crew screen' }),
    pause: async () => steer.askToPause(await now(), '', means),
    cancel: async reason => steer.askToCancel(await now(), reason, means),
    tell: async (agent, words) => steer.tell(await now(), agent, words, means),
  }
}
