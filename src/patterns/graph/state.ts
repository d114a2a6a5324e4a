import * as z from 'zod'
import { CrewError } from '../../errors.ts'
import { renderDeep, type Scope } from '../../expressions/template.ts'
import { brief, canonical, isObject, isOfType, JSON_TYPES, type Json, type JsonObject } from '../../json.ts'

/** How a value that is written meets the one that is there, by the types that it is for. */
const REDUCERS = {
  replace: { types: JSON_TYPES, combine: (_, now) => now },
  append: { types: ['array'], start: [], combine: (was, now) => [...listOf(was), ...listOf(now)] },
  add: { types: ['number', 'integer'], start: 0, combine: (was, now) => Number(was) + Number(now) },
  merge: {
    types: ['object'],
    start: {},
    combine: (was, now) => ({ ...(isObject(was) && was), ...(isObject(now) && now) }),
  },
  max: { types: ['number', 'integer'], combine: (was, now) => Math.max(Number(was), Number(now)) },
  min: { types: ['number', 'integer'], combine: (was, now) => Math.min(Number(was), Number(now)) },
} satisfies Record<string, Reducer>

interface Reducer {
  readonly types: readonly string[]
  /** What is there before anything is written, where no default says otherwise. */
  readonly start?: Json
  combine(was: Json, now: Json): Json
}

/** One field of state that the steps of a pattern share. */
export const stateField = z
  .strictObject({
    type: z.enum(JSON_TYPES).describe('What it holds; anything else is refused'),
    description: z.string().optional().describe('What it means, for people'),
    enum: z.array(z.json()).min(1).optional().describe('The values that are allowed'),
    default: z.json().optional().describe('What it holds at the start; without one there is nothing'),
    reducer: z
      .enum(['replace', 'append', 'add', 'merge', 'max', 'min'])
      .default('replace')
      .describe('What becomes of a value that is there when another one is written'),
  })
  .superRefine((field, context) => {
    const { type, reducer, default: preset } = field
    const { types }: Reducer = REDUCERS[reducer]
    const problem = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message })
    if (!types.includes(type))
      problem('reducer', `"${reducer}" is for ${types.join(' and ')}, this is of type ${type}`)
    const isTemplate = typeof preset === 'string' && preset.includes('${')
    if (preset !== undefined && !isTemplate && !fits(field, preset))
      problem('default', `the default is not ${wanted(field)}`)
  })

type Field = z.infer<typeof stateField>
export type Fields = Readonly<Record<string, Field>>

/** The state before anything has happened. */
export function initialState(fields: Fields, scope: Scope): JsonObject {
  const given = Object.entries(fields).flatMap(([name, { default: preset, reducer }]) => {
    const { start }: Reducer = REDUCERS[reducer]
    if (preset === undefined) return start === undefined ? [] : [[name, start] as const]
    return [[name, renderDeep(preset, scope)] as const]
  })
  return written(fields, {}, Object.fromEntries(given), 'the default')
}

/** The state after `by` has written `values`. Throws `output-invalid` for a value of the wrong type. */
export function written(fields: Fields, state: JsonObject, values: JsonObject, by: string): JsonObject {
  const changed = Object.entries(values).flatMap(([name, value]) => {
    const field = fields[name]
    if (!field) return []
    const { combine }: Reducer = REDUCERS[field.reducer]
    const was = Object.hasOwn(state, name) ? state[name] : undefined
    const isEntry = field.reducer === 'append' && was !== undefined
    if (!isEntry && !fits(field, value)) throw mistyped(by, name, field, value)
    return [[name, was === undefined ? value : combine(was, value)] as const]
  })
  return { ...state, ...Object.fromEntries(changed) }
}

function mistyped(by: string, name: string, field: Field, value: Json): CrewError {
  return new CrewError(
    'output-invalid',
    `${by} writes ${brief(JSON.stringify(value))} to state.${name}, which is ${wanted(field)}`,
    {
      hint: `write such a value, or change what "${name}" is declared to be`,
    },
  )
}

function fits({ type, enum: allowed }: Pick<Field, 'type' | 'enum'>, value: Json): boolean {
  return isOfType(type, value) && (allowed?.some(one => canonical(one) === canonical(value)) ?? true)
}

function wanted({ type, enum: allowed }: Pick<Field, 'type' | 'enum'>): string {
  return `of type ${type}${allowed ? `, one of ${allowed.map(one => JSON.stringify(one)).join(', ')}` : ''}`
}

function listOf(value: Json): readonly Json[] {
  return Array.isArray(value) ? value : [value]
}
