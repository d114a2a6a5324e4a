import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { inWords } from '../duration.ts'
import type { Context } from '../engine/context.ts'
import { CrewError } from '../errors.ts'
import { isObject, type Json, type JsonObject, type JsonSchema } from '../json.ts'
import type { Effects } from '../store/events.ts'

/** Something a model may do besides talking. */
export interface Tool {
  readonly name: string
  /** Said to the model. */
  readonly description: string
  readonly parameters: JsonSchema
  /** Absent when it touches only what is journaled, itself or through steps of its own. */
  readonly effects?: Effects
  /** Checks `args` against `parameters`. Rejects with a CrewError `tool-failed` whose message is for the model. */
  call(args: JsonObject, setting: Setting): Promise<Json>
}

interface Setting {
  /** The folder that the tool may touch. */
  readonly root: string
  /** Of the step that the call is. */
  readonly ctx: Context
  /** Aborts when the call is no longer wanted, or its time is over. */
  readonly signal: AbortSignal
}

/** How a tool is used: as the step of `ctx`, for `deadline` milliseconds at the most. */
interface Use extends Omit<Setting, 'signal'> {
  readonly clock: Clock
  readonly deadline: number
}

interface Draft<Args extends z.ZodObject> extends Pick<Tool, 'name' | 'description' | 'effects'> {
  readonly args: Args
  run(args: z.infer<Args>, setting: Setting): Promise<Json>
}

/** A tool whose parameters and checks come from one schema. */
export function defineTool<Args extends z.ZodObject>(draft: Draft<Args>): Tool {
  const { args: schema, run, ...more } = draft
  return {
    ...more,
    parameters: parametersOf(schema),
    async call(args, setting) {
      const checked = schema.safeParse(args)
      if (checked.success) return run(checked.data, setting)
      const problems = checked.error.issues.map(
        ({ path, message }) => `${path.join('.') || 'arguments'}: ${message}`,
      )
      throw toolFailed(`${more.name} was called with wrong arguments. ${problems.join('; ')}`)
    },
  }
}

/**
 * Calls a tool. One that acts on the world has to be done in time: rejects with `timeout` otherwise, or at once with the
 * reason of the step's signal, whether the tool heeds its signal or not. What others do for it has its own deadlines.
 */
export async function useTool(
  tool: Tool,
  args: JsonObject,
  { root, ctx, clock, deadline }: Use,
): Promise<Json> {
  if (!tool.effects) return tool.call(args, { root, ctx, signal: ctx.signal })
  const over = new AbortController()
  const signal = AbortSignal.any([ctx.signal, over.signal])
  const ended = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  const cancel = clock.after(deadline, () => over.abort(tooLate(tool.name, deadline)))
  try {
    return await Promise.race([tool.call(args, { root, ctx, signal }), ended])
  } finally {
    cancel()
  }
}

function tooLate(tool: string, deadline: number): CrewError {
  return new CrewError('timeout', `${tool} was not done after ${inWords(deadline)}`, {
    hint: 'raise timeout.tool of the agent',
  })
}

export function toolFailed(message: string, cause?: unknown): CrewError {
  return new CrewError('tool-failed', message, { cause })
}

function parametersOf(schema: z.ZodObject): JsonSchema {
  const { $schema, ...parameters } = z.toJSONSchema(schema, { io: 'input' })
  return isObject(parameters) ? parameters : {}
}
