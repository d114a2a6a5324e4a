import { isObject, type Json } from '../../json.ts'

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
/** Fields of an authorization that name no secret. */
const OPEN: ReadonlySet<string> = new Set([
  ...['kind', 'header', 'query', 'tokenUrl', 'scope', 'parameters', 'sends'],
])

/** The variables and files that an authorization takes its secrets from. */
export function secretsOf(auth: Json | undefined): { variables: string[]; files: string[] } {
  const values = isObject(auth)
    ? Object.entries(auth).flatMap(([field, value]) => (OPEN.has(field) ? [] : [value]))
    : []
  return {
    variables: values.flatMap(value => (typeof value === 'string' && NAME.test(value) ? [value] : [])),
    files: values.flatMap(value => (isObject(value) && typeof value.file === 'string' ? [value.file] : [])),
  }
}

/** What of a definition names variables. */
interface Naming {
  readonly env?: unknown
  readonly models?: unknown
  readonly connections?: unknown
}

/** Names of all variables of the environment that a definition makes use of: none of their values may be written down. */
export function secretVariablesOf({ env, models, connections }: Naming): string[] {
  const declared = Array.isArray(env) ? env.filter((name: Json) => typeof name === 'string') : []
  const keys = Object.values(isObject(models) ? models : {}).flatMap(model =>
    isObject(model) && typeof model.apiKeyEnv === 'string' ? model.apiKeyEnv : [],
  )
  const secrets = Object.values(isObject(connections) ? connections : {}).flatMap(connection =>
    isObject(connection) ? secretsOf(connection.auth).variables : [],
  )
  return [...new Set([...declared, ...keys, ...secrets])]
}
