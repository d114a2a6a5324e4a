import * as z from 'zod'
import type { Clock } from './clock.ts'
import { duration } from './duration.ts'
import type { CrewError } from './errors.ts'

/** Milliseconds until the first byte arrives, between two bytes, and for everything together. */
export interface Deadlines {
  readonly firstByte?: number
  readonly idle?: number
  readonly total: number
}

/** The same as a team file declares it. */
export const timeout = z.strictObject({
  total: duration.optional().describe('For everything together'),
  firstByte: duration.optional().describe('Until the first byte arrives'),
  idle: duration.optional().describe('Between two bytes'),
})

/** For somebody who answers when it suits. */
export const patience = z
  .strictObject({ total: duration.describe('How long an answer is waited for') })
  .describe('By default an answer is waited for without end')

/** What a team file declares, with the rest filled in. */
export function withDefaults(declared: z.infer<typeof timeout> = {}, defaults: Deadlines): Deadlines {
  const { total = defaults.total, firstByte = defaults.firstByte, idle = defaults.idle } = declared
  return { total, ...(firstByte && { firstByte }), ...(idle && { idle }) }
}

/** What `work` gives, or the error `late` when that takes longer: whoever asked for the work sees to it that it ends. */
export function inTime<T>(
  clock: Clock,
  milliseconds: number,
  work: Promise<T>,
  late: () => CrewError,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(milliseconds, () => reject(late()))
    work.then(resolve, reject).finally(cancel)
  })
}

/** What `work` gives, or at once the reason of the signal. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  let stop = () => {}
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
  })
  return Promise.race([work, aborted]).finally(() => signal.removeEventListener('abort', stop))
}

/**
 * Watches over something that gives bytes.
 * @param miss is told of the first deadline that passes
 * @returns `touch`, to be called for every byte that arrives, and `stop`, for the end
 */
export function watch(
  clock: Clock,
  { firstByte, idle, total }: Deadlines,
  miss: (name: keyof Deadlines, milliseconds: number) => void,
) {
  const start = (name: keyof Deadlines, milliseconds: number | undefined) =>
    milliseconds === undefined ? () => {} : clock.after(milliseconds, () => miss(name, milliseconds))
  const cancelTotal = start('total', total)
  let cancelNext = start('firstByte', firstByte)
  return {
    touch() {
      cancelNext()
      cancelNext = start('idle', idle)
    },
    stop() {
      cancelNext()
      cancelTotal()
    },
  }
}
