import type * as z from 'zod'
import { isObject, type JsonObject, type JsonSchema } from '../json.ts'
import { teamJsonSchema } from './json-schema.ts'
import type { Finding } from './source/problem.ts'
import { valueAt } from './source/source.ts'
import type { Path } from './source/tree.ts'
import { didYouMean, namesOf } from './suggest.ts'

type Issue = z.core.$ZodIssue

/** What zod found, in the words of a team file. */
export function findingsOf(issues: readonly Issue[], raw: JsonObject): Finding[] {
  return issues.flatMap(issue => findingsOfIssue(issue, raw))
}

function findingsOfIssue(issue: Issue, raw: JsonObject): Finding[] {
  const path = pathOf(issue)
  const found = valueAt(raw, path)
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map(key => unknownKey([...path, key], raw))
    case 'invalid_union':
      return 'options' in issue ? [unknownKind(path, found, issue.options ?? [])] : union(issue, raw)
    case 'invalid_type':
      return [
        {
          path,
          message:
            found === undefined ? 'is missing' : `expected ${nameOf(issue.expected)}, found ${shown(found)}`,
        },
      ]
    case 'invalid_value':
      return [{ path, ...notOneOf(found, issue.values) }]
    case 'invalid_key':
      return [
        { path, at: 'key', message: `"${path.at(-1)}" is not a name`, hint: issue.issues[0]?.message ?? '' },
      ]
    case 'too_small':
      return [{ path, message: sized(issue.origin, `at least ${issue.minimum}`, found) }]
    case 'too_big':
      return [{ path, message: sized(issue.origin, `at most ${issue.maximum}`, found) }]
    case 'invalid_format':
      return [{ path, ...malformed(issue, found) }]
    default:
      return [{ path, message: issue.message }]
  }
}

/** Of several things that a value may be, reports what is wrong with the one that it resembles. */
function union(issue: Issue & { readonly code: 'invalid_union' }, raw: JsonObject): Finding[] {
  const path = pathOf(issue)
  const isOfAnotherType = (branch: readonly Issue[]) =>
    branch.some(({ code, path }) => code === 'invalid_type' && path.length === 0)
  // What can also be switched off is more often meant to be on.
  const isSwitch = (branch: readonly Issue[]) =>
    branch.some(inner => inner.code === 'invalid_value' && inner.values.every(value => value === false))
  const isWrongInside = (branch: readonly Issue[]) =>
    branch.every(({ code, path }) => path.length > 0 || code === 'unrecognized_keys')
  const resembled =
    issue.errors.find(isWrongInside) ??
    issue.errors.find(branch => !isOfAnotherType(branch) && !isSwitch(branch))
  if (resembled)
    return resembled.flatMap(inner => findingsOfIssue({ ...inner, path: [...path, ...inner.path] }, raw))
  const expected = issue.errors
    .flat()
    .flatMap(inner =>
      inner.code === 'invalid_type'
        ? nameOf(inner.expected)
        : inner.code === 'invalid_value'
          ? texts(inner.values)
          : [],
    )
  return [
    { path, message: `expected ${[...new Set(expected)].join(' or ')}, found ${shown(valueAt(raw, path))}` },
  ]
}

function unknownKind(path: Path, found: unknown, options: readonly unknown[]): Finding {
  const subject = path.length === 2 ? path[0] : 'agent'
  if (found === undefined) return { path, message: 'is missing', hint: `one of: ${namesOf(texts(options))}` }
  return { path, message: `unknown ${subject} kind ${shown(found)}`, hint: hintOf(found, texts(options)) }
}

function notOneOf(found: unknown, values: readonly unknown[]) {
  if (found === undefined) return { message: 'is missing', hint: `one of: ${namesOf(texts(values))}` }
  return { message: `${shown(found)} is not allowed here`, hint: hintOf(found, texts(values)) }
}

function hintOf(found: unknown, allowed: readonly string[]): string {
  return (typeof found === 'string' && didYouMean(found, allowed)) || `one of: ${namesOf(allowed)}`
}

function unknownKey(path: Path, raw: JsonObject): Finding {
  const key = String(path.at(-1))
  const { keys, elsewhere } = keysAt(path.slice(0, -1), raw)
  const kind = elsewhere.get(key)
  const hint = kind
    ? `"${key}" belongs to kind: ${kind}`
    : (didYouMean(key, keys) ?? `allowed: ${namesOf(keys)}`)
  return { path, at: 'key', message: `there is no key "${key}" here`, hint }
}

/** The keys that the object at `path` may have, and those that it might have if it were of another kind. */
function keysAt(path: Path, raw: JsonObject) {
  let schemas = branchesOf(teamJsonSchema())
  path.forEach((step, index) => {
    const value = valueAt(raw, path.slice(0, index))
    schemas = schemas.filter(schema => isOfKind(schema, value)).flatMap(schema => childrenOf(schema, step))
  })
  const value = valueAt(raw, path)
  const [own, others] = [true, false].map(wanted =>
    schemas.filter(schema => isOfKind(schema, value) === wanted),
  )
  const elsewhere = new Map<string, string>()
  for (const other of others ?? []) {
    for (const key of Object.keys(propertiesOf(other))) elsewhere.set(key, String(kindOf(other)))
  }
  const keys = (own ?? []).flatMap(schema => Object.keys(propertiesOf(schema)))
  for (const key of keys) elsewhere.delete(key)
  return { keys, elsewhere }
}

function childrenOf(schema: JsonSchema, step: string | number): JsonSchema[] {
  const child =
    typeof step === 'number' ? schema.items : (propertiesOf(schema)[step] ?? schema.additionalProperties)
  return isObject(child) ? branchesOf(child) : []
}

function branchesOf(schema: JsonSchema): JsonSchema[] {
  const branches = schema.anyOf ?? schema.oneOf
  return Array.isArray(branches) ? branches.filter(isObject).flatMap(branchesOf) : [schema]
}

function isOfKind(schema: JsonSchema, value: unknown): boolean {
  const kind = kindOf(schema)
  const named = isObject(value) ? value.kind : undefined
  if (kind === undefined || named === kind) return true
  return named === undefined && !(Array.isArray(schema.required) && schema.required.includes('kind'))
}

function kindOf(schema: JsonSchema): unknown {
  const { kind } = propertiesOf(schema)
  return isObject(kind) ? kind.const : undefined
}

function propertiesOf(schema: JsonSchema): JsonObject {
  return isObject(schema.properties) ? schema.properties : {}
}

function pathOf({ path }: Issue): Path {
  return path.map(step => (typeof step === 'symbol' ? String(step) : step))
}

function texts(values: readonly unknown[]): string[] {
  return values.filter(value => value !== undefined).map(String)
}

function sized(origin: string, bound: string, found: unknown): string {
  if (origin === 'array') return `must have ${bound} ${bound.endsWith(' 1') ? 'entry' : 'entries'}`
  if (origin === 'string') return `must have ${bound} ${bound.endsWith(' 1') ? 'character' : 'characters'}`
  return `must be ${bound}, found ${shown(found)}`
}

function malformed(
  { format, message }: { readonly format: string; readonly message: string },
  found: unknown,
) {
  if (format === 'url')
    return { message: `${shown(found)} is not an address that starts with http:// or https://` }
  return { message: `${shown(found)} is not allowed here`, hint: message }
}

const NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
}

function nameOf(type: string): string {
  return NAMES[type] ?? type
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (isObject(value)) return 'a map'
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
