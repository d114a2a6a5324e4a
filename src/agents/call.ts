import type { Context } from '../engine/context.ts'
import type { Scope } from '../expressions/template.ts'
import { hash, type Json } from '../json.ts'
import { approving } from '../policies/approve.ts'
import type { Budgets } from '../policies/budget.ts'
import { type Checkers, checking, VERDICT } from '../policies/check.ts'
import { inPlace, inTurn, type Place } from '../policies/concurrency.ts'
import { expecting } from '../policies/expects.ts'
import { isGated } from '../policies/gate.ts'
import { remembering } from '../policies/memory.ts'
import { checkingOutput } from '../policies/output.ts'
import { type ActPolicy, type Call, compose, type Policy } from '../policies/policy.ts'
import { reviewing } from '../policies/review.ts'
import type { Invocation, Services, Work } from './agent.ts'
import type { Asked } from './answer-key.ts'
import { type Climbed, climb, type Means, ownTask } from './climb.ts'
import { guarding, type Member, placesOf, sayingWaits } from './guards.ts'
import { type AgentSpec, kindOf } from './index.ts'

/** Performs one invocation, inside the step of its own that `ctx` belongs to. The only way to an agent. */
export type Caller = (invocation: Invocation, ctx: Context) => Promise<Json>

const TEN_MINUTES = 600_000

type Charged = Invocation & Required<Pick<Invocation, 'accounts'>>

interface Setting extends Means {
  /** What the team is known by in all runs. */
  readonly team: Member['team']
  readonly queues: readonly Place[]
  /** Places of single agents in the run, by their names in all runs. */
  readonly places: Map<string, Place>
  /** Counts one more invocation of the run, by its key. Throws when there may be no more. */
  readonly count: (key: string) => void
  /** Who pays for calls of models in the run; and which of the accounts pay for all that the team does. */
  readonly budgets: Budgets
  readonly accounts: readonly string[]
  /** Key of the step in which the team works. */
  readonly step: string
}

/** An invocation with all that surrounds it, ready to be performed. */
interface Prepared extends Asked, Omit<Climbed, 'policies' | 'passesOn'> {
  readonly invocation: Charged
  /** Of its step. */
  readonly key: string
  readonly accounts: readonly string[]
  readonly isBudgeted: boolean
  readonly guards: readonly ActPolicy[]
}

/**
 * Puts the policies around the agents of a team, in the one order that they have. An agent at work has a place in each
 * of `queues`: that of its team, then those of the teams around it.
 */
