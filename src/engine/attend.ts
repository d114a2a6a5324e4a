import { type Clock, sleep } from '../clock.ts'
import type { Signal, Store } from '../store/store.ts'
import type { RunView } from '../store/view.ts'

/** How often the store is asked for words from outside, in milliseconds. */
export const POLL = 500

interface Attendance {
  readonly run: string
  readonly store: Store
  readonly clock: Clock
  readonly recorded: RunView
  /** Keys of the questions that are open, and of timers. */
  readonly on: readonly string[]
  /** Number of the last word from outside that was there before this process had the run. */
  readonly heard: number
  /** Milliseconds that somebody is waited for. */
  readonly patience: number
  /** Aborts when nobody wants to wait any more. */
  readonly interrupt: AbortSignal
}

/** What a wait for people ends with: the run can go on, it is cancelled, or nobody said anything that helps. */
export type Word =
  | { readonly kind: 'go-on' | 'nothing' }
  | { readonly kind: 'cancel'; readonly signal: Signal }

/** Stays while a run only waits for people, until one of them has answered, or the time of a question is over. */
export async function attend({
  run,
  store,
  clock,
  recorded,
  on,
  heard,
  patience,
  interrupt,
}: Attendance): Promise<Word> {
  const began = clock.uptime()
  const deadlines = on.map(
    key => recorded.waits.get(key)?.request.until ?? recorded.timers.get(key) ?? Number.POSITIVE_INFINITY,
  )
  while (!interrupt.aborted) {
    const signals = await store.signals(run, 0)
    const fresh = signals.filter(({ id }) => id > heard)
    const cancel = fresh.find(({ kind }) => kind === 'cancel')
    if (cancel) return { kind: 'cancel', signal: cancel }
    if (fresh.some(({ kind }) => kind === 'pause')) break
    const now = clock.now()
    const isAnswered = signals.some(({ kind, key }) => kind === 'answer' && on.includes(key))
    if (isAnswered || deadlines.some(until => until < now)) return { kind: 'go-on' }
    if (clock.uptime() - began >= patience) break
    await sleep(clock, POLL, interrupt).catch(() => {})
  }
  return { kind: 'nothing' }
}
