import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Clock, systemClock } from '../../src/clock.ts'
import { CrewError } from '../../src/errors.ts'
import type { JsonObject } from '../../src/json.ts'
import { openPermissions } from '../../src/tools/permissions.ts'
import { runCommand } from '../../src/tools/run-command.ts'
import { folderWith, setting } from './folder.ts'

const program = (name: string) => fileURLToPath(new URL(`../fixtures/programs/${name}.mjs`, import.meta.url))
const NODE = process.execPath

function use(
  args: JsonObject,
  root = folderWith(),
  { clock = systemClock, signal = new AbortController().signal } = {},
) {
  return runCommand({ clock, id: 'run-1' }).call(args, setting(root, signal)) as Promise<string>
}

const plan = (args: JsonObject) => runCommand({ clock: systemClock, id: 'run-1' }).plan?.(args, { root: '.' })

/** Processes that carry `mark` on their command line. */
function alive(mark: string): string[] {
  const table = execFileSync('ps', ['-eo', 'stat=,args='], { encoding: 'utf8' })
  return table.split('\n').filter(line => line.includes(mark) && !line.startsWith('Z'))
}

describe('a command', () => {
  it('runs in the folder of the team, and tells its exit code and what it wrote', async () => {
    const root = folderWith({ 'a.txt': 'hello' })
    expect(await use({ argv: ['cat', 'a.txt'] }, root)).toBe('[Exit code 0.]\nhello')
    expect(await use({ argv: ['true'] }, root)).toBe('[Exit code 0.]\n[It wrote nothing.]')
    expect(await use({ argv: ['cat'], stdin: 'read this' }, root)).toBe('[Exit code 0.]\nread this')
  })

  it('that fails is told with its exit code and both of its outputs', async () => {
    const script = 'console.log("so far"); console.error("no more"); process.exitCode = 3'
    expect(await use({ argv: [NODE, '-e', script] })).toBe(
      '[Exit code 3.]\n[stdout:]\nso far\n\n[stderr:]\nno more\n',
    )
    expect(await use({ argv: ['sh', '-c', 'kill -9 $$'] })).toBe(
      '[It was ended by SIGKILL.]\n[It wrote nothing.]',
    )
  })

  it('gets its arguments as they are, whatever a shell would make of them', async () => {
    const root = folderWith({ 'precious.txt': 'kept' })
    const words = [
      '; rm -rf .',
      '$(rm precious.txt)',
      '`rm precious.txt`',
      '| tee x',
      '> x',
      '*',
      'a\nb',
      '',
      '&& id',
    ]
    const told = await use({ argv: [NODE, program('echo'), ...words] }, root)
    expect(JSON.parse(told.replace('[Exit code 0.]\n', '')).argv).toEqual(words)
    expect(await use({ argv: ['ls'] }, root)).toBe('[Exit code 0.]\nprecious.txt\n')
  })

  it('gets 100 KB in one argument', async () => {
    const told = await use({ argv: ['printf', '%s', 'x'.repeat(100_000)] })
    expect(told).toHaveLength('[Exit code 0.]\n'.length + 100_000)
  })

  it('sees nothing of the environment but what every program needs, and a key', async () => {
    process.env.MY_TOKEN = 'canary-token'
    onTestFinished(() => {
      delete process.env.MY_TOKEN
    })
    const told = await use({ argv: ['env'] })
    expect(told).not.toContain('canary')
    const names = told
      .split('\n')
      .slice(1, -1)
      .map(line => line.split('=')[0])
    expect(names).toContain('CREW_IDEMPOTENCY_KEY')
    expect(
      names.filter(name => !/^(PATH|HOME|LANG|LC_ALL|TMPDIR|CREW_IDEMPOTENCY_KEY)$/.test(name ?? '')),
    ).toEqual([])
  })

  it('that does not exist is a failure of the tool', async () => {
    await expect(use({ argv: ['no-such-program'] })).rejects.toMatchObject({
      code: 'tool-failed',
      message: 'no-such-program was not found.',
    })
    await expect(use({ argv: ['printf', 'x'.repeat(200_000)] })).rejects.toMatchObject({
      code: 'tool-failed',
      message: 'printf cannot be given arguments this long.',
    })
  })
})

