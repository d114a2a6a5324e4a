import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type Clock, systemClock } from '../src/clock.ts'
import { CrewError } from '../src/errors.ts'
import { type Command, run } from '../src/spawn.ts'

const programs = fileURLToPath(new URL('fixtures/programs/', import.meta.url))
let cwd: string

beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'crew-spawn-'))
})
afterAll(() => rmSync(cwd, { recursive: true }))

/** Ten times as fast, where a test would only wait. */
const fastClock: Clock = { ...systemClock, after: (ms, then) => systemClock.after(ms / 10, then) }

function start(
  program: string,
  args: readonly string[] = [],
  more: Partial<Command> = {},
  clock = systemClock,
) {
  return run(
    {
      argv: [process.execPath, join(programs, `${program}.mjs`), ...args],
      cwd,
      env: {},
      deadlines: { total: 20_000 },
      signal: new AbortController().signal,
      ...more,
    },
    clock,
  )
}

async function failure(running: Promise<unknown>): Promise<CrewError> {
  const error = await running.then(
    () => expect.unreachable('it should have failed'),
    thrown => thrown,
  )
  expect(error).toBeInstanceOf(CrewError)
  return error
}

/** Processes of these groups that are not merely waiting to be reaped. */
function alive(groups: readonly number[]): string[] {
  const table = execFileSync('ps', ['-eo', 'pgid=,pid=,stat=,args='], { encoding: 'utf8' })
  return table.split('\n').filter(line => {
    const [group, , state] = line.trim().split(/\s+/)
    return groups.includes(Number(group)) && !state?.startsWith('Z')
  })
}

/** Collects the process ids that a program prints; calls `ready` when there are `count` of them. */
function pids(count = Number.POSITIVE_INFINITY, ready = () => {}) {
  const seen: number[] = []
  const onLine = (line: string) => {
    seen.push(Number(line))
    if (seen.length === count) ready()
  }
  return { seen, onLine }
}

describe('what a program is given', () => {
  it('is its arguments untouched, whatever a shell would make of them', async () => {
    const argv = [
      '$(id)',
      '`id`',
      '; rm -rf /',
      '*',
      '"',
      "'",
      '',
      ' a  b ',
      '\\',
      '|| true',
      '\n',
      '--',
      '€',
    ]
    const { stdout } = await start('echo', argv)
    expect(JSON.parse(stdout).argv).toEqual(argv)
  })

  it('is the folder it runs in and the text it reads', async () => {
    const stdin = `${'täxt '.repeat(100_000)}.`
    const { stdout } = await start('echo', [], { stdin })
    expect(JSON.parse(stdout)).toMatchObject({ cwd, stdin })
  })

  it('is no input when it is given none', async () => {
    const { stdout } = await start('echo')
    expect(JSON.parse(stdout).stdin).toBe('')
  })

  it('is the declared environment and the few variables that every program needs, and no secret', async () => {
    process.env.CREW_TEST_SECRET = 'canary'
    onTestFinished(() => {
      delete process.env.CREW_TEST_SECRET
    })
    const { stdout } = await start('echo', [], { env: { DECLARED: 'yes' } })
    const { env } = JSON.parse(stdout)
    expect(env).toMatchObject({ DECLARED: 'yes', PATH: process.env.PATH })
    expect(
      Object.keys(env).filter(name => !/^(DECLARED|PATH|HOME|LANG|LC_ALL|TMPDIR|__CF.*)$/.test(name)),
    ).toEqual([])
  })

  it('may be a lot of input that it does not read', async () => {
    const { stdout } = await start('ignore-stdin', [], { stdin: 'x'.repeat(5_000_000) })
    expect(stdout).toBe('done\n')
  })

  it('is never a NUL character, and the error does not quote the value around it', async () => {
    const error = await failure(start('echo', [], { env: { KEY: 'secret\0' } }))
    expect(error).toMatchObject({ code: 'command-failed', message: expect.stringContaining('NUL') })
    expect(error.message).not.toContain('secret')
  })
})

describe('what a program writes', () => {
  it('arrives line by line and as a whole', async () => {
    const lines: string[] = []
    const { stdout } = await start('pause', ['10'], {
      onLine: (line, from) => lines.push(`${from}: ${line}`),
    })
    expect(lines).toEqual(['stdout: one', 'stdout: two'])
    expect(stdout).toBe('one\ntwo\n')
  })

  it('is stopped when it is too much', async () => {
    const error = await failure(start('flood'))
    expect(error).toMatchObject({
      code: 'command-failed',
      message: expect.stringMatching(/more than 4194304 bytes/),
    })
  })

  it('may be much when that is allowed', async () => {
    const { stdout } = await start('flood', [], { maxOutput: 50_000_000 })
    expect(stdout.length).toBe(50_000_000)
  })

  it.each([
    ['a NUL byte', '610062'],
    ['a byte that is not UTF-8', '61ff62'],
    ['a character cut in half', '61e282'],
    ['an overlong encoding', 'c0af'],
  ])('is refused when it has %s in it', async (_, bytes) => {
    const error = await failure(start('binary', [bytes]))
    expect(error).toMatchObject({ code: 'command-failed', message: expect.stringContaining('binary data') })
  })
})

