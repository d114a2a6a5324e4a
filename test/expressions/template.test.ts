import { describe, expect, it } from 'vitest'
import { CrewError } from '../../src/errors.ts'
import { ExpressionError, parseExpression } from '../../src/expressions/cel.ts'
import { holds, parseTemplate, render, renderDeep, renderText } from '../../src/expressions/template.ts'

const scope = {
  input: { topic: 'owls', depth: 3, ratio: 0.5, files: ['a', 'b'], deep: { list: [1, { b: 2 }] } },
  steps: { find: { output: { bullets: [{ text: 'hi', n: 1 }] } }, 'code-review': { output: 'fine' } },
  item: null,
}

describe('a template', () => {
  it.each([
    ['plain text', 'plain text'],
    ['${input.depth}', 3],
    ['${input.files}', ['a', 'b']],
    ['${item}', null],
    [' ${input.depth}', ' 3'],
    ['${input.topic}: ${input.files} ${item}', 'owls: ["a","b"] null'],
    ['cost: $${input.topic} ${input.topic}', 'cost: ${input.topic} owls'],
    ['$$${x} $ {x} $', '$${x} $ {x} $'],
    ['${ {"a": "}"}["a"] }', '}'],
    ["${'''it's } \" '''}", 'it\'s } " '],
    ['${"\\"}"}', '"}'],
    ['${input.depth // the } in a comment\n}', 3],
    ['${steps["code-review"].output}', 'fine'],
    ['${input.deep.list[1].b}', 2],
    ['${steps.find.output.bullets.map(b, b.text)}', ['hi']],
    ['${cel.bind(x, input.topic, x + x)}', 'owlsowls'],
  ])('%j gives %j', (template, expected) => {
    expect(render(template, scope)).toEqual(expected)
  })

  it('inserts objects as JSON where text is wanted', () => {
    expect(renderText('${input.deep}', scope)).toBe('{"list":[1,{"b":2}]}')
    expect(renderText('${input.topic}', scope)).toBe('owls')
  })

  it('is filled in wherever it stands in a JSON value, except in keys', () => {
    expect(
      renderDeep({ '${input.topic}': ['${input.depth}', { x: 'd=${input.depth}' }, 1, null] }, scope),
    ).toEqual({
      '${input.topic}': [3, { x: 'd=3' }, 1, null],
    })
  })

  it('hands on a value without copying it', () => {
    const big = Array.from({ length: 100_000 }, (_, n) => ({ n }))
    const values = { steps: { a: { output: big } }, name: 'a' }
    expect(render('${steps.a.output}', values)).toBe(big)
    expect(render('${steps[name].output}', values)).toBe(big)
    expect(render('${{"all": steps.a.output}}', values)).toHaveProperty('all', big)
  })

  it('reads values that are frozen', () => {
    const frozen = Object.freeze({ list: Object.freeze([1, Object.freeze({ n: 2 })]) })
    expect(render('${input.list[1].n + input.list[0]}', { input: frozen })).toBe(3)
  })
})

describe('numbers', () => {
  it.each([
    ['input.depth + 1', 4],
    ['input.depth / 2', 1],
    ['input.depth * input.ratio', 1.5],
    ['input.ratio + 1', 1.5],
    ['input.depth >= 2.5', true],
    ['input.deep.list[0] == 1', true],
    ['[1, 2].map(x, x * input.depth)', [3, 6]],
    ['input.files[input.depth - 2]', 'b'],
    ['size(input.files)', 2],
    ['input.deep == {"list": [1, {"b": 2}]}', true],
    ['1u', 1],
    ['duration("90s")', '90s'],
    ['timestamp("2024-01-01T00:00:00Z")', '2024-01-01T00:00:00.000Z'],
    ['b"abc"', 'YWJj'],
  ])('%s is %j', (expression, expected) => {
    expect(render(`\${${expression}}`, scope)).toEqual(expected)
  })

  it.each(['9007199254740993', '1.0 / 0.0', 'type(1)'])('%s is refused, it is not JSON', expression => {
    expect(() => render(`\${${expression}}`, scope)).toThrow(/the result is/)
  })
})