describe('what a command writes', () => {
  it('is stopped when it is too much, and its beginning and its end are told', async () => {
    const told = await use({ argv: [NODE, program('flood')] })
    expect(told).toMatch(/^\[It wrote more than 1 MiB, and was stopped with all that it had started\./)
    expect(told).toMatch(/\n\[… \d+ characters are left out here …\]\n/)
    expect(told.length).toBeLessThan(65_000)
  })

  it('is not shown when it is no text', async () => {
    const told = await use({ argv: [NODE, program('binary'), '89504e470d0a1a0a00'] })
    expect(told).toBe(
      '[Exit code 0.]\n[stdout is no text but 9 bytes of binary data, which begin with 89 50 4e 47 0d 0a 1a 0a 00.]',
    )
  })
})

describe('a command that never ends', () => {
  it('is ended with all that it started, however stubborn, and what it wrote is told', async () => {
    const mark = `98${process.pid}`
    const faster: Clock = {
      ...systemClock,
      after: (ms, then) => systemClock.after(ms === 800 ? ms : ms / 10, then),
    }
    const argv = ['sh', '-c', `trap '' TERM; echo started; sleep ${mark} & sleep ${mark}`]
    const told = await use({ argv, timeout: '800ms' }, folderWith(), { clock: faster })
    expect(told).toBe(
      '[It was not done after 800 ms, and was stopped with all that it had started.]\nstarted\n',
    )
    expect(alive(mark)).toEqual([])
  }, 10_000)

  it('because it waits for input has none to wait for', async () => {
    expect(await use({ argv: ['cat'] })).toBe('[Exit code 0.]\n[It wrote nothing.]')
  })

  it('ends when the call is no longer wanted', async () => {
    const controller = new AbortController()
    const reason = new CrewError('cancelled', 'no longer wanted')
    setTimeout(() => controller.abort(reason), 50)
    await expect(use({ argv: ['sleep', '60'] }, folderWith(), { signal: controller.signal })).rejects.toBe(
      reason,
    )
  })
})

describe('before a command runs', () => {
  it('a person sees it as a line, with what it hides', async () => {
    expect(await plan({ argv: ['sh', '-c', 'rm -rf ~'] })).toEqual({
      touches: [['sh', '-c', 'rm -rf ~']],
      preview: "sh -c 'rm -rf ~'\nIt runs a shell script: 'rm -rf ~'",
    })
  })

  it.each([
    ['no program', { argv: [] }],
    ['an empty program', { argv: [''] }],
    ['a text instead of words', { argv: 'rm -rf /' }],
    ['a word that is none', { argv: ['echo', 1] }],
    ['a NUL character', { argv: ['echo', 'a\0b'] }],
    ['more words than anybody needs', { argv: ['echo', 'x'.repeat(300_000)] }],
    ['a time that is none', { argv: ['true'], timeout: 'soon' }],
    ['a time that is too long', { argv: ['true'], timeout: '11m' }],
    ['what it does not know', { argv: ['true'], shell: true }],
  ])('%s is refused', async (_, args) => {
    await expect(plan(args)).rejects.toMatchObject({ code: 'tool-failed' })
    await expect(use(args)).rejects.toMatchObject({ code: 'tool-failed' })
  })

  it('a rule is satisfied by exactly its words', async () => {
    const tool = runCommand({ clock: systemClock, id: 'run-1' })
    const { decide } = await openPermissions({
      allow: ['run_command(npm test)', 'run_command(sort **)'],
      ask: [],
      deny: ['run_command(git push **)'],
    })
    const answer = async (argv: string[], stdin?: string) =>
      decide(tool, (await plan({ argv, ...(stdin !== undefined && { stdin }) }))?.touches ?? []).answer
    expect(await answer(['npm', 'test'])).toBe('allow')
    for (const argv of [
      ['npm test'],
      ['npm', 'test', '--', 'x'],
      ['npm'],
      ['npm', 'test', ''],
      ['/tmp/npm', 'test'],
      ['npm', 'te\u200Bst'],
    ])
      expect(await answer(argv), JSON.stringify(argv)).toBe('ask')
    expect(await answer(['npm', 'test'], 'read this')).toBe('ask')
    expect(await answer(['sort', '-r'], 'b\na')).toBe('allow')
    expect(await answer(['git', 'push', '--force'])).toBe('deny')
    expect(await answer(['git', 'push'], 'x')).toBe('deny')
  })
})
