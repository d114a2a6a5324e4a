import * as z from 'zod'
import type { Clock } from '../clock.ts'
import { timeout } from '../deadlines.ts'
import type { Context } from '../engine/context.ts'
import { contextSettings } from '../exchange/compaction.ts'
import type { Exchange } from '../exchange/exchange.ts'
import type { Grants } from '../exchange/grants.ts'
import type { Scope } from '../expressions/template.ts'
import type { Connection } from '../fetch/connections.ts'
import type { Fetch } from '../fetch/fetch.ts'
import type { Json, JsonObject, JsonSchema } from '../json.ts'
import type { Model } from '../models/model.ts'
import { approve } from '../policies/approve.ts'
import { agentBudget, type budget } from '../policies/budget.ts'
import { cache } from '../policies/cache.ts'
import { type Check, check } from '../policies/check.ts'
import { expects } from '../policies/expects.ts'
import { fallback } from '../policies/fallback.ts'
import type { Gates } from '../policies/gate.ts'
import { ladder } from '../policies/ladder.ts'
import type { Lineup } from '../policies/model.ts'
import type { Act, Rejection } from '../policies/policy.ts'
import { type Retry, retry } from '../policies/retry.ts'
import { review } from '../policies/review.ts'
import { simplify } from '../policies/simplify.ts'
import type { Command, Output } from '../spawn.ts'
import type { Spend } from '../spend.ts'
import type { Part } from '../tools/exchange/part.ts'
import type { permissions } from '../tools/permissions.ts'
import type { Root, Tool } from '../tools/tool.ts'
import { breaker } from '../traffic.ts'

/** One piece of work for one agent: data, so that any process that knows the team could perform it. */
export interface Invocation {
  readonly agent: string
  /** What the pattern hands over; the prompt of an agent that declares none. */
  readonly task: string
  /** What the agent's templates see, besides `task`. */
  readonly scope: Scope
  /** What the pattern needs of it besides: told also to an agent that has a prompt of its own. */
  readonly instruction?: string
  /** The output that the pattern needs, instead of the agent's own. */
  readonly output?: JsonSchema
  /** Checks of the pattern, after the agent's own. */
  readonly check?: readonly Check[]
  /** Agents that do it instead when this one fails, after the agent's own. */
  readonly fallback?: readonly string[]
  /** What it may do to the others while it works. */
  readonly grants?: Grants
  /** Who asked whom so that it came to this, the first one first. */
  readonly path?: readonly string[]
  /** Folder to work in, when it is not that of the team. */
  readonly root?: string
  /** The more, the earlier it gets a place where others wait for one too. */
  readonly priority?: number
  /** What others did in vain for the same. */
  readonly past?: readonly string[]
  /** What it may take, with all that is done for it. */
  readonly budget?: z.infer<typeof budget>
  /** Names of the accounts that pay for it; by default those of the team. */
  readonly accounts?: readonly string[]
}

/**
 * What an agent is. A pattern cannot tell one kind from another.
 *
 * Contract of `perform`: it resolves with the agent's raw answer (text, or JSON when the agent declares an `output`
 * schema; the caller checks it). Whatever acts on the world happens inside `ctx.step` with `effects` declared.
 * It rejects with a CrewError, or with the reason of `ctx.signal`.
 */
export interface AgentKind<Spec> {
  readonly kind: string
  readonly schema: z.ZodType<Spec>
  perform(work: Work<Spec>, ctx: Context): Promise<Json>
  /** Whether another attempt does no harm, so that one is made without being asked for. */
  mayRepeat(spec: Spec): boolean
  /** Whether its answer depends on nothing but what it is asked, and does nothing else: then it can be kept. */
  isCacheable?(spec: Spec): boolean
  /** It does no work itself, and so takes no place among those that may work at once. */
  readonly isIdle?: true
}

export interface Work<Spec> extends Invocation {
  readonly spec: Spec
  /** Folder to work in. */
  readonly root: string
  readonly rejections: readonly Rejection[]
  /** What was done in vain before. */
  readonly past: readonly string[]
  /** Takes a note of something that it does, in one line, for whoever tries next. */
  note(deed: string): void
  /** The same for every attempt at the same work, also after a crash; another one once an answer was rejected. */
  readonly idempotencyKey: string
  /** What surrounds each act of the agent on the world; given to the step that the act is, as its `within`. */
  guard<T>(act: () => Promise<T>, ctx: Context, about?: Pick<Act, 'model' | 'reserved' | 'total'>): Promise<T>
  /** Waits for somebody while others may work in the place of the agent. */
  aside<T>(wait: () => Promise<T>): Promise<T>
  /** Who else there is, and how to ask one of them. */
  readonly colleagues: Omit<Part, 'agent' | 'exchange'>
  /** How each act of it is tried again. */
  readonly retry: Retry
  readonly lineup: Lineup
  /** Names of the accounts that pay for its calls. */
  readonly accounts: readonly string[]
  /** A budget is in force: no call may take more than was reserved for it. */
  readonly isBudgeted: boolean
  /** Takes down what the work costs, whether it was spent now or is remembered. */
  account(spent: Spend): void
  readonly services: Services
}

