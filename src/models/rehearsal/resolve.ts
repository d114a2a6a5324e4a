import { isObject, type Json, type JsonObject, type JsonSchema } from '../../json.ts'

const STEPS = 50

/**
 * One plain schema that says no less than `given`: references followed, `allOf` merged, one branch of `anyOf` and
 * `oneOf` taken: the one of that number among those that fit, or the simplest, which does not nest if that can be had.
 */
export function resolveSchema(given: unknown, root: JsonSchema, branch: number | 'simplest'): JsonSchema {
  let schema = isObject(given) ? given : {}
  for (let step = 0; step < STEPS; step += 1) {
    const { $ref, allOf, anyOf, oneOf, ...rest } = schema
    if (typeof $ref === 'string') schema = merge(without(schema, '$ref'), find($ref, root))
    else if (Array.isArray(allOf)) schema = allOf.filter(isObject).reduce(merge, without(schema, 'allOf'))
    else if (Array.isArray(anyOf)) schema = merge(without(schema, 'anyOf'), choose(anyOf, rest, branch))
    else if (Array.isArray(oneOf)) schema = merge(without(schema, 'oneOf'), choose(oneOf, rest, branch))
    else return schema
  }
  return schema
}

function without(schema: JsonSchema, key: string): JsonSchema {
  const { [key]: _, ...rest } = schema
  return rest
}

/** The schema at a JSON pointer such as `#/$defs/person`. */
function find(reference: string, root: JsonSchema): JsonSchema {
  let at: Json | undefined = root
  for (const part of reference.replace(/^#\/?/, '').split('/').filter(Boolean)) {
    const name = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
    at = isObject(at) ? at[name] : Array.isArray(at) ? at[Number(name)] : undefined
  }
  return isObject(at) ? at : {}
}

function choose(branches: readonly Json[], beside: JsonObject, branch: number | 'simplest'): JsonSchema {
  const all = branches.filter(isObject)
  const fitting = all.filter(({ type }) => type !== 'null' && !clash(type, beside.type))
  const flat = fitting.find(schema => !('$ref' in schema || 'properties' in schema || 'items' in schema))
  return (branch === 'simplest' ? flat : fitting[branch % fitting.length]) ?? fitting[0] ?? all[0] ?? {}
}

const LOWER_BOUNDS = new Set(['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'])
const UPPER_BOUNDS = new Set(['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'])

/** A schema that says what both say. */
function merge(a: JsonSchema, b: JsonSchema): JsonSchema {
  const merged: Record<string, Json> = { ...a }
  for (const [key, theirs] of Object.entries(b)) {
    const ours = merged[key]
    merged[key] = ours === undefined ? theirs : mergeKeyword(key, ours, theirs)
  }
  return merged
}

function mergeKeyword(key: string, a: Json, b: Json): Json {
  if (LOWER_BOUNDS.has(key)) return Math.max(Number(a), Number(b))
  if (UPPER_BOUNDS.has(key)) return Math.min(Number(a), Number(b))
  if (key === 'required') return [...new Set([...listOf(a), ...listOf(b)])]
  if (key === 'enum') return listOf(a).filter(value => listOf(b).includes(value))
  if (key === 'type') return commonType(a, b)
  if (key === 'allOf' || key === 'anyOf' || key === 'oneOf') return [...listOf(a), ...listOf(b)]
  if ((key === 'properties' || key === '$defs') && isObject(a) && isObject(b)) return mergeProperties(a, b)
  if (key === 'items' && isObject(a) && isObject(b)) return { allOf: [a, b] }
  return b
}

function mergeProperties(a: JsonObject, b: JsonObject): JsonObject {
  const merged: Record<string, Json> = { ...a }
  for (const [name, theirs] of Object.entries(b)) {
    const ours = merged[name]
    merged[name] =
      ours === false || theirs === false
        ? false
        : isObject(ours) && isObject(theirs)
          ? { allOf: [ours, theirs] }
          : theirs
  }
  return merged
}

function commonType(a: Json, b: Json): Json {
  const theirs = typesOf(b)
  const common = typesOf(a).flatMap(type =>
    theirs.includes(type)
      ? type
      : NUMBERS.has(type) && theirs.some(other => NUMBERS.has(other))
        ? 'integer'
        : [],
  )
  return common.length === 1 ? (common[0] ?? b) : common
}

const NUMBERS = new Set(['number', 'integer'])

function clash(a: Json | undefined, b: Json | undefined): boolean {
  return a !== undefined && b !== undefined && typesOf(commonType(a, b)).length === 0
}

function typesOf(type: Json | undefined): string[] {
  return (Array.isArray(type) ? type : [type]).filter(one => typeof one === 'string')
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : []
}
