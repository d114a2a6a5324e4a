import * as z from 'zod'
import { duration } from '../duration.ts'
import { asJson, JSON_TYPES, type Json, type JsonObject, type JsonSchema } from '../json.ts'
import { validator } from '../json-schema.ts'
import { toolFailed } from './tool.ts'

/** What all kinds of tools that a team file declares have in common: their arguments, and when they may be used. */

const argument = z.strictObject({
  type: z.enum(JSON_TYPES),
  description: z.string().optional().describe('Said to the model'),
  enum: z.array(z.json()).min(1).optional().describe('The values that are allowed'),
  pattern: z.string().optional().describe('A regular expression (RE2) that text must match'),
  minLength: z.int().min(0).optional(),
  maxLength: z.int().min(0).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  items: z.record(z.string(), z.json()).optional().describe('JSON Schema of what a list holds'),
  minItems: z.int().min(0).optional(),
  maxItems: z.int().min(0).optional(),
  default: z.json().optional().describe('Taken when nothing is given; without one it is required'),
  optional: z.boolean().optional().describe('It may be left out although it has no default'),
  dash: z
    .boolean()
    .optional()
    .describe('It may begin with "-" where it is an argument of its own, and so may be read as an option'),
})

const argumentName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]*$/, 'an argument is letters, digits and _, and starts with a letter')

/** Arguments of a declared tool, by name. */
const declaredArgs = z.record(argumentName, argument)

export type DeclaredArgs = z.infer<typeof declaredArgs>

/** Fields of a declared tool of any kind. */
export const declaredTool = {
  description: z.string().min(1).describe('Said to the model'),
  args: declaredArgs.optional().describe('What the model gives it, by name; by default nothing'),
  effects: z
    .enum(['pure', 'idempotent', 'once'])
    .optional()
    .describe('What a repetition may do: nothing; nothing more, given the same idempotency key; harm'),
  timeout: duration.optional().describe('What a call may take'),
  approve: z
    .enum(['never', 'always'])
    .optional()
    .describe('Whether a person is asked before each call; by default as the permissions say'),
}

/** JSON Schema of the arguments of a declared tool. */
export function schemaOfArgs(args: DeclaredArgs = {}): JsonSchema {
  const properties = Object.entries(args).map(([name, field]) => [name, schemaOfArg(field)] as const)
  const required = Object.keys(args).filter(name => isRequired(args, name))
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  }
}

/** JSON Schema of one argument: what only crew understands is left out. */
export function schemaOfArg({ optional, dash, ...known }: DeclaredArgs[string]): JsonSchema {
  return asJson(known) as JsonSchema
}

/** Whether a call without this argument is refused. */
function isRequired(args: DeclaredArgs, name: string): boolean {
  const field = args[name]
  return field?.default === undefined && field?.optional !== true
}

/**
 * The arguments of a call as they were declared, defaults filled in. Rejects with `tool-failed` when they are anything
 * else, or have a NUL character in them: no program and no header can be given one.
 */
export async function readArgs(
  tool: string,
  args: DeclaredArgs = {},
  given: JsonObject,
): Promise<JsonObject> {
  const check = await validator(schemaOfArgs(args))
  const problem = check(given, 'arguments')
  if (problem !== undefined) throw toolFailed(`${tool} was called with wrong arguments. ${problem}`)
  const broken = Object.keys(given).find(name => hasNul(given[name] ?? null))
  if (broken !== undefined) throw toolFailed(`${tool} cannot be given a NUL character, as in ${broken}.`)
  const presets = Object.entries(args).flatMap(([name, field]) =>
    field.default === undefined ? [] : [[name, field.default] as const],
  )
  return { ...Object.fromEntries(presets), ...given }
}

function hasNul(value: Json): boolean {
  if (typeof value === 'string') return value.includes('\0')
  return typeof value === 'object' && value !== null && Object.values(value).some(hasNul)
}
