import { z } from 'zod'
import { toCrewError } from '../errors.ts'
import type { Json } from '../json.ts'
import type { Call, Policy } from './policy.ts'

export const fallback = z
  .array(z.string())
  .min(1)
  .describe('Agents that do the work instead when it failed, in this order')

/** Has another agent do the work, in the same step, when this one failed for good. */
export function fallingBack(
  agents: readonly string[],
  ask: (agent: string, call: Call) => Promise<Json>,
): Policy {
  return async (call, next) => {
    let failed = call.agent
    let error: unknown
    try {
      return await next(call)
    } catch (thrown) {
      error = thrown
    }
    for (const agent of agents) {
      const { code, message } = toCrewError(error)
      if (call.ctx.signal.aborted) break
      const values = { error: code, from: failed, to: agent }
      call.ctx.emit({
        type: 'decision',
        key: call.ctx.key,
        what: 'fallback',
        reason: `${failed}: ${message}`,
        values,
      })
      try {
        return await call.ctx.step(`fallback/${agent}`, { kind: 'agent', agent }, ctx =>
          ask(agent, { ...call, ctx, agent, rejections: [] }),
        )
      } catch (thrown) {
        failed = agent
        error = thrown
      }
    }
    throw error
  }
}
