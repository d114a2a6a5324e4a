import * as z from 'zod'
import type { Context } from '../engine/context.ts'
import { CrewError } from '../errors.ts'
import type { Json, JsonObject, JsonSchema } from '../json.ts'
import type { Check } from './check.ts'
import { decide, type Failed, orElse } from './ladder.ts'
import { partialOf } from './partial.ts'
import type { Call, Policy } from './policy.ts'

export const repair = z
  .strictObject({
    by: z.string().describe('The agent that says what is done about work that has failed'),
    attempts: z.int().min(1).max(10).default(1).describe('How often it is asked about one piece of work'),
    total: z.int().min(1).default(5).describe('How often it is asked in the whole run'),
  })
  .describe('Has an agent change the plan when work has failed for good')

/** What a team declares, and what its run knows. */
export interface Repairs extends z.infer<typeof repair> {
  /** Who there is, in words. */
  readonly roster: string
  /** Whether one more may be made, by the key of its step. */
  allow(key: string): boolean
}

interface Repairing {
  /** What the agent was asked. */
  task(call: Call): string
  /** Who else could do it. */
  readonly others: readonly string[]
  /** The output that an answer must have. */
  readonly output: JsonSchema | undefined
  /** Whether those who come after can do with less than the whole. */
  readonly mayBePartial: boolean
  /** Has an agent answer a question, in the step of `ctx`. */
  ask(agent: string, question: string, ctx: Context, answer: Answer): Promise<Json>
  /** Has another agent do the work. */
  reassign(agent: string, call: Call): Promise<Json>
}

interface Answer {
  readonly output: JsonSchema
  readonly check: readonly Check[]
}

type Plan = {
  readonly action: 'retry' | 'reassign' | 'skip' | 'give-up'
  readonly task?: string
  readonly agent?: string
  readonly why: string
}

/** Asks an agent what is to be done about work that has failed, and does that. */
export function repairing({ by, attempts, roster, allow }: Repairs, work: Repairing): Policy {
  return orElse(({ call, last }, count) => {
    const key = `repair-${count + 1}`
    // Who has given up is not asked again.
    if (count >= attempts || last.code === 'halted') return undefined
    if (!allow(`${call.ctx.key}/${key}`)) {
      decide(call, 'repair', `${by} was asked as often as it may be in this run`, { by, action: 'none' })
      return undefined
    }
    return {
      what: `repair by ${by}`,
      key,
      perform: failed =>
        call.ctx.step(key, { kind: 'repair' }, async ctx => {
          const input = questionAbout(failed, work, roster)
          const plan = await ctx.step('plan', { kind: 'agent', agent: by, input }, inner =>
            work.ask(by, input, inner, answerOf(work)),
          )
          return follow(plan as unknown as Plan, by, failed, work, ctx)
        }),
    }
  })
}

/** Does what the plan says, in the step of `ctx`. */
async function follow(plan: Plan, by: string, failed: Failed, work: Repairing, ctx: Context): Promise<Json> {
  const { call, next, error, last } = failed
  const { action, task, agent = call.agent, why } = plan
  const before = work.task(call)
  const after = task ?? before
  const changed = after !== before && { task: { before, after } }
  const moved = agent !== call.agent && { agent: { before: call.agent, after: agent } }
  decide(call, 'repair', why, { error: last.code, by, action, ...moved, ...changed })
  if (action === 'give-up') throw new CrewError('halted', `${by} gave up: ${why}`)
  if (action === 'skip') return partialOf(call, error, work.output)
  const again = { ...call, ...(changed && { task: after }), rejections: [] }
  return action === 'retry'
    ? ctx.step('again', { kind: 'attempt', input: after }, inner => next({ ...again, ctx: inner }))
    : ctx.step('again', { kind: 'agent', agent, input: after }, inner =>
        work.reassign(agent, { ...again, agent, ctx: inner }),
      )
}

/** Counts repairs by their keys, those of `before` first: a run that is resumed has no more of them than any other. */
export function repairsOf(total: number, before: Iterable<string>): Repairs['allow'] {
  const made = new Set(before)
  return key => {
    if (!made.has(key) && made.size >= total) return false
    made.add(key)
    return true
  }
}

const CHOICES: Record<Plan['action'], string> = {
  retry: 'the same agent does it again, with the task that you write',
  reassign: 'the agent that you name does it, with this task or one that you write',
  skip: 'the others go on with what there is, and are told that it is not whole',
  'give-up': 'nothing can be done',
}

function actionsIn({ others, mayBePartial }: Repairing): Plan['action'][] {
  return [
    'retry',
    ...(others.length > 0 ? (['reassign'] as const) : []),
    ...(mayBePartial ? (['skip'] as const) : []),
    'give-up',
  ]
}

function answerOf(work: Repairing): Answer {
  const { others } = work
  const text = (description: string): JsonObject => ({ type: 'string', description })
  return {
    output: {
      type: 'object',
      properties: {
        action: { type: 'string', enum: actionsIn(work) },
        why: text('Why that will help'),
        task: text('The whole task in its new wording, if it is to be another one'),
        ...(others.length > 0 && { agent: { ...text('Who does it now'), enum: others } }),
      },
      required: ['action', 'why'],
      additionalProperties: false,
    },
    check: [
      { that: 'output.action != "retry" || has(output.task)' },
      ...(others.length > 0 ? [{ that: 'output.action != "reassign" || has(output.agent)' }] : []),
    ],
  }
}

function questionAbout({ call, error }: Failed, work: Repairing, roster: string): string {
  const { tried, answer } = error.details
  const actions = actionsIn(work).map(action => `- ${action}: ${CHOICES[action]}`)
  return [
    'Work in your team has failed. Say what is to be done about it.',
    `Who failed: ${call.agent}`,
    `The task:\n${work.task(call)}`,
    `The problem: ${error.message} (${error.code})`,
    tried && `Also tried: ${tried.join(', ')}`,
    answer !== undefined && `The last answer:\n${answer}`,
    `Who there is:\n${roster}`,
    `What can be done:\n${actions.join('\n')}`,
  ]
    .filter(Boolean)
    .join('\n\n')
}
