import { describe, expect, it } from 'vitest'
import { parseSource } from '../../src/team/source/source.ts'
import { cpuTime } from '../helpers/cpu.ts'

const YAML = `# a team
name: x
agents:
  "quoted \\"key\\"": { role: 'it''s', list: [1, 2] }
  block:
    role: |
      line one
      line two
base: &base { a: 1 }
merged: { <<: *base, b: 2 }
`
const JSON_TEXT = '{ // comment\n  "name": "x",\n  "agents": { "a": [1, {"role": "y"}] },\n}'

describe('the place of a path', () => {
  it.each([
    [['name'], 'value', '2:7 x'],
    [['name'], 'key', '2:1 name'],
    [['agents', 'quoted "key"'], 'key', '4:3 "quoted \\"key\\""'],
    [['agents', 'quoted "key"', 'role'], 'value', "4:29 'it''s'"],
    [['agents', 'quoted "key"', 'list', 1], 'value', '4:48 2'],
    [['agents', 'quoted "key"', 'list', 7], 'value', '4:38 list'],
    [['agents', 'block', 'role'], 'key', '6:5 role'],
    [['agents', 'block', 'missing', 'deeper'], 'value', '5:3 block'],
    [['merged', 'a'], 'value', '9:18 1'],
    [['missing'], 'value', '2:1 name: x'],
  ] as const)('%j (%s) in YAML is %s', (path, part, expected) => {
    expect(shownAt(YAML, 'team.yaml', path, part)).toBe(expected)
  })

  it.each([
    [['name'], 'key', '2:3 "name"'],
    [['agents', 'a', 1, 'role'], 'value', '3:33 "y"'],
    [['agents', 'a', 0], 'value', '3:21 1'],
    [['agents', 'b'], 'value', '3:3 "agents"'],
  ] as const)('%j (%s) in JSON is %s', (path, part, expected) => {
    expect(shownAt(JSON_TEXT, 'team.json', path, part)).toBe(expected)
  })
})

it('reads JSON with comments and YAML to the same values', () => {
  expect(parseSource('a.jsonc', JSON_TEXT).value).toEqual({ name: 'x', agents: { a: [1, { role: 'y' }] } })
  expect(parseSource('a.yml', 'name: x\nagents: { a: [1, { role: y }] }').value).toEqual(
    parseSource('a.json', JSON_TEXT).value,
  )
  expect(parseSource('stdin', 'a: yes\n1: 0x1F\nc: ~\n').value).toEqual({ a: 'yes', 1: 31, c: null })
})

it('reads Windows line ends', () => {
  const source = parseSource('a.yaml', 'a: 1\r\nb: ${x\r\n')
  expect(source.locate(['b'], 'value')).toEqual({ line: 2, column: 4, offset: 9, length: 3 })
})

