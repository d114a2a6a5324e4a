import type { Fact } from './events.ts'
import type { RunState } from './states.ts'
import { spentIn } from './view.ts'

/** What facts change in the row of their run, so that a list of runs need not read them. Null: nothing. */
export interface Tally {
  state: RunState | null
  stop: string | null
  /** When a run that waits can go on by itself, in milliseconds since the epoch. */
  due: number | null
  tokens: number
  usd: number
  unpriced: 0 | 1
  /** The run that it was forked from. */
  parent: string | null
}

export function tallyOf(facts: Iterable<Fact>): Tally {
  const tally: Tally = { state: null, stop: null, due: null, tokens: 0, usd: 0, unpriced: 0, parent: null }
  for (const fact of facts) {
    const spent = spentIn(fact)
    if (spent) {
      tally.tokens += spent.input + spent.output
      tally.usd += spent.usd ?? 0
      if (spent.usd === undefined) tally.unpriced = 1
    }
    if (!fact.type.startsWith('run.')) continue
    if (fact.type === 'run.started') tally.parent = fact.forked?.run ?? null
    tally.state = STATE_AFTER[fact.type] ?? 'running'
    tally.due = (fact.type === 'run.waiting' && fact.until) || null
    tally.stop =
      fact.type === 'run.failed' ? fact.error.code : fact.type === 'run.cancelled' ? 'cancelled' : null
  }
  return tally
}

const STATE_AFTER: Record<string, RunState> = {
  'run.waiting': 'waiting',
  'run.succeeded': 'succeeded',
  'run.failed': 'failed',
  'run.interrupted': 'interrupted',
  'run.cancelled': 'cancelled',
}
