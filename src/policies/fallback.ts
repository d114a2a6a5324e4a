import * as z from 'zod'
import type { Json } from '../json.ts'
import { decide, orElse } from './ladder.ts'
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
  return orElse((_, count) => {
    const agent = agents[count]
    if (agent === undefined) return undefined
    return {
      what: `agent ${agent}`,
      key: `fallback/${agent}`,
      perform({ call, last }) {
        const from = agents[count - 1] ?? call.agent
        decide(call, 'fallback', `${from}: ${last.message}`, { error: last.code, from, to: agent })
        return call.ctx.step(`fallback/${agent}`, { kind: 'agent', agent }, ctx =>
          ask(agent, { ...call, ctx, agent, rejections: [] }),
        )
      },
    }
  })
}
