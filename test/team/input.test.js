import { describe, expect, it } from 'vitest'
import { resolveInput } from '../../src/team/input.ts'

const input = {
  topic: { type: 'string', description: 'What to research' },
  depth: { type: 'integer', default: 3 },
  ratio: { type: 'number', default: 0.5 },
  deep: { type: 'boolean', default: false },
  files: { type: 'array', default: [] },
  options: { type: 'object', default: {} },
  tone: { type: 'string', default: 'dry', enum: ['dry', 'lively'] },
}
const defaults = { depth: 3, ratio: 0.5, deep: false, files: [], options: {}, tone: 'dry' }
describe('the input of a run', () => {
  it('is the task, for a team that declares none', () => {
    expect(resolveInput({}, {}, 'write')).toEqual({ task: 'write' })
    expect(resolveInput({}, { task: 'write' })).toEqual({ task: 'write' })
  })
  it('takes the task for the only text that is required', () => {
    expect(resolveInput({ input }, {}, 'owls')).toEqual({ topic: 'owls', ...defaults })
  })
  it('takes the task for an input that is called so', () => {
    const both = { task: { type: 'string' }, other: { type: 'string' } }
    expect(resolveInput({ input: both }, { other: 'x' }, 'y')).toEqual({ task: 'y', other: 'x' })
  })
  it.each([
    ['depth', '7', 7],
    ['ratio', '1e-3', 0.001],
    ['deep', 'true', true],
    ['files', '["a"]', ['a']],
    ['options', '{"a":1}', { a: 1 }],
    ['topic', '12', '12'],
    ['topic', '', ''],
    ['tone', 'lively', 'lively'],
    ['files', ['a'], ['a']],
  ])('reads %s=%j', (name, text, expected) => {
    expect(resolveInput({ input }, { topic: 'owls', [name]: text })[name]).toEqual(expected)
  })
  it.each([
    ['depth', '1.5', 'input.depth: expected integer, found 1.5'],
    ['depth', '', 'input.depth: expected integer, found '],
    ['depth', '"3"', 'input.depth: expected integer, found "3"'],
    ['deep', 'yes', 'input.deep: expected boolean, found yes'],
    ['files', 'a,b', 'input.files: expected a JSON array, found a,b'],
    ['options', '[]', 'input.options: expected a JSON object, found []'],
    ['tone', 'wild', 'input.tone: "wild" is not one of: dry, lively'],
    ['tpic', 'x', 'there is no input "tpic"; did you mean "topic"?'],
    [
      '__proto__',
      'x',
      'there is no input "__proto__"; the inputs are: topic, depth, ratio, deep, files, options, tone',
    ],
  ])('refuses %s=%j', (name, text, message) => {
    const given = Object.fromEntries([
      ['topic', 'owls'],
      [name, text],
    ])
    expect(() => resolveInput({ input }, given)).toThrow(message)
  })
  it('names everything that is missing at once, and how to give it', () => {
    const two = { topic: input.topic, size: { type: 'integer' } }
    expect(() => resolveInput({ input: two }, {})).toThrow(
      expect.objectContaining({
        code: 'input',
        message: 'missing: topic (string: What to research), size (integer)',
        details: { hint: 'give --input topic=… --input size=…' },
      }),
    )
  })
  it('does not guess what a task is for', () => {
    const two = { a: { type: 'string' }, b: { type: 'string' } }
    expect(() => resolveInput({ input: two }, {}, 'x')).toThrow(/does not take a task/)
    expect(() => resolveInput({ input }, { topic: 'x' }, 'y')).toThrow('input.topic is given twice')
  })
})