describe('hostile text', () => {
  const SIZE = 256 * 1024
  const fill = (part: string, size = SIZE) => part.repeat(Math.floor(size / part.length))
  const lines = (count: number, line: (index: number) => string) =>
    Array.from({ length: count }, (_, n) => line(n)).join('\n')

  const yaml: Record<string, string> = {
    'aliases of aliases': lines(20, n =>
      n === 0 ? 'a0: &a0 [x, x]' : `a${n}: &a${n} [*a${n - 1}, *a${n - 1}, *a${n - 1}, *a${n - 1}]`,
    ),
    'many aliases': `a: &a 1\nb: [${fill('*a ,')}]`,
    'aliases that merge': `a: &a { ${lines(5000, n => `k${n}: 1,`)} }\n${lines(90, n => `b${n}: { <<: *a }`)}`,
    'an alias of itself': 'a: &a [*a]',
    'a wide file': lines(30_000, n => `k${n}: 1`).slice(0, SIZE),
    'a wide map': `{${lines(20_000, n => `k${n}: 1,`)}}`,
    'a wide list': `a: [${fill('1,')}]`,
    commas: `[${fill(',')}]`,
    'commas below the limit': `[${fill(',', 59_000)}]`,
    'closing brackets': fill('}'),
    'closing brackets below the limit': fill('}', 59_000),
    'values below the limit': `a: [${fill('1, ', 55_000)}]`,
    'closed early': fill('a: }\n'),
    'open lists': fill('['),
    'open maps': fill('{a: '),
    'closed lists': fill('[', SIZE / 2) + fill(']', SIZE / 2),
    dashes: fill('- '),
    'question marks': fill('? '),
    'deep blocks': lines(700, n => `${' '.repeat(n)}a:`),
    'deep lists in blocks': lines(60, n => ' '.repeat(n * 120) + fill('- ', 120)),
    tabs: fill('a:\n\tb\n'),
    tags: `[${fill('!a b,')}]`,
    anchors: fill('&a '),
    documents: fill('---\n'),
    directives: fill('%a b\n'),
    quotes: fill('"a" '),
    'blank lines': `a:${fill('\n')}`,
    'a long line': `a: ${fill('x')}`,
    'a long number': `a: ${fill('9')}`,
    'folded lines': `a: >\n${fill('  x\n y\n')}`,
    comments: `a: [${fill('# a\n')}]`,
    'merge keys': fill('<<: {}\n'),
    colons: fill('a: '),
    controls: `a: ${fill('\u0001')}`,
  }

  const json: Record<string, string> = {
    'open lists': fill('['),
    'open maps': fill('{"a":'),
    'closed lists': fill('[', SIZE / 2) + fill(']', SIZE / 2),
    'a wide list': `[${fill('1,')}]`,
    'a wide map': `{${lines(20_000, n => `"k${n}":1,`)}}`,
    'one key again and again': `{${fill('"a":1,')}}`,
    commas: `[${fill(',')}]`,
    quotes: fill('"'),
    'a long text': `{"a":"${fill('x')}"}`,
    'a long number': `{"a":${fill('9')}}`,
    escapes: `{"a":"${fill('\\u0041')}"}`,
    comments: fill('/**/'),
  }

  it.each(Object.keys(yaml))('%s: read or refused in time as YAML', name => {
    expectQuickAnswer('hostile.yaml', yaml[name] ?? '')
  })

  it.each(Object.keys(json))('%s: read or refused in time as JSON', name => {
    expectQuickAnswer('hostile.json', json[name] ?? '')
  })

  it.each([
    ['a.yaml', '__proto__: { x: 1 }', 'the key "__proto__" is not allowed'],
    ['a.json', '{ "a": { "prototype": 1 } }', 'the key "prototype" is not allowed'],
    ['a.yaml', 'a: .inf', 'Infinity is not a number that JSON knows'],
    ['a.json', '{ "a": 1e999 }', 'this number is too large'],
    ['a.yaml', 'a: &a [*a]', 'there is no anchor &a before this alias'],
    ['a.yaml', 'a: !secret x', 'the tag !secret is not allowed: plain values only'],
    ['a.yaml', 'a: 1\n---\nb: 2', 'the file holds more than one document'],
  ])('%s: %j is refused: %s', (name, text, message) => {
    expect(() => parseSource(name, text)).toThrow(message)
  })

  it('is refused when it is nested too deeply', () => {
    const deep = `${'['.repeat(70)}${']'.repeat(70)}`
    for (const name of ['a.json', 'a.yaml']) {
      expect(() => parseSource(name, `{"a": ${deep}}`)).toThrow('nested more than 64 levels deep')
    }
    expect(() => parseSource('a.yaml', yaml['deep blocks'] ?? '')).toThrow('nested more than 64 levels deep')
  })

  it('is refused when its aliases add up', () => {
    expect(() => parseSource('a.yaml', yaml['aliases of aliases'] ?? '')).toThrow('more than 20000 values')
    const aliases = `a: &a 1\nb: [${'*a ,'.repeat(101)}]`
    expect(() => parseSource('a.yaml', aliases)).toThrow('more than 100 aliases')
  })

  it('leaves the prototype of objects alone', () => {
    const { value } = parseSource('a.json', '{ "toString": 1, "hasOwnProperty": 2 }')
    expect(value).toEqual({ toString: 1, hasOwnProperty: 2 })
  })
})

/** A guard against answers that take minutes, with room for a busy machine; the goal is one second. */
function expectQuickAnswer(name: string, text: string): void {
  const start = cpuTime()
  try {
    parseSource(name, text)
  } catch (error) {
    expect(error).toMatchObject({ name: 'CrewError', code: 'definition' })
    expect(String(error).length).toBeLessThan(20_000)
  }
  if (process.env.SHOW_TIMES) console.log(name, text.slice(0, 20), Math.round(cpuTime() - start))
  expect(cpuTime() - start).toBeLessThan(5000)
}

function shownAt(
  text: string,
  name: string,
  path: readonly (string | number)[],
  part: 'key' | 'value',
): string {
  const { line, column, offset, length } = parseSource(name, text).locate(path, part)
  return `${line}:${column} ${text.slice(offset, offset + length).split('\n')[0]}`
}
