import type PQueue from 'p-queue'
import type { Context } from '../engine/context.ts'
import { hash, type Json } from '../json.ts'
import { type Checkers, checking, VERDICT } from '../policies/check.ts'
import { waitingTurn } from '../policies/concurrency.ts'
import { fallingBack } from '../policies/fallback.ts'
import { checkingOutput } from '../policies/output.ts'
import { compose, type Policy } from '../policies/policy.ts'
import { retrying, retrySettings } from '../policies/retry.ts'
import { run } from '../spawn.ts'
import type { Invocation, Services } from './agent.ts'
import { type AgentSpec, kindOf } from './index.ts'

/** Performs one invocation, inside the step of its own that `ctx` belongs to. The only way to an agent. */
export type Caller = (invocation: Invocation, ctx: Context) => Promise<Json>

const TEN_MINUTES = 600_000

/** Puts the policies around the agents of a team, in the one order that they have. */
export function createCaller(
  agents: Readonly<Record<string, AgentSpec>>,
  services: Services,
  { run: id, queue }: { run: string; queue: PQueue },
): Caller {
  /** `place`: how an agent gets a place among those at work. One that works for another has the place of that one. */
  const call = (invocation: Invocation, ctx: Context, place: readonly Policy[]): Promise<Json> => {
    const { agent } = invocation
    const spec = agents[agent] as AgentSpec
    const kind = kindOf(spec)
    const output = invocation.output ?? spec.output
    const checks = [...(spec.check ?? []), ...(invocation.check ?? [])]
    const substitutes = [...(spec.fallback ?? []), ...(invocation.fallback ?? [])]
    const root = invocation.root ?? services.root
    const scope = { ...invocation.scope, task: invocation.task }
    const policies: Policy[] = [
      ...(kind.isIdle ? [] : place),
      ...(substitutes.length > 0
        ? [fallingBack(substitutes, standIn({ ...invocation, ...(output && { output }) }))]
        : []),
      retrying(retrySettings(spec.retry, kind.mayRepeat(spec) ? 3 : 1)),
      ...(checks.length > 0 ? [checking(checks, scope, checkers(invocation, root))] : []),
      ...(output ? [checkingOutput(output)] : []),
    ]
    const perform = compose(policies, ({ ctx, rejections }) =>
      kind.perform(
        {
          ...invocation,
          scope,
          root,
          spec,
          rejections,
          idempotencyKey: hash(`${id}/${ctx.key}/${rejections.length}`),
          services,
          ...(output && { output }),
        },
        ctx,
      ),
    )
    return perform({ ctx, agent, rejections: [] })
  }

  /** Another agent does the same work, with an output like that of the one that should have done it. */
  const standIn =
    ({ fallback, ...invocation }: Invocation) =>
    (agent: string, { ctx }: { readonly ctx: Context }) =>
      call({ ...invocation, agent }, ctx, [])

  const checkers = ({ scope }: Invocation, cwd: string): Checkers => ({
    async run(argv, stdin, { signal }) {
      if (services.rehearsal) return
      await run({ argv, cwd, env: {}, stdin, deadlines: { total: TEN_MINUTES }, signal }, services.clock)
    },
    judge: (agent, task, ctx) =>
      call({ agent, task: '', scope, instruction: task, output: VERDICT }, ctx, []),
  })

  return (invocation, ctx) => call(invocation, ctx, [waitingTurn(queue)])
}
