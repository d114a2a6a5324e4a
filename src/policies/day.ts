import PQueue from 'p-queue'
import { startOfDay } from '../calendar.ts'
import { type Clock, sleep } from '../clock.ts'
import type { Amount, Limits } from '../spend.ts'
import type { Store } from '../store/store.ts'
import type { Counter } from './ledger.ts'
import type { Act } from './policy.ts'
import { DAY } from './shortage.ts'

/** How often it is looked whether calls of other processes have left something, in milliseconds. */
const PATIENCE = 200
/** Milliseconds from the deadline of a call until it is surely journaled, and the deadline of one that has none. */
const MARGIN = 60_000
const LONGEST = 3_600_000

interface Setting {
  readonly run: string
  readonly store: Pick<Store, 'spending'>
  readonly clock: Clock
}

/** What all runs of a store may spend in a local day. The store reserves it, for all processes together. */
export class DayAccount {
  private readonly limits: Limits
  private readonly setting: Setting
  /** One of this process asks at a time, so that they are served in the order in which they came. */
  private readonly turn = new PQueue({ concurrency: 1 })
  /** It is used up: nobody else of this run gets anything. */
  private closed: Error | undefined

  constructor(limits: Limits, setting: Setting) {
    this.limits = limits
    this.setting = setting
  }

  /** Resolves when the call may begin; what it reserved is settled by its journal. */
  async reserve(act: Act, asked: Amount, counter: Counter): Promise<void> {
    const { signal } = act.ctx
    await this.turn.add(() => this.ask(act, asked, counter), { signal })
  }

  private async ask({ ctx, total = LONGEST }: Act, asked: Amount, counter: Counter): Promise<void> {
    const { run, store, clock } = this.setting
    let isTold = false
    for (;;) {
      if (this.closed) throw this.closed
      const now = clock.now()
      const call = { run, key: ctx.key, asked, expires: now + total + MARGIN }
      const day = { since: startOfDay(now), limits: this.limits }
      const { short, spent, reserved } = await store.spending.reserve(call, day)
      if (!short) return
      if (reserved[short] === 0) {
        const { [short]: limit = 0 } = this.limits
        const amounts = { limit, spent: spent[short], reserved: 0, asked: asked[short] }
        this.closed = counter.refuse({ account: DAY, unit: short, ...amounts, isPerCall: false })
        throw this.closed
      }
      if (!isTold) counter.wait(DAY, 0)
      isTold = true
      await sleep(clock, PATIENCE, ctx.signal)
    }
  }
}