describe('a program that fails', () => {
  it('is quoted with its exit code and at most 500 characters of its last lines', async () => {
    const { code, message } = await failure(start('fail'))
    expect(code).toBe('command-failed')
    expect(message).toMatch(/ended with exit code 3: …line \d+ of the(.*\n)+line 100 of the explanation$/)
    expect(message.split('exit code 3: ')[1]?.length).toBeLessThanOrEqual(500)
  })

  it('is said to have been ended by a signal', async () => {
    const argv = [process.execPath, '-e', 'process.kill(process.pid, "SIGKILL")']
    expect((await failure(start('', [], { argv }))).message).toMatch(/was ended by SIGKILL and said nothing/)
  })

  it('is named when it does not exist', async () => {
    const error = await failure(start('', [], { argv: ['no-such-program'] }))
    expect(error).toMatchObject({ code: 'command-failed', message: 'no-such-program was not found' })
    expect(error.details.hint).toMatch(/install it/)
  })

  it('is named when it may not be executed', async () => {
    const program = join(cwd, 'locked.sh')
    writeFileSync(program, '#!/bin/sh\n')
    chmodSync(program, 0o644)
    expect((await failure(start('', [], { argv: [program] }))).details.hint).toMatch(/chmod \+x/)
  })

  it('is not blamed for a folder that does not exist', async () => {
    const error = await failure(start('echo', [], { cwd: join(cwd, 'nowhere') }))
    expect(error.message).toMatch(/there is no such folder/)
  })

  it('is told to read its input when its arguments are too long', async () => {
    const error = await failure(start('echo', ['x'.repeat(10_000_000)]))
    expect(error).toMatchObject({
      code: 'command-failed',
      details: { hint: expect.stringContaining('standard input') },
    })
  })
})

describe('a deadline', () => {
  it.each([
    ['firstByte', 'never-ends', ['--silent'], /wrote nothing within 0\.3 s/],
    ['idle', 'pause', ['20000'], /wrote nothing more for 0\.3 s/],
    ['total', 'never-ends', [], /was not done after 0\.3 s/],
  ] as const)('for %s ends the program and says so', async (deadline, program, args, message) => {
    const argv = program === 'never-ends' && deadline === 'firstByte' ? { argv: ['sleep', '60'] } : {}
    const error = await failure(
      start(program, args, { deadlines: { total: 20_000, [deadline]: 300 }, ...argv }),
    )
    expect(error).toMatchObject({ code: 'timeout', retryable: true, message: expect.stringMatching(message) })
    expect(error.details.hint).toContain(`timeout.${deadline}`)
  })

  it('does not pass as long as the program keeps writing', async () => {
    const { stdout } = await start('pause', ['300'], {
      deadlines: { firstByte: 10_000, idle: 10_000, total: 20_000 },
    })
    expect(stdout).toBe('one\ntwo\n')
  })
})

describe('a cancelled run', () => {
  async function cancelled(program: string, args: readonly string[], processes: number, clock?: Clock) {
    const controller = new AbortController()
    const reason = new CrewError('cancelled', 'no longer wanted')
    const { seen, onLine } = pids(processes, () => controller.abort(reason))
    expect(await failure(start(program, args, { signal: controller.signal, onLine }, clock))).toBe(reason)
    return seen
  }

  it('leaves no process behind', async () => {
    expect(alive(await cancelled('never-ends', [], 1))).toEqual([])
  })

  it('kills after two seconds a program that does not heed SIGTERM', async () => {
    const before = systemClock.now()
    expect(alive(await cancelled('never-ends', ['--stubborn'], 1))).toEqual([])
    expect(systemClock.now() - before).toBeGreaterThan(2000)
  })

  it('ends what the program has started, too, however stubborn', async () => {
    expect(alive(await cancelled('leave-grandchild', ['--stay', '--stubborn'], 3, fastClock))).toEqual([])
  })

  it('starts nothing when it was cancelled before', async () => {
    const signal = AbortSignal.abort(new CrewError('cancelled', 'too early'))
    const marker = join(cwd, 'started')
    expect((await failure(start('', [], { argv: ['touch', marker], signal }))).message).toBe('too early')
    expect(spawnSync('test', ['-e', marker]).status).toBe(1)
  })
})

describe('a program that leaves something behind', () => {
  it('is over when it ends, and what it left in its group ends with it', async () => {
    const { seen, onLine } = pids()
    const { stdout } = await start('leave-grandchild', [], { onLine }, fastClock)
    expect(stdout).toContain(`${seen[0]}\n${seen[1]}\n`)
    expect(alive(seen)).toEqual([])
  })

  it('is over when it ends, even if a process of another session holds its output open', async () => {
    const { seen, onLine } = pids()
    await start('leave-grandchild', ['--detached'], { onLine })
    const [program = 0, grandchild = 0] = seen
    expect(alive([program])).toEqual([])
    expect(alive([grandchild])).toHaveLength(1)
    process.kill(grandchild, 'SIGKILL')
  })
})

it.each([
  ['ends by itself', 'process.exit(1)'],
  ['throws', 'throw new Error("a defect")'],
])('no child outlives a crew that %s', (_, last) => {
  const script = `
    import { run } from './src/spawn.ts'
    import { systemClock } from './src/clock.ts'
    const onLine = line => { console.log(line); setTimeout(() => { ${last} }, 10) }
    const argv = [process.execPath, ${JSON.stringify(join(programs, 'never-ends.mjs'))}, '--stubborn']
    run({ argv, cwd: '.', env: {}, deadlines: { total: 60000 }, signal: new AbortController().signal, onLine }, systemClock)
  `
  const bundle = { bundle: true, platform: 'node', format: 'esm', write: false } as const
  const { outputFiles } = buildSync({ stdin: { contents: script, resolveDir: process.cwd() }, ...bundle })
  const program = join(cwd, 'crew.mjs')
  writeFileSync(
    program,
    `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)\n${outputFiles[0]?.text}`,
  )
  const crew = spawnSync(process.execPath, [program], { encoding: 'utf8', cwd: programs })
  const pid = Number(crew.stdout.trim())
  expect(pid, crew.stderr).toBeGreaterThan(1)
  expect(alive([pid])).toEqual([])
})
