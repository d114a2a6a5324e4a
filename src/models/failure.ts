import { CrewError, type ErrorCode } from '../errors.ts'
import type { Answer } from '../fetch/fetch.ts'
import { codeOfStatus, describeRefusal, quote, readRetryAfter } from '../fetch/status.ts'
import { isObject, type JsonObject, parseJson } from '../json.ts'
import type { ResolvedEndpoint } from './endpoint.ts'

/** The error for a call that was answered with a status outside of 2xx. `now` is in milliseconds since the epoch. */
export function refusedCall(
  endpoint: ResolvedEndpoint,
  answer: Answer,
  body: string,
  now: number,
): CrewError {
  const code = codeOf(answer.status, errorIn(body))
  const retryAfter = readRetryAfter(answer, now)
  return new CrewError(code, `${endpoint.id} at ${endpoint.baseUrl}: ${describeRefusal(answer, body)}`, {
    hint: remedy(code, endpoint),
    ...(retryAfter !== undefined && { retryAfter }),
  })
}

/** The error for a call that was accepted, and then answered with an error object where the reply should be. */
export function reportedError(endpoint: ResolvedEndpoint, error: unknown): CrewError {
  const status = isObject(error) && typeof error.code === 'number' ? error.code : undefined
  const code = codeOf(status, isObject(error) ? error : {})
  const said = quote(JSON.stringify(error) ?? '')
  return new CrewError(code, `${endpoint.id} at ${endpoint.baseUrl} reported an error: ${said}`, {
    hint: remedy(code, endpoint),
  })
}

function errorIn(body: string): JsonObject {
  const value = parseJson(body)
  return isObject(value) && isObject(value.error) ? value.error : {}
}

/** The words by which providers name what went wrong; the status alone does not tell an empty account from haste. */
const NAMED = new Map<unknown, ErrorCode>([
  ['insufficient_quota', 'quota-exhausted'],
  ['billing_hard_limit_reached', 'quota-exhausted'],
  ['billing_not_active', 'quota-exhausted'],
  ['rate_limit_exceeded', 'rate-limited'],
  ['rate_limit_error', 'rate-limited'],
  ['overloaded_error', 'server-error'],
  ['server_error', 'server-error'],
  ['api_error', 'server-error'],
  ['model_not_found', 'model-not-found'],
  ['content_filter', 'reply-refused'],
])

function codeOf(status: number | undefined, { code, type }: JsonObject): ErrorCode {
  const named = NAMED.get(code) ?? NAMED.get(type)
  if (named) return named
  if (status === undefined || status < 300) return 'reply-malformed'
  if (status === 402) return 'quota-exhausted'
  return status === 404 ? 'model-not-found' : codeOfStatus(status)
}

function remedy(code: ErrorCode, { name, model, apiKeyEnv, baseUrl }: ResolvedEndpoint): string {
  switch (code) {
    case 'unauthorized':
      return apiKeyEnv
        ? `put a key that may use ${model} into ${apiKeyEnv}`
        : `name the variable that holds the key: models.${name}.apiKeyEnv`
    case 'model-not-found':
      return `correct models.${name}.model ("${model}") or models.${name}.baseUrl ("${baseUrl}")`
    case 'quota-exhausted':
      return `add credit to the account behind ${apiKeyEnv ?? baseUrl}, or choose another model for "${name}"`
    case 'request-rejected':
      return `check models.${name} in the team file: ${model} does not accept what it was asked`
    case 'reply-refused':
      return 'reword the task, or choose another model'
    default:
      return 'try again later, or give the agent more attempts: retry.attempts'
  }
}
