import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asJson, canonical, fraction, isObject } from '../src/json.ts'

/** The same value with the keys of every object in the opposite order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, reversed(inner)]),
  )
}

describe('canonical text', () => {
  it('is JSON of the same value, and the same in whatever order the keys come', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        const json = asJson(value)
        expect(JSON.parse(canonical(json))).toEqual(json)
        expect(canonical(reversed(json))).toBe(canonical(json))
      }),
    )
  })

  it('differs for values that differ', () => {
    const values = [null, 0, '0', false, [], {}, [null], [[]], { a: 1 }, { a: '1' }, { a: [1] }, [{ a: 1 }]]
    expect(new Set(values.map(canonical)).size).toBe(values.length)
  })

  it('leaves out what is undefined in an object, as JSON does', () => {
    expect(canonical({ b: undefined, a: 1 })).toBe('{"a":1}')
    expect(canonical([undefined])).toBe('[null]')
    expect(canonical(undefined)).toBe('null')
  })
})

describe('the fraction of a text', () => {
  it('is always the same, from 0 up to 1, and spreads', () => {
    const fractions = Array.from({ length: 1000 }, (_, index) => fraction(`lane ${index}`))
    expect(fractions).toEqual(Array.from({ length: 1000 }, (_, index) => fraction(`lane ${index}`)))
    expect(Math.min(...fractions)).toBeLessThan(0.05)
    expect(Math.max(...fractions)).toBeGreaterThan(0.95)
    expect(fractions.every(value => value >= 0 && value < 1)).toBe(true)
  })
})
