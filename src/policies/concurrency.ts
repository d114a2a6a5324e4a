import type PQueue from 'p-queue'
import type { Policy } from './policy.ts'

/** Holds an invocation back until the team has a place for it. */
export function waitingTurn(queue: PQueue): Policy {
  return (call, next) =>
    queue.add(() => {
      call.ctx.signal.throwIfAborted()
      return next(call)
    })
}
