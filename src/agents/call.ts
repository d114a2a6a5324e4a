import type PQueue from 'p-queue'
import type { Context } from '../engine/context.ts'
import { hash, type Json } from '../json.ts'
import { waitingTurn } from '../policies/concurrency.ts'
import { checkingOutput } from '../policies/output.ts'
import { compose, type Policy } from '../policies/policy.ts'
import { retrying, retrySettings } from '../policies/retry.ts'
import type { Invocation, Services } from './agent.ts'
import { type AgentSpec, kindOf } from './index.ts'

/** Performs one invocation, inside the step of its own that `ctx` belongs to. The only way to an agent. */
export type Caller = (invocation: Invocation, ctx: Context) => Promise<Json>

/** Puts the policies around the agents of a team, in the one order that they have. */
export function createCaller(
  agents: Readonly<Record<string, AgentSpec>>,
  services: Services,
  { run, queue }: { run: string; queue: PQueue },
): Caller {
  return (invocation, ctx) => {
    const spec = agents[invocation.agent] as AgentSpec
    const kind = kindOf(spec)
    const policies: Policy[] = [
      waitingTurn(queue),
      retrying(retrySettings(spec.retry, kind.mayRepeat(spec) ? 3 : 1)),
      ...(spec.output ? [checkingOutput(spec.output)] : []),
    ]
    const perform = compose(policies, call =>
      kind.perform(
        {
          ...invocation,
          spec,
          rejections: call.rejections,
          idempotencyKey: hash(`${run}/${ctx.key}/${call.rejections.length}`),
          services,
        },
        call.ctx,
      ),
    )
    return perform({ ctx, agent: invocation.agent, rejections: [] })
  }
}
