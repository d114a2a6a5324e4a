import { isObject } from '../json.ts'

/**
 * What a JSON value has to look like: says what is wrong with it, behind the path to where that is, or nothing. A journal is
 * looked through event by event before a run goes on, and may have a million of them: this takes a twentieth of the time that
 * a schema takes which also builds what it has checked.
 */
export type Shape = (value: unknown) => string | undefined

/** Any value, but there has to be one. */
export const json = shapeOf(value => value !== undefined, '')
export const text = shapeOf(value => typeof value === 'string', 'is no text')
export const flag = shapeOf(value => typeof value === 'boolean', 'is neither true nor false')
export const number = shapeOf(Number.isFinite, 'is no number')
export const integer = shapeOf(Number.isSafeInteger, 'is no whole number')
export const count = shapeOf(value => Number.isFinite(value) && Number(value) >= 0, 'is no number from 0 on')
export const object = shapeOf(isObject, 'is no object')

export function oneOf(...values: readonly unknown[]): Shape {
  return shapeOf(value => values.includes(value), `is none of ${values.join(', ')}`)
}

export function shapeOf(is: (value: unknown) => boolean, otherwise: string): Shape {
  return value => (is(value) ? undefined : `: ${value === undefined ? 'is missing' : otherwise}`)
}

export function maybe(shape: Shape): Shape {
  return value => (value === undefined ? undefined : shape(value))
}

export function listOf(shape: Shape): Shape {
  return value => (Array.isArray(value) ? firstOf(value.entries(), shape) : ': is no list')
}

export function recordOf(shape: Shape): Shape {
  return value => (isObject(value) ? firstOf(Object.entries(value), shape) : object(value))
}

/** An object with these fields; it may have others. */
export function fields(shapes: Readonly<Record<string, Shape>>): Shape {
  const known = Object.entries(shapes)
  return value => {
    if (!isObject(value)) return object(value)
    for (const [name, shape] of known) {
      const problem = shape(value[name])
      if (problem !== undefined) return `.${name}${problem}`
    }
    return undefined
  }
}

function firstOf(entries: Iterable<[number | string, unknown]>, shape: Shape): string | undefined {
  for (const [name, value] of entries) {
    const problem = shape(value)
    if (problem !== undefined) return `.${name}${problem}`
  }
  return undefined
}
