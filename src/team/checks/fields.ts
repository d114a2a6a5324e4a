import { isObject, type JsonSchema } from '../../json.ts'

/** Where a path leaves what a JSON Schema describes. */
export interface Miss {
  /** Index in the path of the element that is not there. */
  readonly index: number
  readonly reason: string
  readonly known: readonly string[]
}

/**
 * Follows `keys` into values of `schema`. Gives the schema at its end, undefined when the schema does not say, or a
 * Miss. Only a schema with `additionalProperties` has fields that it does not name.
 */
export function follow(
  schema: JsonSchema,
  keys: readonly (string | number)[],
): JsonSchema | Miss | undefined {
  let current: JsonSchema = schema
  for (const [index, key] of keys.entries()) {
    const miss = (reason: string, known: readonly string[] = []) => ({ index, reason, known })
    const next = typeof key === 'number' ? itemOf(current, miss) : fieldOf(current, key, miss)
    if (next === undefined || isMiss(next)) return next
    current = next
  }
  return current
}

export function isMiss(result: JsonSchema | Miss | undefined): result is Miss {
  return result !== undefined && 'reason' in result && 'known' in result
}

/** What a schema says its values are, when it says that they are one thing. */
export function typeOf({ type }: JsonSchema): string | undefined {
  return typeof type === 'string' ? type : undefined
}

type Report = (reason: string, known?: readonly string[]) => Miss

function itemOf(schema: JsonSchema, miss: Report): JsonSchema | Miss | undefined {
  const type = typeOf(schema)
  if (type !== undefined && type !== 'array' && type !== 'object') return miss(`is ${named(type)}`)
  return isObject(schema.items) && !schema.prefixItems ? schema.items : undefined
}

function fieldOf(schema: JsonSchema, key: string, miss: Report): JsonSchema | Miss | undefined {
  const type = typeOf(schema)
  if (type !== undefined && type !== 'object') return miss(`is ${named(type)}`)
  if (!isObject(schema.properties)) return undefined
  if (Object.hasOwn(schema.properties, key)) {
    const property = schema.properties[key]
    return isObject(property) ? property : undefined
  }
  const open = [
    'additionalProperties',
    'patternProperties',
    'allOf',
    'anyOf',
    'oneOf',
    '$ref',
    'if',
    'dependentSchemas',
  ]
  if (open.some(keyword => schema[keyword] !== undefined && schema[keyword] !== false)) return undefined
  const known = Object.keys(schema.properties)
  return miss(`has no "${key}"`, known)
}

function named(type: string): string {
  if (type === 'string') return 'text'
  return type === 'array'
    ? 'a list'
    : type === 'null'
      ? 'null'
      : `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`
}
