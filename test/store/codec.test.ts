import { describe, expect, it } from 'vitest'
import { decode, encode, type Row } from '../../src/store/codec.ts'

const row = (more: Partial<Row> = {}): Row => ({
  seq: 7,
  at: 5,
  type: 'step.succeeded',
  data: '{"key":"a"}',
  refs: null,
  ...more,
})

describe('an event of a store', () => {
  it('is put together from its row and the payloads that it refers to', () => {
    const event = decode(row({ refs: '{"output":3}' }), id => (id === 3 ? '"large"' : undefined))
    expect(event).toEqual({ seq: 7, at: 5, type: 'step.succeeded', key: 'a', output: 'large' })
  })

  it('names the model of a call once in its row, and twice again when it is read', () => {
    const spent = { input: 20, output: 10, cached: 0, agent: 'worker', model: 'openai/m' }
    const fact = {
      type: 'model.replied',
      key: 'a/turn-1',
      model: 'openai/m',
      milliseconds: 3,
      spent,
      at: 5,
    } as const
    const { type, at, data, large } = encode(fact)
    expect(large).toEqual([])
    expect(data.match(/openai/g)).toHaveLength(1)
    expect(decode({ seq: 7, type, at, data, refs: null }, () => undefined)).toEqual({ ...fact, seq: 7 })
    expect(fact.spent).toBe(spent)
  })

  it('keeps the model that what was spent names itself', () => {
    const spent = { input: 20, output: 10, cached: 0, model: 'openai/other' }
    const data = JSON.stringify({ key: 'a', model: 'openai/m', milliseconds: 3, spent })
    expect(decode(row({ type: 'model.replied', data }), () => undefined)).toMatchObject({ spent })
  })

  it.each([
    ['no JSON', { data: '{' }],
    ['nothing', { data: 'null', refs: '{"output":3}' }],
    ['a reference to a payload that is not there', { refs: '{"output":3}' }],
    ['references that name nothing', { refs: '{"output":[]}' }],
    ['references that are a text', { refs: '"abc"' }],
    ['references that are no JSON', { refs: '{' }],
    ['a key that is no text', { data: '{"key":[1]}' }],
  ])('is said to be damaged when it has %s', (_, damage) => {
    expect(() => decode(row(damage), () => undefined)).toThrow(
      expect.objectContaining({
        code: 'store',
        message: expect.stringMatching(/^event 7 of a run is damaged: /),
      }),
    )
  })
})
