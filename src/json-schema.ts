import type { ValidateFunction } from 'ajv'
import type { Ajv2020 } from 'ajv/dist/2020.js'
import { hash, type Json, type JsonSchema } from './json.ts'

/** Says what is wrong with a value; `what` is how the value as a whole is called. */
type Validator = (value: Json, what?: string) => string | undefined

const compiled = new Map<string, Promise<Validator>>()

/**
 * A function that says what is wrong with a value by the standard of `schema`, in one line; nothing when all is well.
 * Patterns have RE2 semantics, so that no schema can hang the process.
 * @throws Error when `schema` is no JSON Schema (draft 2020-12)
 */
export function validator(schema: JsonSchema): Promise<Validator> {
  const key = hash(JSON.stringify(schema))
  const known = compiled.get(key)
  if (known) return known
  const fresh = compile(schema)
  compiled.set(key, fresh)
  return fresh
}

async function compile(schema: JsonSchema): Promise<Validator> {
  const validate = (await schemaCompiler()).compile(schema)
  return (value, what = 'the output') => (validate(value) ? undefined : problems(validate, what))
}

let compiler: Promise<Ajv2020> | undefined

/** Ajv as all of crew uses it, loaded when the first schema comes. */
export function schemaCompiler(): Promise<Ajv2020> {
  compiler ??= createCompiler()
  return compiler
}

async function createCompiler(): Promise<Ajv2020> {
  const [{ default: ajv }, { RE2JS }] = await Promise.all([import('ajv/dist/2020.js'), import('re2js')])
  const regExp = (pattern: string) => {
    const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern))
    // Ajv takes two of these for the same when they read the same.
    return { test: (text: string) => compiled.matcher(text).find(), toString: () => pattern }
  }
  const code = { regExp: Object.assign(regExp, { code: 're2js' }) }
  // Schemas are not kept by their $id: two agents may declare the same one.
  const keep = { addUsedSchema: false, logger: false } as const
  return new ajv.Ajv2020({ ...keep, code, allErrors: true, strict: false, validateFormats: false })
}

const MOST_PROBLEMS = 5

function problems({ errors }: ValidateFunction, root: string): string {
  const all = (errors ?? []).map(({ instancePath, message, params }) => {
    const where = instancePath === '' ? root : instancePath.slice(1).replaceAll('/', '.')
    const what = 'additionalProperty' in params ? `${message} (${params.additionalProperty})` : message
    return 'allowedValues' in params
      ? `${where} ${what}: ${params.allowedValues.join(', ')}`
      : `${where} ${what}`
  })
  return firstOf(all)
}

/** The first few of what is wrong with an answer, and how much more there is: a model can get hundreds of things wrong. */
export function firstOf(problems: readonly string[]): string {
  const more = problems.length > MOST_PROBLEMS ? `; and ${problems.length - MOST_PROBLEMS} more` : ''
  return problems.slice(0, MOST_PROBLEMS).join('; ') + more
}
