import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import type { JsonObject } from '../../src/json.ts'
import { rulesOf, toolSpecs } from '../../src/tools/declared.ts'
import { commandTool, declaredCommand } from '../../src/tools/declared-command.ts'
import { folderWith, setting } from './folder.ts'

const ECHO = fileURLToPath(new URL('../fixtures/programs/echo.mjs', import.meta.url))
const scope = { input: { project: 'crew' }, env: { REGION: 'eu' }, run: { id: 'run-1' } }

function declare(run: readonly string[], args: JsonObject = {}, more: JsonObject = {}) {
  const spec = commandTool.parse({ description: 'Does it.', run, args, ...more })
  return declaredCommand('do_it', spec, { clock: systemClock, id: 'run-1', scope })
}

const planned = async (run: readonly string[], args: JsonObject, given: JsonObject) =>
  (await declare(run, args).plan?.(given, { root: '.' }))?.touches

const text = { text: { type: 'string' } }

describe('a declared command', () => {
  it('is told to the model with its arguments, and acts only once by default', () => {
    const args = {
      package: { type: 'string', description: 'Name', pattern: '^[a-z-]+$' },
      watch: { type: 'boolean', default: false },
      level: { type: 'integer', optional: true, dash: true },
    }
    expect(declare(['npm', 'test'], args, { timeout: '5m' })).toMatchObject({
      name: 'do_it',
      description: 'Does it.',
      effects: 'once',
      reach: 'executes',
      deadline: 310_000,
      parameters: {
        type: 'object',
        properties: {
          package: { type: 'string', description: 'Name', pattern: '^[a-z-]+$' },
          watch: { type: 'boolean', default: false },
          level: { type: 'integer' },
        },
        required: ['package'],
        additionalProperties: false,
      },
    })
  })

  it('runs with what the model gave it: arguments, input and environment', async () => {
    const run = [process.execPath, ECHO, '--name=${args.text}', '${input.project}', '${args.count}']
    const args = { ...text, count: { type: 'integer', default: 3 } }
    const tool = declare(run, args, {
      stdin: 'Read: ${args.text}',
      env: { REGION: '${env.REGION}', CI: '1' },
    })
    const told = await tool.call({ text: 'one two' }, setting(folderWith()))
    const { argv, stdin, env } = JSON.parse(String(told).replace('[Exit code 0.]\n', ''))
    expect(argv).toEqual(['--name=one two', 'crew', '3'])
    expect(stdin).toBe('Read: one two')
    expect(env).toMatchObject({
      REGION: 'eu',
      CI: '1',
      CREW_IDEMPOTENCY_KEY: expect.stringMatching(/^.{22}$/),
    })
  })

  it('is shown as the line that it will be', async () => {
    const plan = await declare(['grep', '--', '${args.text}'], text, { stdin: 'x' }).plan?.(
      { text: 'a b' },
      { root: '.' },
    )
    expect(plan).toEqual({ touches: [['grep', '--', 'a b']], preview: "grep -- 'a b'" })
  })
})

describe('what a model puts into an argument', () => {
  it.each([
    '; rm -rf /',
    '$(id)',
    '`id`',
    'a b',
    'a\nb',
    '" "',
    "' '",
    '| tee',
    '\\',
    '*',
    '${args.text}',
    '€\u202E',
    '',
  ])('%j stays one argument', async value => {
    expect(await planned(['echo', '${args.text}', 'x${args.text}y'], text, { text: value })).toEqual([
      ['echo', value, `x${value}y`],
    ])
  })

  it.each(['--upload-pack=touch /tmp/x', '-o', '-', '--'])(
    '%j is refused where it could be an option',
    async value => {
      const failure = { code: 'tool-failed', message: expect.stringContaining('could read as an option') }
      await expect(planned(['git', 'fetch', '${args.text}'], text, { text: value })).rejects.toMatchObject(
        failure,
      )
      await expect(
        planned(['git', '${args.text}${input.project}'], text, { text: value }),
      ).rejects.toMatchObject(failure)
      const two = { ...text, other: { type: 'string' } }
      const given = { text: '', other: value }
      await expect(planned(['git', '${args.text}${args.other}'], two, given)).rejects.toMatchObject(failure)
      const tool = declare(['git', 'fetch', '${args.text}'], text)
      await expect(tool.call({ text: value }, setting(folderWith()))).rejects.toMatchObject(failure)
    },
  )

  it('may begin with a dash where the team file says so, or has written one itself', async () => {
    const dash = { text: { type: 'string', dash: true } }
    expect(await planned(['echo', '${args.text}'], dash, { text: '-n' })).toEqual([['echo', '-n']])
    expect(await planned(['echo', '--x=${args.text}'], text, { text: '-n' })).toEqual([['echo', '--x=-n']])
    const flag = { all: { type: 'boolean' }, mode: { type: 'string', enum: ['-a', '-b'] } }
    const run = ['ls', '${args.all ? "--all" : "--almost-all"}', '${args.mode}']
    expect(await planned(run, flag, { all: true, mode: '-b' })).toEqual([['ls', '--all', '-b']])
  })

  it.each([
    ['nothing', {}, /must have required property 'text'/],
    ['the wrong type', { text: 1 }, /text must be string/],
    [
      'what is not declared',
      { text: 'a', shell: true },
      /arguments must NOT have additional properties \(shell\)/,
    ],
    ['a prototype', JSON.parse('{"text":"a","__proto__":{"x":1}}'), /additional properties/],
    ['a NUL character', { text: 'a\0b' }, /cannot be given a NUL character, as in text/],
  ])('is refused when it is %s', async (_, given, message) => {
    await expect(planned(['echo', '${args.text}'], text, given)).rejects.toMatchObject({
      code: 'tool-failed',
      message: expect.stringMatching(message),
    })
  })

  it('has to match its pattern, which no text can stall', async () => {
    const args = { text: { type: 'string', pattern: '^(a+)+$' }, other: { type: 'string', pattern: '^b$' } }
    const text = `${'a'.repeat(50_000)}!`
    const failing = planned(['echo', '${args.text}'], args, { text, other: 'b' }).catch(
      error => error.message,
    )
    expect(await failing).toMatch(/ text must match pattern "\^\(a\+\)\+\$"$/)
    expect(await planned(['echo', '${args.text}'], args, { text: 'aa', other: 'b' })).toEqual([
      ['echo', 'aa'],
    ])
  })

  it('is refused when a template cannot be filled with it', async () => {
    const args = { list: { type: 'array' } }
    await expect(planned(['echo', '${args.list[3]}'], args, { list: [] })).rejects.toMatchObject({
      code: 'tool-failed',
      message: expect.stringMatching(/^do_it cannot be called so/),
    })
  })
})

it('the program of a declared command is written out', () => {
  const spec = { description: 'x', args: text }
  expect(commandTool.safeParse({ ...spec, run: ['${args.text}'] }).success).toBe(false)
  expect(commandTool.safeParse({ ...spec, run: [''] }).success).toBe(false)
  expect(commandTool.safeParse({ ...spec, run: [] }).success).toBe(false)
  expect(commandTool.safeParse({ ...spec, run: 'npm test' }).success).toBe(false)
})

it('what a team file says about approval comes to rules', () => {
  const tool = { description: 'x', run: ['true'] }
  const specs = toolSpecs.parse({
    a: { ...tool, approve: 'never' },
    b: { ...tool, approve: 'always' },
    c: tool,
  })
  expect(rulesOf(specs)).toEqual({ allow: ['a'], ask: ['b'] })
})
