import type PQueue from 'p-queue'
import type { Context } from '../engine/context.ts'
import { hash, type Json } from '../json.ts'
import { type Checkers, checking, VERDICT } from '../policies/check.ts'
import { inPlace, inTurn } from '../policies/concurrency.ts'
import { fallingBack } from '../policies/fallback.ts'
import { checkingOutput } from '../policies/output.ts'
import { type ActPolicy, compose, type Policy } from '../policies/policy.ts'
import { retrying, retrySettings } from '../policies/retry.ts'
import { run } from '../spawn.ts'
import type { Store } from '../store/store.ts'
import type { Invocation, Services, Work } from './agent.ts'
import { type AgentSpec, kindOf } from './index.ts'

/** Performs one invocation, inside the step of its own that `ctx` belongs to. The only way to an agent. */
export type Caller = (invocation: Invocation, ctx: Context) => Promise<Json>

const TEN_MINUTES = 600_000

interface Setting {
  readonly run: string
  /** What policies know of other runs, and share with them, is in there. */
  readonly store: Store
  readonly queues: readonly PQueue[]
  /** Counts one more invocation of the run, by its key. Throws when there may be no more. */
  readonly count: (key: string) => void
}

/**
 * Puts the policies around the agents of a team, in the one order that they have. An agent at work has a place in each
 * of `queues`: that of its team, then those of the teams around it.
 */
export function createCaller(
  agents: Readonly<Record<string, AgentSpec>>,
  services: Services,
  { run: id, queues, count }: Setting,
): Caller {
  const call: Caller = async (invocation, ctx) => {
    const { agent } = invocation
    const spec = agents[agent] as AgentSpec
    const kind = kindOf(spec)
    const output = invocation.output ?? spec.output
    // Its own checks are about its own output, not about a plan or a verdict that a pattern asks it for.
    const ownChecks = invocation.output === undefined ? spec.check : undefined
    const checks = [...(ownChecks ?? []), ...(invocation.check ?? [])]
    // Who stands in for somebody that stands in for them would never come to an end.
    const path = pathThrough(invocation)
    const substitutes = [...(spec.fallback ?? []), ...(invocation.fallback ?? [])].filter(
      name => !path.includes(name),
    )
    const root = invocation.root ?? services.root
    const scope = { ...invocation.scope, task: invocation.task }
    const policies: Policy[] = [
      ...(substitutes.length > 0
        ? [fallingBack(substitutes, standIn({ ...invocation, ...(output && { output }) }))]
        : []),
      retrying(retrySettings(spec.retry, kind.mayRepeat(spec) ? 3 : 1)),
      ...(checks.length > 0 ? [checking(checks, scope, checkers(invocation, root))] : []),
      ...(output ? [checkingOutput(output)] : []),
    ]
    const guards: ActPolicy[] = []
    const { key } = ctx
    const perform = compose(policies, ({ ctx, rejections }) =>
      // Innermost: who waits for another agent, or to try again, holds no place that the other may need.
      inPlace(kind.isIdle ? [] : queues, ctx.signal, aside => {
        // What only waits for its turn has not been asked yet: a limit must not stop what nobody has begun.
        count(key)
        const colleagues = colleaguesOf(invocation)
        const work: Work<AgentSpec> = {
          ...invocation,
          scope,
          root,
          spec,
          rejections,
          idempotencyKey: hash(`${id}/${key}/${rejections.length}`),
          services,
          // What comes out is what `act` gives: no policy changes the result of an act.
          guard: (act, ctx, about) =>
            compose(guards, act)({ ...about, agent, ctx }) as ReturnType<typeof act>,
          colleagues: { ...colleagues, ask: (...asked) => aside(() => colleagues.ask(...asked)) },
          ...(output && { output }),
        }
        return kind.perform(work, ctx)
      }),
    )
    return perform({ ctx, agent, rejections: [] })
  }

  /** Another agent does the same work, with an output like that of the one that should have done it. */
  const standIn =
    ({ fallback, ...invocation }: Invocation) =>
    (agent: string, { ctx }: { readonly ctx: Context }) =>
      call({ ...invocation, agent, path: pathThrough(invocation) }, ctx)

  /** The others in the team of an agent, who can be asked while it works. */
  const colleaguesOf = (invocation: Invocation): Work<unknown>['colleagues'] => {
    const path = pathThrough(invocation)
    const { depth } = services.limits
    return {
      others: Object.keys(agents).filter(name => name !== invocation.agent),
      refusal(agent) {
        const way = [...path, agent].join(' → ')
        if (path.includes(agent)) return `${agent} waits for the answer of this itself (${way}).`
        return path.length > depth
          ? `Not more than ${depth} may ask each other in a chain (${way}).`
          : undefined
      },
      ask: (agent, question, ctx, key) =>
        ctx.step(key, { kind: 'agent', agent, input: question }, inner => {
          const instruction = `${invocation.agent} asks you:\n${question}`
          return call({ agent, task: '', scope: invocation.scope, instruction, path }, inner)
        }),
    }
  }

  const checkers = (invocation: Invocation, cwd: string): Checkers => ({
    async run(argv, stdin, { signal }) {
      if (services.rehearsal) return
      const spawn = { argv, cwd, env: {}, stdin, deadlines: { total: TEN_MINUTES }, signal }
      await inTurn(queues, signal, () => run(spawn, services.clock))
    },
    judge(agent, instruction, ctx) {
      const { scope } = invocation
      const path = pathThrough(invocation)
      return call({ agent, task: '', scope, instruction, output: VERDICT, path }, ctx)
    },
  })

  return call
}

function pathThrough({ path = [], agent }: Invocation): readonly string[] {
  return [...path, agent]
}
