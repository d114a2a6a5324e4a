import type { ErrorCode } from '../errors.ts'
import { isObject, type Json, parseJson } from '../json.ts'
import type { Answer } from './fetch.ts'

/** What an HTTP status outside of 2xx means for the call that got it. */
export function codeOfStatus(status: number): ErrorCode {
  if (status === 401 || status === 403) return 'unauthorized'
  if (status === 429) return 'rate-limited'
  if (status === 408 || status === 409 || status >= 500) return 'server-error'
  return 'request-rejected'
}

/**
 * Milliseconds that the server asks us to wait, however it says so; undefined when it does not. Not clamped.
 * `now` is in milliseconds since the epoch.
 */
export function readRetryAfter({ header }: Pick<Answer, 'header'>, now: number): number | undefined {
  const exact = parseNumber(header('retry-after-ms'))
  if (exact !== undefined) return exact
  const asked = header('retry-after')
  if (asked === undefined) return readReset(header, now)
  const seconds = parseNumber(asked)
  if (seconds !== undefined) return seconds * 1000
  return parseDate(asked, now)
}

/** Until the allowance that is used up (requests, tokens or both) is granted again. */
function readReset(header: Answer['header'], now: number): number | undefined {
  const waits = RESOURCES.map(what => readAllowance(header, what, now))
    .filter(({ remaining }) => (remaining ?? 0) === 0)
    .flatMap(({ reset }) => reset ?? [])
  return waits.length > 0 ? Math.max(...waits) : undefined
}

/** What a provider lets us do in a minute, and how long it wants to be left alone. */
export interface Allowed {
  readonly requests?: number
  readonly tokens?: number
  /** Milliseconds until more is granted, when nothing is left. Not clamped. */
  readonly pause?: number
}

/** The limits that an answer speaks of, whatever its status. `now` is in milliseconds since the epoch. */
export function readAllowed({ header }: Pick<Answer, 'header'>, now: number): Allowed {
  const [requests, tokens] = RESOURCES.map(what => readAllowance(header, what, now))
  const waits = [requests, tokens].flatMap(each => (each?.remaining === 0 ? (each.reset ?? []) : []))
  return {
    ...(requests?.limit && { requests: requests.limit }),
    ...(tokens?.limit && { tokens: tokens.limit }),
    ...(waits.length > 0 && { pause: Math.max(...waits) }),
  }
}

const RESOURCES = ['requests', 'tokens'] as const

interface Allowance {
  readonly limit: number | undefined
  readonly remaining: number | undefined
  /** Milliseconds until it is whole again. */
  readonly reset: number | undefined
}

/** Under the names of OpenAI and those that follow it, or under Anthropic's. */
function readAllowance(header: Answer['header'], what: (typeof RESOURCES)[number], now: number): Allowance {
  const read = (field: string) =>
    header(`x-ratelimit-${field}-${what}`) ?? header(`anthropic-ratelimit-${what}-${field}`)
  const reset = read('reset')
  return {
    limit: parseNumber(read('limit')),
    remaining: parseNumber(read('remaining')),
    reset: parseWait(reset) ?? (reset === undefined ? undefined : parseDate(reset, now)),
  }
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `6m0s` and `20ms`, as OpenAI writes it, or plain seconds. */
function parseWait(text: string | undefined): number | undefined {
  const seconds = parseNumber(text)
  if (seconds !== undefined) return seconds * 1000
  if (!text || !/^(?:[\d.]+(?:ms|s|m|h|d))+$/.test(text)) return undefined
  let total = 0
  for (const [, amount, unit = ''] of text.matchAll(/([\d.]+)(ms|s|m|h|d)/g))
    total += Number(amount) * (UNITS[unit] ?? 0)
  return total
}

function parseDate(text: string, now: number): number | undefined {
  const date = Date.parse(text)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}

function parseNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\s*\d+(?:\.\d+)?\s*$/.test(text) ? Number(text) : undefined
}

/** The status and what the server said with it. */
export function describeRefusal({ status, header }: Answer, body: string): string {
  const target = status < 400 ? header('location') : undefined
  return target === undefined ? `${status} ${quote(body)}` : `${status} redirects to ${target}`
}

const LONGEST_QUOTE = 300

/** What a server said about its refusal, in its own words: one line, at most 300 characters. */
export function quote(body: string): string {
  if (/^\s*</.test(body)) return 'an HTML page'
  const words = findMessage(parseJson(body)) ?? body
  const line = words.replace(/[\s\p{Cc}]+/gu, ' ').trim() || 'nothing more'
  return line.length > LONGEST_QUOTE ? `${line.slice(0, LONGEST_QUOTE - 1)}…` : line
}

/** `{error: {message}}`, `{error}`, `{message}`, `{detail}`: every API has its own. */
function findMessage(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value
  if (!isObject(value)) return undefined
  const inner = value.error ?? value.message ?? value.detail
  return inner === undefined ? undefined : (findMessage(inner) ?? JSON.stringify(inner))
}
