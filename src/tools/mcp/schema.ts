import type { ErrorObject, ValidateFunction } from 'ajv'
import { hash, isObject, type Json, type JsonObject, type JsonSchema } from '../../json.ts'
import { firstOf, schemaCompiler } from '../../json-schema.ts'
import { legible } from './words.ts'

/** Says what is wrong with a value, in one line; nothing when all is well. */
export type Check = (value: Json) => string | undefined

const LARGEST = 32 * 1024
const LONGEST_WORDS = 1000

/**
 * A schema that a server gave, as it can be shown to a model: an object schema, not too large, that compiles.
 * @returns the schema, or in one sentence why it cannot be used
 */
export async function usableSchema(schema: JsonObject): Promise<JsonSchema | string> {
  if (JSON.stringify(schema).length > LARGEST) return `its schema is larger than ${LARGEST / 1024} KiB`
  if (schema.type !== 'object') return 'its schema is not one of an object'
  // What is checked asynchronously would not be checked at all.
  const { $schema, $async, ...rest } = withLegibleWords(schema) as JsonObject
  try {
    await compile(rest, 'it')
    return rest
  } catch (thrown) {
    return `its schema is no JSON Schema: ${legible(String((thrown as Error).message), 200)}`
  }
}

/** Servers give any number of schemas: only the latest are kept. */
const compiled = new Map<string, ValidateFunction>()
const MOST_KEPT = 300

/**
 * `what` is how the value as a whole is called in the complaint.
 * @throws Error when it is no JSON Schema
 */
export async function compile(schema: JsonSchema, what: string): Promise<Check> {
  const key = hash(JSON.stringify(schema))
  const compiler = await schemaCompiler()
  const validate = compiled.get(key) ?? compiler.compile(schema)
  compiled.delete(key)
  compiled.set(key, validate)
  const [oldest] = compiled
  if (compiled.size > MOST_KEPT && oldest) {
    compiled.delete(oldest[0])
    compiler.removeSchema(oldest[1].schema)
  }
  return value =>
    validate(value) ? undefined : firstOf((validate.errors ?? []).map(at => complaint(at, what)))
}

function complaint({ instancePath, message = 'is wrong', params }: ErrorObject, what: string): string {
  const where = instancePath === '' ? what : instancePath.slice(1).replaceAll('/', '.')
  const values = 'allowedValues' in params ? `: ${params.allowedValues.join(', ')}` : ''
  const name = 'additionalProperty' in params ? ` (${params.additionalProperty})` : ''
  return `${where} ${message}${name}${values}`
}

/** Titles and descriptions go to the model with the schema. */
function withLegibleWords(value: Json): Json {
  if (Array.isArray(value)) return value.map(withLegibleWords)
  if (!isObject(value)) return value
  const entries = Object.entries(value).map(([key, inner]) => {
    const isWords = (key === 'description' || key === 'title') && typeof inner === 'string'
    return [key, isWords ? legible(inner, LONGEST_WORDS) : withLegibleWords(inner)] as const
  })
  return Object.fromEntries(entries)
}
