import { describe, expect, it } from 'vitest'
import { joined, openPermissions, permissions } from '../../src/tools/permissions.ts'

const FILE = { name: 'write_file', reach: 'writes' } as const
const RUN = { name: 'run_command', reach: 'executes', spelling: 'words' } as const
const FETCH = { name: 'fetch_url', reach: 'connects' } as const
const READ = { name: 'read_file', reach: 'reads' } as const
const BOARD = { name: 'write_board' } as const

const path = (text: string) => text.split('/')
const words = (text: string) => text.split(' ')

async function decide(
  lists: { allow?: string[]; ask?: string[]; deny?: string[] },
  tool: Parameters<Awaited<ReturnType<typeof openPermissions>>['decide']>[0],
  ...touches: string[][]
) {
  return (await openPermissions(joined(lists))).decide(tool, touches)
}

describe('by default', () => {
  it.each([
    ['reading in the folder of the team is allowed', READ, 'allow'],
    ['so is what stays within the run', BOARD, 'allow'],
    ['writing asks', FILE, 'ask'],
    ['running a program asks', RUN, 'ask'],
    ['talking to another machine asks', FETCH, 'ask'],
  ] as const)('%s', async (_, tool, answer) => {
    expect(await decide({}, tool, path('out/a.md'))).toEqual({ answer })
  })
})

describe('a rule', () => {
  it.each([
    ['write_file', 'a/b/c.md', true],
    ['write_file(out/*)', 'out/a.md', true],
    ['write_file(out/*)', 'out/deep/a.md', false],
    ['write_file(out/*)', 'outside/a.md', false],
    ['write_file(out/**)', 'out/deep/er/a.md', true],
    ['write_file(out/**)', 'out', true],
    ['write_file(**/*.md)', 'a/b/c.md', true],
    ['write_file(**/*.md)', 'c.md', true],
    ['write_file(**/*.md)', 'c.mdx', false],
    ['write_file(./notes-?.txt)', 'notes-1.txt', true],
    ['write_file(a/**/z)', 'a/z', true],
    ['write_file(a/**/z)', 'a/b/c/z/y', false],
    ['write_file(a.c)', 'abc', false],
    ['write_*', 'x', true],
    ['read_file', 'x', false],
    ['write_file(Out/a)', 'out/a', false],
  ])('%s, of a path %s: %s', async (rule, touched, allows) => {
    expect(await decide({ allow: [rule] }, FILE, path(touched))).toEqual(
      allows ? { answer: 'allow', rule } : { answer: 'ask' },
    )
  })

  it.each([
    ['run_command(npm test)', 'npm test', true],
    ['run_command(npm test)', 'npm test --prefix /etc', false],
    ['run_command(npm test)', 'npm', false],
    ['run_command(npm test **)', 'npm test --silent -w api', true],
    ['run_command(git diff *)', 'git diff HEAD', true],
    ['run_command(git diff *)', 'git diff HEAD --output=x', false],
  ])('%s, of a command %s: %s', async (rule, line, allows) => {
    const { answer } = await decide({ allow: [rule] }, RUN, words(line))
    expect(answer).toBe(allows ? 'allow' : 'ask')
  })

  it('matches each word of a command by itself: a word with spaces in it is one', async () => {
    const { answer } = await decide({ allow: ['run_command(npm test *)'] }, RUN, ['npm', 'test -x', 'y'])
    expect(answer).toBe('ask')
  })

  it('of an address stays with its host', async () => {
    const allow = ['fetch_url(https://docs.example.com/**)']
    const of = (url: string) => decide({ allow }, FETCH, path(url))
    expect(await of('https://docs.example.com/a/b?c=d')).toMatchObject({ answer: 'allow' })
    for (const url of [
      'http://docs.example.com/a',
      'https://docs.example.com.evil.test/a',
      'https://docs.example.com:8443/a',
      'https://evil.test/docs.example.com/',
    ])
      expect(await of(url)).toEqual({ answer: 'ask' })
  })
})

describe('of several rules', () => {
  it('deny goes before ask, and ask before allow', async () => {
    const lists = { allow: ['write_file'], ask: ['write_file(src/**)'], deny: ['write_file(src/secret/**)'] }
    const of = async (touched: string) => (await decide(lists, FILE, path(touched))).answer
    expect([await of('a'), await of('src/a'), await of('src/secret/a')]).toEqual(['allow', 'ask', 'deny'])
  })

  it('what is denied for a part of a call is denied for all of it', async () => {
    const lists = { allow: ['write_file'], deny: ['write_file(b)'] }
    expect(await decide(lists, FILE, ['a'], ['b'])).toEqual({ answer: 'deny', rule: 'write_file(b)' })
  })

  it('all that a call touches has to be allowed', async () => {
    const allow = ['write_file(a)', 'write_file(b)']
    expect(await decide({ allow }, FILE, ['a'], ['b'])).toMatchObject({ answer: 'allow' })
    expect(await decide({ allow }, FILE, ['a'], ['c'])).toEqual({ answer: 'ask' })
  })

  it.each(['.ENV', '.Env', '.env'])('deny knows no case: %s', async name => {
    expect(
      await decide({ allow: ['write_file'], deny: ['write_file(**/.env)'] }, FILE, ['x', name]),
    ).toMatchObject({
      answer: 'deny',
    })
  })

  it('the same letter in other bytes is the same letter', async () => {
    expect(await decide({ deny: ['write_file(caf\u00e9)'] }, FILE, ['cafe\u0301'])).toMatchObject({
      answer: 'deny',
    })
  })

  it('every call is allowed only where no rule could say otherwise', async () => {
    const of = async (lists: { allow?: string[]; ask?: string[]; deny?: string[] }) =>
      (await openPermissions(joined(lists))).allowsAll(FILE)
    expect(await of({})).toBe(false)
    expect(await of({ allow: ['write_file(**)'] })).toBe(false)
    expect(await of({ allow: ['write_file'] })).toBe(true)
    expect(await of({ allow: ['write_file'], deny: ['write_file(x)'] })).toBe(false)
    expect(await of({ allow: ['write_file'], ask: ['*(x)'] })).toBe(false)
  })

  it('what is denied to a tool is not spared by it', async () => {
    const { spares } = await openPermissions(joined({ deny: ['list_files(secrets/**)'] }))
    expect([spares('list_files', ['secrets']), spares('read_file', ['secrets'])]).toEqual([false, true])
  })

  it('what a tool has to ask about is not shown by it on its way, unless that was approved', async () => {
    const { spares } = await openPermissions(joined({ ask: ['list_files(private/**)'] }))
    const touch = ['private', 'a']
    expect([spares('list_files', touch), spares('list_files', touch, [['private']])]).toEqual([false, true])
  })
})

describe('a rule that is none', () => {
  it.each(['', 'write file', 'write_file(', 'write_file()x', '(a)', 'write_file(a'.padEnd(501, 'a')])(
    '%j',
    rule => {
      expect(permissions.safeParse({ allow: [rule] }).success).toBe(false)
    },
  )

  it('a pattern takes no time to speak of, however it is written', async () => {
    const rule = `write_file(${'**/*a*a/'.repeat(50)}b)`
    const began = process.hrtime.bigint()
    await decide({ deny: [rule] }, FILE, Array(100).fill('a'.repeat(200)))
    expect(Number(process.hrtime.bigint() - began) / 1e6).toBeLessThan(1000)
  })
})
