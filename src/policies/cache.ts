import * as z from 'zod'
import type { Clock } from '../clock.ts'
import { unlessAborted } from '../deadlines.ts'
import { duration } from '../duration.ts'
import type { Json, JsonObject } from '../json.ts'
import type { Total } from '../spend.ts'
import type { Answer, Answers, Took } from '../store/answers.ts'
import { decide, orElse, type Rung } from './ladder.ts'
import type { Call, Policy } from './policy.ts'

const DAY = 86_400_000

export const cache = z
  .union([
    z.literal(false),
    duration,
    z.strictObject({
      age: duration.describe('How long an answer counts'),
      entries: z.int().min(1).max(100_000).optional().describe('How many answers are kept (default: 1000)'),
    }),
  ])
  .describe('Keeps its answers for this long, for all runs that ask it exactly the same; by default none')

export interface CacheSettings {
  /** Milliseconds for which an answer counts; 0: it is only there for bad times. */
  readonly age: number
  readonly entries: number
  /** Milliseconds after which it is dropped. */
  readonly kept: number
}

/** What an agent declares; undefined when nothing of it is kept. */
export function cacheSettings(
  declared: z.infer<typeof cache> | undefined,
  rungs: readonly Rung[],
): CacheSettings | undefined {
  const isResort = rungs.includes('cached')
  if (!declared && !isResort) return undefined
  const { age, entries = 1_000 } = typeof declared === 'object' ? declared : { age: declared || 0 }
  return { age, entries, kept: Math.max(age, isResort ? 30 * DAY : 0) }
}

/** Work under way in a run, by what it depends on: whoever asks for the same waits for it. */
export class Flights {
  private readonly open = new Map<string, Promise<Shared | undefined>>()

  of(key: string): Promise<Shared | undefined> | undefined {
    return this.open.get(key)
  }

  /** Begins one, unless there is one; what comes back ends it, with a result or without. */
  begin(key: string): (result?: Shared) => void {
    if (this.open.has(key)) return () => {}
    let end: (result?: Shared) => void = () => {}
    const flight = new Promise<Shared | undefined>(resolve => {
      end = result => {
        if (this.open.get(key) === flight) this.open.delete(key)
        resolve(result)
      }
    })
    this.open.set(key, flight)
    return end
  }
}

/** The result of work that somebody else had begun in the step `from`. */
interface Shared {
  readonly output: Json
  readonly from: string
  readonly took: Took
}

export interface Cached {
  readonly settings: CacheSettings
  /** Of all that an answer depends on. */
  readonly key: string
  /** Whose answers are counted together. */
  readonly owner: string
  readonly run: string
  readonly answers: Answers
  readonly flights: Flights
  /** Nobody waits for this invocation: it may wait for another one. */
  readonly mayWait: boolean
  readonly clock: Clock
  /** What the invocation has spent so far. */
  readonly spent: Readonly<Total>
}

/** What is found in place of an answer; nothing when it has to be made. */
type Found = { readonly kept: Answer } | { readonly shared: Shared } | Record<string, never>

/**
 * The cache around one invocation: `looking` surrounds all that is done for it, `keeping` an answer as it is accepted,
 * and `resorting` is a rung: it takes an answer of any age when nothing better came.
 */
export function caching({ settings, key, owner, run, answers, flights, mayWait, clock, spent }: Cached) {
  const began = clock.uptime()
  const took = (): Took => ({
    tokens: spent.input + spent.output,
    ...(spent.unpriced === 0 && { usd: spent.usd }),
    milliseconds: clock.uptime() - began,
  })

  const looking: Policy = async (call, next) => {
    if (isAnother(call)) return next(call)
    let end: ReturnType<Flights['begin']> | undefined
    const look = async (signal: AbortSignal): Promise<Found> => {
      for (let flight = flights.of(key); flight && mayWait; flight = flights.of(key)) {
        const shared = await unlessAborted(flight, signal)
        if (shared) return { shared }
      }
      end = flights.begin(key)
      const kept = settings.age > 0 && (await answers.find(key, clock.now() - settings.age))
      return kept ? { kept } : {}
    }
    try {
      const found = await call.ctx.step('cache', { kind: 'cache' }, async ({ signal }) => look(signal))
      if ('kept' in found) {
        const { run, at, took, output } = found.kept as Answer
        decide(call, 'cache', `run ${run} was given an answer to exactly this`, { at, saved: { ...took } })
        return output
      }
      if ('shared' in found) {
        const { from, took, output } = found.shared as Shared
        decide(call, 'cache', `${from} was at work on exactly this`, { from, saved: { ...took } })
        return output
      }
      // In a run that is resumed the step above is only remembered.
      end ??= flights.begin(key)
      const output = await next(call)
      end({ output, from: call.ctx.key, took: took() })
      return output
    } finally {
      end?.()
    }
  }

  const keeping: Policy = async (call, next) => {
    const output = await next(call)
    if (isAnother(call)) return output
    const at = clock.now()
    await answers.keep(
      key,
      { output, run, at, took: took() },
      { owner, entries: settings.entries, until: at + settings.kept },
    )
    return output
  }

  const resorting = orElse((_, count) => {
    if (count > 0) return undefined
    return {
      what: 'an earlier answer',
      key: 'cached',
      async perform({ call, last }) {
        const find = async () => (await answers.find(key, 0)) ?? null
        const kept = await call.ctx.step('cached', { kind: 'cache' }, find)
        if (!kept) return undefined
        const values: JsonObject = { error: last.code, at: kept.at, run: kept.run }
        decide(call, 'cached', `${last.message}; the answer of run ${kept.run} is taken`, values)
        return kept.output
      },
    }
  })

  return { looking, keeping, resorting }
}

/** A task in other words, or an answer that a person sent back, is not what the key stands for. */
function isAnother({ task, revision }: Call): boolean {
  return task !== undefined || revision !== undefined
}
