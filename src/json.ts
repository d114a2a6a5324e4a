import * as crypto from 'node:crypto'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

/** A JSON Schema, draft 2020-12, as a team file gives it. */
export type JsonSchema = JsonObject

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Types that a team file can ask a value to be of. */
export const JSON_TYPES = ['string', 'integer', 'number', 'boolean', 'array', 'object'] as const

export function isOfType(type: (typeof JSON_TYPES)[number], value: Json): boolean {
  if (type === 'integer') return Number.isSafeInteger(value)
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return isObject(value)
  return typeof value === type
}

/**
 * `value` as the journal would give it back. A step's result passes through here before anybody sees it, so a
 * run that was never interrupted and one that was resumed hand the same value on (no `undefined`, no `Date`).
 */
export function asJson(value: unknown): Json {
  if (value === undefined) return null
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  return JSON.parse(JSON.stringify(value) ?? 'null')
}

/** JSON text with the keys of every object sorted, so that equal values have equal text. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value) ?? 'null'
  const names = Object.keys(value).filter(name => value[name] !== undefined)
  return `{${names
    .sort()
    .map(name => `${JSON.stringify(name)}:${canonical(value[name])}`)
    .join(',')}}`
}

export function hash(text: string): string {
  return crypto.hash('sha256', text, 'base64url').slice(0, 22)
}

/** `value` as a person reads it: text as it is, anything else as indented JSON. */
export function asText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2)
}

/** The beginning of a value in one line, as evidence in a message. */
export function brief(value: Json, most = 80): string {
  const line = (typeof value === 'string' ? value : JSON.stringify(value)).replace(/\s+/g, ' ').trim()
  return line.length > most ? `${line.slice(0, most)}…` : line
}

/** `text` as JSON; undefined when it is none. */
export function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A number from 0 up to, not including, 1 that looks random and is always the same for the same text. */
export function fraction(text: string): number {
  return crypto.hash('sha256', text, 'buffer').readUInt32BE() / 2 ** 32
}