describe('a template that fails', () => {
  it.each([
    ['${input.topc}', 'input has no "topc"; input has: topic, depth, ratio, files, deep'],
    ['${steps.fnd.output}', 'steps has no "fnd"; steps has: find, code-review'],
    ['${input.topic.name}', 'input.topic is text, it has no "name"'],
    ['${input.files[7]}', 'input.files is a list of 2, it has no "7"'],
    ['${item.x}', 'item is null, it has no "x"'],
    ['${nope}', 'there is no "nope"; there is: input, steps, item'],
    ['${input.topc + "x"}', 'input has no "topc"; input has: topic, depth, ratio, files, deep'],
    ['${steps.find.output.bullets.map(b, b.nope)}', 'no such key: nope'],
    ['${input.topic + input.depth}', 'no such overload: string + int'],
    ['${constructor}', 'there is no "constructor"; there is: input, steps, item'],
    ['${input.topic.matches("[")}', 'error parsing regexp: missing closing ]: `[`'],
  ])('%s says: %s', (template, message) => {
    const error = thrownBy(() => render(template, scope))
    expect(error).toMatchObject({ code: 'template-failed', message: `${template}: ${message}` })
  })

  it.each([
    ['${input.topc}', 'if it need not be there, ask first: has(input.topc)'],
    ['${steps.fnd.output}', 'if it need not be there, ask first: has(steps.fnd)'],
    ['${input.topc + "x"}', 'if it need not be there, ask first: has(input.topc)'],
    ['${steps["a-b"].output}', undefined],
    ['${input.files[7]}', undefined],
    ['${nope}', undefined],
  ])('%s is mended like this: %s', (template, hint) => {
    const error = thrownBy(() => render(template, scope))
    expect(error instanceof CrewError && error.details.hint).toBe(hint)
  })

  it.each([
    ['a ${', 2, 'this ${ is never closed; write $${ for a literal ${'],
    ['a ${"b}', 2, 'this ${ is never closed; write $${ for a literal ${'],
    ['a ${ } b', 2, 'there is no expression in ${}'],
    ['a ${x} ${b c}', 11, "unexpected character: 'c'"],
    ['a ${x +}', 7, 'unexpected token: the end'],
  ])('%j cannot be read: at %i, %s', (template, offset, message) => {
    const error = thrownBy(() => parseTemplate(template))
    expect(error).toBeInstanceOf(ExpressionError)
    expect(error).toMatchObject({ code: 'template-failed', offset, message })
  })
})

describe('a condition', () => {
  it('holds or does not', () => {
    expect(holds('input.depth > 2 && has(input.topic)', scope)).toBe(true)
    expect(holds('has(input.nothing)', scope)).toBe(false)
  })

  it('must be true or false', () => {
    expect(() => holds('input.depth', scope)).toThrow(
      'the condition "input.depth" is neither true nor false but 3',
    )
  })
})

describe('an expression from a stranger cannot hang the process', () => {
  const long = Array.from({ length: 3000 }, (_, n) => n)
  const values = { a: `${'a'.repeat(100_000)}!`, long }
  const doubled = Array.from({ length: 15 }).reduce<string>(
    inner => `cel.bind(x, ${inner}, x + x + x + x)`,
    'long',
  )

  it('matches patterns in linear time', () => {
    expect(holds('a.matches("^(a+)+$")', values)).toBe(false)
    expect(holds('["b", a].exists(text, text.matches("^(a|a)*!$"))', values)).toBe(true)
  })

  it.each([
    ['loops in loops', 'long.map(a, long.map(b, long.map(c, c)))', /took longer than 1 s/],
    ['lists that double', doubled, /took longer than 1 s|Invalid/],
    ['pattern', `a.matches("${'(a?)'.repeat(400)}")`, /a pattern has at most 1000 characters/],
  ])('%s', (_, expression, message) => {
    expect(() => render(`\${${expression}}`, values)).toThrow(message)
  })

  it.each([
    ['brackets', `${'('.repeat(3000)}1`],
    ['negations', `${'!'.repeat(3999)}a`],
    ['sums', `${'1+'.repeat(1500)}1`],
    ['length', `"${'x'.repeat(5000)}"`],
  ])('%s are limited', (_, expression) => {
    expect(thrownBy(() => parseExpression(expression))).toBeInstanceOf(ExpressionError)
  })

  it('reads a long template of unclosed strings in linear time', () => {
    expect(() => parseTemplate(`\${${'"""x'.repeat(60_000)}`)).toThrow(ExpressionError)
  })
})

describe('the references of an expression', () => {
  it.each([
    ['input.topic', ['input.topic']],
    ['steps["a b"].output[0].y[z.i]', ['steps.a b.output.0.y', 'z.i']],
    ['has(a.b) && a.b.c > 1', ['a', 'a']],
    ['has(a.b) ? a.c : d', ['a', 'a.c', 'd']],
    ['"b" in a.x ? a.x.b.c : a.x.c', ['a.x', 'a.x', 'a.x.c']],
    ['a in [b, "c"]', ['a', 'b']],
    ['a.map(x, x.y + z.q)', ['a', 'z.q']],
    ['a.filter(x, x > b).map(x, c, x)', ['a', 'b', 'c']],
    ['a.exists(x, x.all(y, y == x.z || y == w))', ['a', 'w']],
    ['cel.bind(v, a.b, v + c)', ['a.b', 'c']],
    ['size(a.b) + int("3")', ['a.b']],
    ['type(a) == string', ['a']],
    ['{"k": a.b}.k', ['a.b']],
    ['-a + (b ? [c] : d)[0]', ['a', 'b', 'c', 'd']],
  ])('%s: %j', (expression, expected) => {
    expect(parseExpression(expression).references.map(({ path }) => path.join('.'))).toEqual(expected)
  })

  it('say where each of their elements is written', () => {
    const source = 'x + input . topic["a"]'
    const [, reference] = parseExpression(source).references
    expect(reference?.spans.map(({ start, end }) => source.slice(start, end))).toEqual([
      'input',
      'topic',
      '"a"',
    ])
  })
})

function thrownBy(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    expect(error).toBeInstanceOf(CrewError)
    return error
  }
  throw new Error('nothing was thrown')
}