export function createCaller(
  agents: Readonly<Record<string, AgentSpec>>,
  services: Services,
  setting: Setting,
): Caller {
  const { run: id, store, team, queues, count, budgets } = setting
  const { clock, rehearsal, gates } = services
  const names = Object.keys(agents)
  const call = async (handed: Invocation, ctx: Context, replaced?: string): Promise<Json> => {
    const invocation = charged(handed, ctx)
    const { agent } = invocation
    const spec = agents[agent] as AgentSpec
    const output = invocation.output ?? spec.output
    // Its own checks are about its own output, not about a plan or a verdict that a pattern asks it for.
    const { check: ownChecks, review: ownReview } = invocation.output === undefined ? spec : {}
    const checks = [...(ownChecks ?? []), ...(invocation.check ?? [])]
    const root = invocation.root ?? services.root
    const scope = Object.assign({}, invocation.scope, { task: invocation.task })
    const asked = { invocation, spec, scope, output, checks, root }
    const climbed = climb(
      {
        path: pathThrough(invocation),
        names,
        standIn: standIn(invocation, output),
        ask: (agent, instruction, inner, more) =>
          call({ ...related(invocation), agent, instruction, ...more }, inner),
        ...asked,
      },
      setting,
      services,
    )
    const { policies: ladder, passesOn, ...means } = climbed
    const member = { team, agent, spec }
    // A rehearsal calls nobody who could fail.
    const guarded = rehearsal ? undefined : guarding(member, { run: id, store, clock, passesOn })
    const policies: Policy[] = [
      ...(spec.expects ? [expecting(spec.expects, scope)] : []),
      ...(isGated(spec.approve)
        ? [approving(spec.approve, { gates, scope, task: ({ task }) => task ?? ownTask(asked) })]
        : []),
      ...(isGated(ownReview) ? [reviewing(ownReview, { gates, scope, output, retry: means.retry })] : []),
      ...ladder,
      remembering(),
      ...(guarded?.attempts ?? []),
      ...(checks.length > 0 ? [checking(checks, scope, checkers(invocation, root))] : []),
      ...(output ? [checkingOutput(output)] : []),
    ]
    const accounts = [...invocation.accounts, ...budgets.forAgent(setting.step, agent, spec)]
    const paying = budgets.guard(accounts)
    // The budget innermost: who waits for a turn keeps no money from those who have theirs.
    const guards: ActPolicy[] = [...(guarded?.acts ?? []), ...(paying ? [paying] : [])]
    const prepared = Object.assign({}, asked, means, {
      key: ctx.key,
      accounts,
      guards,
      isBudgeted: paying !== undefined,
    })
    const perform = compose(policies, attempt => performInPlace(attempt, prepared))
    const changed = replaced !== undefined && { task: replaced }
    return perform({ ctx, agent, rejections: [], past: invocation.past ?? [], ...changed })
  }

  /** One attempt, when its turn has come. Innermost: who waits for another agent, or to try again, holds no place. */
  const performInPlace = (attempt: Call, prepared: Prepared): Promise<Json> => {
    const { invocation, spec, scope, output, key, guards, retry, lineup, account } = prepared
    const { agent, priority } = invocation
    const { ctx, task, rejections, past = [], revision, note = () => {} } = attempt
    const places = placesOf({ team, agent, spec }, queues, setting.places)
    return inPlace(places, { clock, agent, priority, ctx }, aside => {
      // What only waits for its turn has not been asked yet: a limit must not stop what nobody has begun.
      count(key)
      const colleagues = colleaguesOf(invocation)
      const work: Work<AgentSpec> = Object.assign({}, invocation, {
        spec,
        scope,
        ...(task !== undefined && instead(task, invocation, spec, scope)),
        root: prepared.root,
        accounts: prepared.accounts,
        isBudgeted: prepared.isBudgeted,
        retry,
        lineup,
        account,
        rejections,
        past,
        note,
        idempotencyKey: hash(
          [id, key, rejections.length, ...past, ...[task, revision].filter(part => part !== undefined)].join(
            '/',
          ),
        ),
        services,
        // What comes out is what `act` gives: no policy changes the result of an act.
        guard: ((act, ctx, about) =>
          compose(
            guards,
            sayingWaits(act),
          )(Object.assign({}, about, { agent, ctx }))) as Work<AgentSpec>['guard'],
        aside,
        colleagues: Object.assign({}, colleagues, {
          ask: (...asked: Parameters<typeof colleagues.ask>) => aside(() => colleagues.ask(...asked)),
        }),
        ...(output && { output }),
      })
      return kindOf(spec).perform(work, ctx)
    })
  }

  /** The invocation with the names of all accounts that pay for it; its own budget opens one of them. */
  const charged = (
    { budget, accounts = setting.accounts, ...invocation }: Invocation,
    { key }: Context,
  ): Charged => ({
    accounts: [...accounts, ...budgets.forStep('branch', key, budget)],
    ...invocation,
  })

  /** Another agent does the same work, with an output like that of the one that should have done it. */
  const standIn =
    ({ fallback, ...invocation }: Charged, output: Invocation['output']) =>
    (agent: string, { ctx, task, past = [] }: Pick<Call, 'ctx' | 'task' | 'past'>) =>
      call(
        { ...invocation, agent, path: pathThrough(invocation), past, ...(output && { output }) },
        ctx,
        task,
      )

  /** The others in the team of an agent, who can be asked while it works. */
  const colleaguesOf = (invocation: Charged): Work<unknown>['colleagues'] => {
    const path = pathThrough(invocation)
    const { depth } = services.limits
    return {
      others: names.filter(name => name !== invocation.agent),
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
          return call({ ...related(invocation), agent, instruction }, inner)
        }),
    }
  }

  const checkers = (invocation: Charged, cwd: string): Checkers => ({
    async run(argv, stdin, ctx) {
      if (services.rehearsal) return
      const spawn = { argv, cwd, env: {}, stdin, deadlines: { total: TEN_MINUTES }, signal: ctx.signal }
      await inTurn(queues, { ...invocation, ctx, clock }, () => services.run(spawn))
    },
    judge(agent, instruction, ctx) {
      const { priority = 0 } = invocation
      return call({ ...related(invocation), agent, instruction, output: VERDICT, priority }, ctx)
    },
  })

  return (invocation, ctx) => call(invocation, ctx)
}

/** What the agent is told in place of its task, whatever prompt it has. */
function instead(task: string, { instruction, ...invocation }: Invocation, spec: AgentSpec, scope: Scope) {
  const bare = 'prompt' in spec ? { ...spec, prompt: undefined } : spec
  // Who was asked nothing but a question is asked the other one.
  const also = instruction !== undefined && { instruction: invocation.task === '' ? '' : instruction }
  return { ...also, task, spec: bare, scope: { ...scope, task } }
}

/** What a question that comes up in an invocation has from it. */
function related(invocation: Charged): Omit<Charged, 'agent'> {
  const { scope, accounts } = invocation
  return { task: '', scope, path: pathThrough(invocation), accounts }
}

function pathThrough({ path = [], agent }: Invocation): readonly string[] {
  return [...path, agent]
}
