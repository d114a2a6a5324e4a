import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Services, Work } from '../../src/agents/agent.ts'
import { type CommandSpec, command } from '../../src/agents/command.ts'
import { systemClock } from '../../src/clock.ts'
import type { Context, StepRequest } from '../../src/engine/context.ts'
import { CrewError } from '../../src/errors.ts'
import { run as runProgram } from '../../src/spawn.ts'

const echo = fileURLToPath(new URL('../fixtures/programs/echo.mjs', import.meta.url))
let root: string

beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'crew-command-')))
})
afterAll(() => rmSync(root, { recursive: true }))

/** Runs steps at once, and remembers what they were asked and what they gave. */
function fakeContext(signal = new AbortController().signal) {
  const steps: { key: string; request: StepRequest; output?: unknown }[] = []
  const refuse = () => expect.unreachable('a command needs steps only')
  const ctx: Context = {
    key: 'worker',
    reopened: 0,
    signal,
    async step(key, request, fn) {
      const entry: (typeof steps)[number] = { key, request }
      steps.push(entry)
      const output = await fn({ ...ctx, key: `${ctx.key}/${key}` })
      entry.output = output
      return output
    },
    next: refuse,
    waitFor: refuse,
    hear: refuse,
    sleep: refuse,
    emit: () => {},
  }
  return { ctx, steps }
}

type Declared = Omit<Partial<CommandSpec>, 'run'>

function work(run: readonly string[], declared: Declared = {}, more: Partial<Work<CommandSpec>> = {}) {
  const services: Partial<Services> = {
    run: command => runProgram(command, systemClock),
    clock: systemClock,
    root,
    rehearsal: false,
    rehearse: async ({ agent, task }) => `${agent} would do: ${task}`,
  }
  return {
    agent: 'worker',
    task: 'Count the words.',
    root,
    scope: { input: { topic: 'tea & "milk"; $(id)' }, env: { KEY: 'secret-value' } },
    spec: { kind: 'command', run: [...run], ...declared },
    rejections: [],
    past: [],
    note: () => {},
    idempotencyKey: 'key-1',
    guard: act => act(),
    ...more,
    services: { ...services, ...more.services },
  } as Work<CommandSpec>
}

async function heard(
  declared: Declared = {},
  more: Partial<Work<CommandSpec>> = {},
  args: readonly string[] = [],
) {
  const { ctx } = fakeContext()
  return JSON.parse(
    String(await command.perform(work([process.execPath, echo, ...args], declared, more), ctx)),
  )
}

const rejections = [{ answer: 'Twelve.', problem: 'it is no number' }]

describe('a command is given', () => {
  it('its arguments with the templates filled in, each as one argument', async () => {
    const { argv } = await heard({}, {}, ['--topic', '${input.topic}', 'all: ${input}'])
    expect(argv).toEqual(['--topic', 'tea & "milk"; $(id)', 'all: {"topic":"tea & \\"milk\\"; $(id)"}'])
  })

  it('the task to read, in the folder of the team', async () => {
    expect(await heard()).toMatchObject({ stdin: 'Count the words.', cwd: root })
  })

  it('the task and what was wrong with its answer', async () => {
    const { stdin } = await heard({}, { rejections })
    expect(stdin).toMatch(/^Count the words\.\n\n.*not accepted.*\n.*it is no number\n.*\nTwelve\.$/)
  })

  it('task, input and feedback as JSON when it asks for that', async () => {
    const { stdin } = await heard({ stdin: 'json' }, { rejections })
    expect(JSON.parse(stdin)).toEqual({
      task: 'Count the words.',
      input: { topic: 'tea & "milk"; $(id)' },
      feedback: rejections,
    })
  })

  it('nothing to read when it asks for that', async () => {
    expect((await heard({ stdin: 'none' }, { rejections })).stdin).toBe('')
  })

  it('the environment that it declares and an idempotency key, which it cannot override', async () => {
    const { env } = await heard({ env: { TOKEN: '${env.KEY}', CREW_IDEMPOTENCY_KEY: 'mine' } })
    expect(env).toMatchObject({ TOKEN: 'secret-value', CREW_IDEMPOTENCY_KEY: 'key-1' })
    expect(env).not.toHaveProperty('KEY')
  })
})

describe('its step', () => {
  it('says what it runs and what a repetition may do, and nothing of its environment', async () => {
    const { ctx, steps } = fakeContext()
    await command.perform(work(['printf', 'done'], { env: { TOKEN: '${env.KEY}' } }), ctx)
    expect(steps).toMatchObject([
      {
        key: 'run',
        request: { kind: 'command', effects: 'once', input: { argv: ['printf', 'done'] } },
        output: 'done',
      },
    ])
    expect(JSON.stringify(steps)).not.toContain('secret-value')
  })

  it('is another one when it reads something else', async () => {
    const { ctx, steps } = fakeContext()
    await command.perform(work(['printf', 'done']), ctx)
    await command.perform(work(['printf', 'done'], {}, { rejections }), ctx)
    expect(steps[0]?.request.identity).not.toEqual(steps[1]?.request.identity)
  })

  it('keeps the output without the blanks around it', async () => {
    const { ctx } = fakeContext()
    expect(await command.perform(work(['printf', '\\n  two\\n lines \\n\\n']), ctx)).toBe('two\n lines')
  })

  it('fails as the command fails', async () => {
    const { ctx } = fakeContext()
    await expect(command.perform(work(['false']), ctx)).rejects.toMatchObject({
      code: 'command-failed',
      message: 'false ended with exit code 1 and said nothing',
    })
  })

  it('ends with the deadline that the agent declares', async () => {
    const { ctx } = fakeContext()
    const sleeping = command.perform(work(['sleep', '60'], { timeout: { total: 100 } }), ctx)
    await expect(sleeping).rejects.toMatchObject({
      code: 'timeout',
      message: 'sleep was not done after 0.1 s',
    })
  })

  it('ends with the reason of its context', async () => {
    const reason = new CrewError('cancelled', 'no longer wanted')
    const { ctx } = fakeContext(AbortSignal.abort(reason))
    await expect(command.perform(work(['sleep', '60']), ctx)).rejects.toBe(reason)
  })
})

describe('in a rehearsal', () => {
  const rehearsal = { services: { rehearsal: true } as Services }

  it.each(['once', 'idempotent', undefined] as const)(
    'a command with effects (%s) is not executed',
    async effects => {
      const { ctx, steps } = fakeContext()
      const marker = join(root, `touched-${effects}`)
      const spec = effects ? { effects } : {}
      expect(await command.perform(work(['touch', marker], spec, rehearsal), ctx)).toBe(
        'worker would do: Count the words.',
      )
      expect(existsSync(marker)).toBe(false)
      expect(steps).toEqual([])
    },
  )

  it('a pure command is executed', async () => {
    const { ctx } = fakeContext()
    expect(await command.perform(work(['printf', 'real'], { effects: 'pure' }, rehearsal), ctx)).toBe('real')
  })
})

it('is repeated without being asked for only when that does no harm', () => {
  const repeats = (effects: CommandSpec['effects']) =>
    command.mayRepeat({ kind: 'command', run: ['x'], ...(effects && { effects }) })
  expect([repeats(undefined), repeats('once'), repeats('idempotent'), repeats('pure')]).toEqual([
    false,
    false,
    true,
    true,
  ])
})

it('cannot be declared without a program', () => {
  expect(command.schema.safeParse({ kind: 'command', run: [] }).success).toBe(false)
})
