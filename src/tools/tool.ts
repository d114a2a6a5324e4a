import { z } from 'zod'
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

export function toolFailed(message: string, cause?: unknown): CrewError {
  return new CrewError('tool-failed', message, { cause })
}

function parametersOf(schema: z.ZodObject): JsonSchema {
  const { $schema, ...parameters } = z.toJSONSchema(schema, { io: 'input' })
  return isObject(parameters) ? parameters : {}
}
