import type { Context } from '../engine/context.ts'

/**
 * Names for what steps leave behind: the key of the step, and `KEY#2`, `KEY#3` … for what follows in the same step. A
 * step that runs again after a crash counts from the beginning again, and so finds what it had already left.
 */
export function createIds(): (ctx: Context) => string {
  const given = new WeakMap<Context, number>()
  return ctx => {
    const count = (given.get(ctx) ?? 0) + 1
    given.set(ctx, count)
    return count === 1 ? ctx.key : `${ctx.key}#${count}`
  }
}
