import { isObject, type Json, type JsonSchema } from '../json.ts'
import type { ModelRequest } from './model.ts'

/** All that strict mode knows. A schema that says more is sent without it, and the caller's check does the rest. */
const KNOWN = new Set([
  ...[
    'type',
    'properties',
    'required',
    'additionalProperties',
    'items',
    'anyOf',
    'enum',
    'const',
    '$ref',
    '$defs',
  ],
  ...['title', 'description', 'pattern', 'format', 'minItems', 'maxItems'],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
])

/**
 * The output that a request asks for, as providers take it; undefined where the prompt has to do, since they take
 * objects only. `strict` holds the model to the schema word by word, which is possible when every property of every
 * object is required, none may be added, and no keyword is used that strict mode does not know.
 */
export function toFormat(output: ModelRequest['output']) {
  if (output?.schema.type !== 'object') return undefined
  const { name, schema } = output
  return { name: name.replace(/\W/g, '_').slice(0, 64), schema, strict: isStrict(schema) }
}

function isStrict(schema: Json | undefined): boolean {
  if (!isObject(schema) || !Object.keys(schema).every(keyword => KNOWN.has(keyword))) return false
  const { properties, items, anyOf, $defs } = schema
  if (isObjectType(schema.type) && !isClosed(schema)) return false
  const inner = [
    ...(isObject(properties) ? Object.values(properties) : []),
    ...(isObject($defs) ? Object.values($defs) : []),
    ...(Array.isArray(anyOf) ? anyOf : []),
    ...(items === undefined ? [] : [items]),
  ]
  return inner.every(isStrict)
}

function isObjectType(type: Json | undefined): boolean {
  return type === 'object' || (Array.isArray(type) && type.includes('object'))
}

function isClosed({ properties, required, additionalProperties }: JsonSchema): boolean {
  if (additionalProperties !== false || !isObject(properties) || !Array.isArray(required)) return false
  return Object.keys(properties).every(name => required.includes(name))
}
