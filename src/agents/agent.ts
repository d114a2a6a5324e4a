import { z } from 'zod'
import { duration } from '../duration.ts'
import type { Context } from '../engine/context.ts'
import type { Json, JsonSchema } from '../json.ts'
import type { Model } from '../models/model.ts'
import { retry } from '../policies/retry.ts'
import type { Scope } from '../template.ts'
import type { Clock } from '../clock.ts'
import type { Tool } from '../tools/tool.ts'

/** One piece of work for one agent: data, so that any process that knows the team could perform it. */
export interface Invocation {
  readonly agent: string
  /** What the pattern hands over; the prompt of an agent that declares none. */
  readonly task: string
  /** What the agent's templates see. */
  readonly scope: Scope
}

/** An answer that was not accepted, and why: the agent is told on its next attempt. */
export interface Rejection {
  readonly answer: string
  readonly problem: string
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
}

export interface Work<Spec> extends Invocation {
  readonly spec: Spec
  readonly rejections: readonly Rejection[]
  readonly services: Services
}

/** What agents work with, handed in by the composition root. */
export interface Services {
  readonly clock: Clock
  /** The folder of the team file: working folder of commands, root of file tools. */
  readonly root: string
  /** Values of the environment variables that the team declares. */
  readonly env: Readonly<Record<string, string>>
  /** No model is called and nothing with effects is executed. */
  readonly rehearsal: boolean
  model(name: string): Promise<Model>
  tool(name: string): Tool
  readonly turns: number
}

export const template = z.string().describe('Text with ${…} templates: CEL over input, steps, item, env, run')

export const text = z
  .union([z.string(), z.strictObject({ file: z.string().describe('Path of a text file, relative to the team file') })])
  .transform((value, context) => {
    if (typeof value === 'string') return value
    context.addIssue({ code: 'custom', message: 'the file was not included' })
    return z.NEVER
  })

export const jsonSchema = z
  .record(z.string(), z.json())
  .transform(schema => schema as JsonSchema)
  .describe('JSON Schema of the output; without one the output is text')

export const timeout = z
  .strictObject({
    total: duration.optional().describe('For everything together'),
    firstByte: duration.optional().describe('Until the first byte arrives'),
    idle: duration.optional().describe('Between two bytes'),
  })
  .describe('Deadlines of each call that the agent makes')

/** What every kind of agent may declare. */
export const shared = {
  description: z.string().optional().describe('What the agent is good at, for people and for agents that choose'),
  output: jsonSchema.optional(),
  retry: retry.optional(),
  timeout: timeout.optional(),
}

export const effects = z
  .enum(['pure', 'idempotent', 'once'])
  .describe('What a repetition may do: nothing; nothing more, given the same CREW_IDEMPOTENCY_KEY; harm')
