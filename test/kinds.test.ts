import { expect, it, vi } from 'vitest'
import * as z from 'zod'
import { later, oneOf } from '../src/kinds.ts'

function kinds() {
  const plain = vi.fn(() => ({
    schema: z.strictObject({ kind: z.literal('plain').optional(), a: z.number() }),
  }))
  const other = vi.fn(() => ({ schema: z.strictObject({ kind: z.literal('other'), b: z.string() }) }))
  return { plain, other, schema: z.object({ it: oneOf({ plain, other }, 'plain') }) }
}

it('makes the schema of a kind when a value names it, and of no other', () => {
  const { plain, other, schema } = kinds()
  expect(schema.parse({ it: { kind: 'other', b: 'x' } })).toEqual({ it: { kind: 'other', b: 'x' } })
  expect([plain, other].map(({ mock }) => mock.calls.length)).toEqual([0, 1])
})

it('means the standard kind where none is named', () => {
  const { other, schema } = kinds()
  expect(schema.parse({ it: { a: 1 } })).toEqual({ it: { a: 1 } })
  expect(other).not.toHaveBeenCalled()
})

it('refuses an unknown kind with the names of all, and a value that is missing, and makes none for that', () => {
  const { plain, other, schema } = kinds()
  const [unknown] = schema.safeParse({ it: { kind: 'third' } }).error?.issues ?? []
  expect(unknown).toMatchObject({ path: ['it', 'kind'], options: ['plain', undefined, 'other'] })
  expect(schema.safeParse({}).error?.issues).toMatchObject([{ code: 'invalid_type', path: ['it'] }])
  expect([plain, other].flatMap(({ mock }) => mock.calls)).toEqual([])
})

it('makes what may be left out when it is there', () => {
  const make = vi.fn(() => z.strictObject({ a: z.number() }))
  const schema = z.strictObject({ it: later(make).optional() })
  expect(schema.parse({})).toEqual({})
  expect(make).not.toHaveBeenCalled()
  expect(schema.safeParse({ it: { a: 'x' } }).success).toBe(false)
  expect(make).toHaveBeenCalledTimes(1)
})

it('gives the JSON Schema that it would give if all were made at once', () => {
  const { plain, other, schema } = kinds()
  const eager = z.object({ it: z.discriminatedUnion('kind', [plain().schema, other().schema]) })
  expect(z.toJSONSchema(schema)).toEqual(z.toJSONSchema(eager))
})