/** What agents work with, handed in by the composition root. */
export interface Services {
  readonly clock: Clock
  readonly fetch: Fetch
  /** The folder of the team file: working folder of commands, root of file tools. */
  readonly root: string
  /** What the agents of this run share. */
  readonly exchange: Exchange
  /** No model is called and nothing with effects is executed. */
  readonly rehearsal: boolean
  /** Nobody trusts the team yet: a rehearsal executes nothing then, not even what has no effects. */
  readonly untrusted?: boolean
  /** How people are asked before something happens. */
  readonly gates: Gates
  readonly limits: { readonly turns: number; readonly depth: number; readonly stagnation: number }
  /** What tools of the team may do, whatever agent calls them. */
  readonly permissions: z.infer<typeof permissions>
  /** Folders besides that of the team that tools may touch. */
  readonly roots: readonly Root[]
  /** What a person has allowed for the rest of the run: the agent and the tool, with a space between them. */
  readonly allowed: Set<string>
  /** Ready to be called: whatever can be missing was found missing before the run began. */
  model(name: string): Model
  /** One that the team declares; its secrets were found before the run began. */
  connection(name: string): Connection | undefined
  /** All that an agent may call of what its team file lists: a server stands for all of its tools. */
  tools(agent: string, listed: readonly string[]): readonly Tool[]
  /** An invented answer that fits, for work that a rehearsal does not do. */
  rehearse(work: {
    readonly agent: string
    readonly task: string
    readonly output?: JsonSchema
  }): Promise<Json>
  /** Runs a program to its end, in the sandbox of the team where it has one. */
  run(command: Command): Promise<Output>
  /** Has the team that an agent is do its work, inside the step that `ctx` belongs to. */
  runTeam(work: TeamWork, ctx: Context): Promise<Json>
}

export interface TeamWork {
  readonly agent: string
  /** Where the agent works, which may be a copy of the folder of its team. */
  readonly root: string
  /** Inputs of the team, by name. */
  readonly given: JsonObject
  /** Fills the one that is left open. */
  readonly task: string
  /** What the members are told where none is. */
  readonly besides: string
  /** Names of the accounts that pay for all of it. */
  readonly accounts: readonly string[]
}

/** What an agent without prompt is asked, and what any agent is told besides. */
export function askedOf({ task, instruction }: Pick<Invocation, 'task' | 'instruction'>): string {
  return [task, instruction].filter(Boolean).join('\n\n')
}

/**
 * All that is told to one who reads nothing but text: the task, the shape that an answer must have, and what was wrong
 * with earlier answers.
 */
export function toldInWords(
  work: Pick<Work<unknown>, 'task' | 'instruction' | 'rejections'>,
  output: JsonSchema | undefined,
): string {
  const format = output && `Answer with JSON that satisfies this schema:\n${JSON.stringify(output)}`
  const problems = work.rejections.map(
    ({ answer, problem }) =>
      `An earlier answer to this was not accepted.\nThe problem: ${problem}\nThe answer was:\n${answer}`,
  )
  return [askedOf(work), format, ...problems].filter(Boolean).join('\n\n')
}

/** The same for programs: answers that were rejected, and what else was done in vain. */
export function feedbackOf({ rejections, past }: Pick<Work<unknown>, 'rejections' | 'past'>): Json[] {
  const answers = rejections.map(({ answer, problem }) => ({ answer, problem }))
  return [...answers, ...past.map(tried => ({ tried }))]
}

/** The output that the pattern wants of an agent which cannot know it from its own definition. */
export function imposedOutput({
  spec,
  output,
}: Work<{ readonly output?: JsonSchema | undefined }>): JsonSchema | undefined {
  return output === spec.output ? undefined : output
}

export const template = z.string().describe('Text with ${…} templates: CEL over input, steps, item, env, run')

export const text = z
  .union([
    z.string(),
    z.strictObject({ file: z.string().describe('Path of a text file, relative to the team file') }),
  ])
  .transform((value, context) => {
    if (typeof value === 'string') return value
    context.addIssue({ code: 'custom', message: 'the file was not included' })
    return z.NEVER
  })

const jsonSchema = z
  .record(z.string(), z.json())
  .transform(schema => schema as JsonSchema)
  .describe('JSON Schema of the output; without one the output is text')

/** What every kind of agent may declare. */
export const shared = {
  description: z
    .string()
    .optional()
    .describe('What the agent is good at, for people and for agents that choose'),
  skills: z.array(z.string()).optional().describe('What it can do, in words that tasks ask for'),
  reads: z.array(z.string()).optional().describe('Files, tables, services … that it needs as they are'),
  writes: z
    .array(z.string())
    .optional()
    .describe(
      'Files, tables, services … that it changes: nobody who touches one of them works at the same time',
    ),
  expects: expects.optional(),
  approve: approve.optional(),
  review: review.optional(),
  output: jsonSchema.optional(),
  context: contextSettings.optional(),
  check: check.optional(),
  fallback: fallback.optional(),
  simplify: simplify.optional(),
  ladder: ladder.optional(),
  cache: cache.optional(),
  retry: retry.optional(),
  timeout: timeout.optional().describe('Deadlines of each call that the agent makes'),
}

/** What every kind of agent may declare that acts on the world by itself. */
export const acting = {
  ...shared,
  breaker: breaker.optional(),
  concurrency: z.int().min(1).optional().describe('How many of its invocations at once, in the whole run'),
}

/** What those may declare that have models called. */
export const spending = { budget: agentBudget.optional() }

export const effects = z
  .enum(['pure', 'idempotent', 'once'])
  .describe('What a repetition may do: nothing; nothing more, given the same CREW_IDEMPOTENCY_KEY; harm')
