import type { Clock } from '../clock.ts'
import type { Context } from './context.ts'

/** Milliseconds for which one sign of life is enough. */
const PAUSE = 1000

/** To be called whenever something comes from outside: shows, now and then, that the step of `ctx` is alive. */
export function signsOfLife(ctx: Context, clock: Clock): () => void {
  let last = Number.NEGATIVE_INFINITY
  return () => {
    const now = clock.now()
    if (now - last < PAUSE) return
    last = now
    ctx.emit({ type: 'activity', key: ctx.key })
  }
}
