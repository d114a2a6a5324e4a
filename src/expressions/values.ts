import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator'
import { isObject, type Json } from '../json.ts'

/**
 * JSON as CEL sees it, and back. JSON has one kind of number, CEL has two: whole numbers are ints, so that
 * `input.depth + 1` works.
 */

const ORIGIN = Symbol('origin')

/** Converts what an expression reaches, when it reaches it: a large value costs nothing until it is looked into. */
const lazily: ProxyHandler<object> = {
  get(target, key) {
    if (key === ORIGIN) return target
    const isList = Array.isArray(target)
    // cel-js asks a value for its constructor to learn what it is; a key of that name must not answer for it.
    if (key === 'constructor' && !isList) return undefined
    const value: unknown = Reflect.get(target, key)
    return Object.hasOwn(target, key) && !(isList && key === 'length') ? toCel(value as Json) : value
  },
}

export function toCel(value: Json): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value
  if (typeof value !== 'object' || value === null) return value
  // A proxy must show the fields of a frozen object as they are, so it stands before a copy of one level.
  if (Object.isFrozen(value)) return new Proxy(Array.isArray(value) ? [...value] : { ...value }, lazily)
  return new Proxy(value, lazily)
}

/** A result of CEL as JSON: what came out of the scope unchanged is the very same value. Throws when it is not JSON. */
export function fromCel(value: unknown): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number' || typeof value === 'bigint') return fromNumber(value)
  if (Array.isArray(value)) return originOf(value) ?? value.map(fromCel)
  if (value instanceof UnsignedInt) return fromNumber(value.valueOf())
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Duration) return value.toString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (isObject(value) && isPlain(value)) {
    return (
      originOf(value) ??
      Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fromCel(inner)]))
    )
  }
  throw new Error('the result is not a JSON value')
}

function fromNumber(value: number | bigint): number {
  const number = Number(value)
  if (!Number.isFinite(number)) throw new Error(`the result is ${number}`)
  if (typeof value === 'bigint' && !Number.isSafeInteger(number))
    throw new Error('the result is too large a number for JSON')
  return number
}

function originOf(value: object): Json | undefined {
  return (value as { readonly [ORIGIN]?: Json })[ORIGIN]
}

function isPlain(value: object): boolean {
  return originOf(value) !== undefined || value.constructor === Object
}
