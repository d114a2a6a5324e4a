import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { crewHome, ended, said } from '../helpers/crew.ts'
import { answer, json, silence } from '../helpers/faulty-server.ts'
import { modelServer, saying } from '../helpers/model-server.ts'

const ONE = { agents: { writer: { role: 'You write.' } }, pattern: { kind: 'pipeline', stages: ['writer'] } }
const ECHO = {
  agents: { echo: { kind: 'command', run: ['cat'], effects: 'pure' } },
  pattern: { kind: 'pipeline', stages: ['echo'] },
}
const bash = (line: string, env: Record<string, string>, cwd: string) =>
  ended(
    spawn('bash', ['-c', line], { cwd, env: { PATH: process.env.PATH, HOME: cwd, NO_COLOR: '1', ...env } }),
  )
const CREW = `${process.execPath} ${resolve('bin/crew.js')}`

describe('crew run', () => {
  it('gives the result alone on stdout, and everything else on stderr', async () => {
    const server = await modelServer(saying('Forty-two.'))
    const { crew, team } = crewHome(server.env)
    const { code, stdout, stderr } = await crew(['run', team(ONE), 'What is the answer?'])
    expect(code).toBe(0)
    expect(stdout).toBe('Forty-two.\n')
    expect(stderr).toMatch(/✓ writer .*110 tokens, \$0\.0/)
    expect(stderr).toMatch(/✓ succeeded · run \w{11}\n {2}1 of 1 agents done/)
    expect(JSON.parse(server.received[0]?.body ?? '').messages).toEqual([
      { role: 'system', content: 'You write.' },
      { role: 'user', content: 'What is the answer?' },
    ])
  })

  it('gives one JSON document with --json, every event with --events, nothing but trouble with --quiet', async () => {
    const server = await modelServer(saying('Yes.'))
    const { crew, team } = crewHome(server.env)
    const path = team(ONE)
    const document = await crew(['--json', 'run', path, '--quiet', 'Really?'])
    expect(document.stderr).toBe('')
    expect(JSON.parse(document.stdout)).toMatchObject({
      team: 'test',
      state: 'succeeded',
      output: 'Yes.',
      rehearsal: false,
      spent: { calls: 1, input: 100, output: 10, unpriced: 0 },
    })
    const events = (await crew(['run', path, 'Really?', '--events'])).stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(events.map(event => event.seq)).toEqual(events.map((_, index) => index + 1))
    expect(events.at(-1)).toMatchObject({ type: 'run.succeeded', output: 'Yes.', run: expect.any(String) })
  })

  it('takes its task from stdin, an argument, or an input that is read from a file', async () => {
    const { crew, team, home } = crewHome()
    const path = team(ECHO)
    expect((await crew(['run', path], { stdin: 'from stdin\n' })).stdout).toBe('from stdin\n')
    expect((await crew(['run', path, 'from an argument'])).stdout).toBe('from an argument\n')
    writeFileSync(join(home, 'notes.txt'), 'from a file')
    expect((await crew(['run', path, '-i', 'task=@notes.txt'])).stdout).toBe('from a file\n')
  })

  it('writes the result to a file with --output', async () => {
    const { crew, team, home } = crewHome()
    const { stdout, code } = await crew(['run', team(ECHO), 'kept', '--output', 'result.txt'])
    expect([code, stdout]).toEqual([0, ''])
    expect(readFileSync(join(home, 'result.txt'), 'utf8')).toBe('kept\n')
  })

  it('gives structured output as pretty JSON, after telling the model what was wrong with its first try', async () => {
    const output = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] }
    const server = await modelServer(saying('{"n": "many"}'), saying('{"n": 3}'))
    const { crew, team } = crewHome(server.env)
    const definition = { ...ONE, agents: { writer: { output, retry: { backoff: '10ms' } } } }
    const { stdout, stderr } = await crew(['run', team(definition), 'Count.'])
    expect(stdout).toBe('{\n  "n": 3\n}\n')
    expect(stderr).toMatch(/retry: .*n must be integer/)
    const { messages } = JSON.parse(server.received[1]?.body ?? '')
    expect(messages.slice(1)).toEqual([
      { role: 'assistant', content: '{"n": "many"}' },
      { role: 'user', content: expect.stringContaining('n must be integer') },
    ])
  })

  it('says of a rehearsal that no model was called, and what it would have cost', async () => {
    const { crew, team } = crewHome()
    const { code, stdout, stderr } = await crew([
      'run',
      team(ONE),
      'Rain falls. Rivers rise.',
      '--rehearse',
      '--json',
    ])
    expect(code).toBe(0)
    expect(stderr).toMatch(/rehearsal, no model called; else .* tokens, ~\$0\.\d+/)
    expect(JSON.parse(stdout)).toMatchObject({
      rehearsal: true,
      spent: { calls: 0 },
      wouldHaveSpent: { calls: 1 },
    })
  })

  it('gives the same rehearsal in any process', async () => {
    const { crew } = crewHome()
    const args = ['run', resolve('examples/research-assistant/team.yaml'), '--rehearse', '--quiet']
    const [first, second] = await Promise.all([crew(args), crew(args)])
    expect(first.stdout).toMatch(/^# Federated learning\n/)
    expect(second.stdout).toBe(first.stdout)
  })

  it('shows a second process what the first one knows, and refuses to run one run twice', async () => {
    const server = await modelServer(silence)
    const { crew, start, team } = crewHome(server.env)
    const child = start(['run', team(ONE), 'go'])
    child.stdin?.end()
    await said(child, /▸ writer/)
    const { stdout } = await crew(['ls', '--json'])
    expect(JSON.parse(stdout)).toMatchObject([{ state: 'running', team: 'test' }])
    expect((await crew(['resume', 'last'])).code).toBe(5)
    child.kill('SIGKILL')
  })
})

describe('bad input', () => {
  const { env } = { env: { OPENAI_API_KEY: 'sk-test-0123456789' } }

  it.each([
    ['a file that is not there', 'nowhere.yaml', undefined, /nowhere\.yaml/],
    ['an empty file', 'empty.yaml', '', /empty/i],
    ['a binary file', 'binary.yaml', Buffer.from([0, 1, 2, 255, 254]), /binary|text|NUL/i],
    ['a folder', '.', undefined, /folder|directory/i],
    ['a file of something else', 'list.yaml', '- a\n- b\n', /map|object/i],
    ['YAML that does not parse', 'broken.yaml', 'name: x\nagents: [\n', /broken\.yaml:\d+:\d+/],
    [
      'a misspelt agent',
      'typo.yaml',
      'name: t\nagents: { writer: { role: x } }\npattern: { kind: pipeline, stages: [writr] }\n',
      /typo\.yaml:3:37.*writr[\s\S]*did you mean "writer"/,
    ],
  ])('%s ends with exit code 2, says where, and leaves no stack trace', async (_, name, content, message) => {
    const { crew, home } = crewHome(env)
    if (content !== undefined) writeFileSync(join(home, name), content)
    const { code, stdout, stderr } = await crew(['run', name, 'go'])
    expect(code, stderr).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/\n\s+at /)
  })

  it('a missing input is named, with the way to give it', async () => {
    const { crew, team } = crewHome(env)
    const definition = { ...ONE, input: { topic: { type: 'string' }, depth: { type: 'integer' } } }
    const { code, stderr } = await crew(['run', team(definition)])
    expect(code).toBe(2)
    expect(stderr).toMatch(/topic[\s\S]*depth[\s\S]*--input topic=… --input depth=…/)
  })

  it('a missing key is named, with where it was looked for and the way round it', async () => {
    const { crew, team } = crewHome()
    const { code, stderr } = await crew(['run', team(ONE), 'go'])
    expect(code).toBe(2)
    expect(stderr).toMatch(/OPENAI_API_KEY is not set in the environment[\s\S]*--rehearse/)
    expect((await crew(['ls', '--json'])).stdout.trim()).toBe('[]')
  })

  it.each([
    [['run']],
    [['walk']],
    [['run', 'x.yaml', '--fast']],
    [['resume', 'nope']],
    [['config', 'set', 'colour', 'red']],
  ])('crew %j ends with exit code 2', async args => {
    const { crew } = crewHome()
    const { code, stderr } = await crew(args)
    expect(code).toBe(2)
    expect(stderr).not.toBe('')
  })
})

describe('bad luck', () => {
  const impatient = { ...ONE, agents: { writer: { retry: { attempts: 2, backoff: '10ms' } } } }

  it.each([
    ['an endpoint that is down', undefined, /ECONNREFUSED/],
    ['a model that does not exist', json(404, { error: { message: 'no such model' } }), /gpt-5-mini/],
    ['a key that is rejected', json(401, { error: { message: 'bad key' } }), /OPENAI_API_KEY/],
    [
      'a page of HTML with status 200',
      answer(200, '<html>hello</html>', { 'content-type': 'text/html' }),
      /html/i,
    ],
    ['an answer that is empty', saying(''), /empty/],
    ['an answer that never fits', saying('nonsense'), /JSON/],
  ])(
    '%s fails the run with exit code 1, and the run can be resumed once it is mended',
    async (_, script, message) => {
      const server = await modelServer(script ?? silence)
      if (!script) await server.close()
      const { crew, team } = crewHome(server.env)
      const output = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] }
      const needsJson = message.source === 'JSON'
      const definition = needsJson
        ? { ...impatient, agents: { writer: { ...impatient.agents.writer, output } } }
        : impatient
      const { code, stdout, stderr } = await crew(['run', team(definition), 'go'])
      expect(code, stderr).toBe(1)
      expect(stdout).toBe('')
      expect(stderr).toMatch(message)
      expect(stderr).toMatch(/go on with: crew resume \w{11}/)
      expect(stderr).not.toMatch(/\n\s+at /)
      if (!script) return
      server.play(saying(needsJson ? '{"n": 1}' : 'Mended.'))
      expect((await crew(['resume', 'last'])).code).toBe(0)
    },
  )

  it('SIGINT stops what is in flight, keeps the rest, and says how to go on', async () => {
    const server = await modelServer(silence)
    const { crew, start, team } = crewHome(server.env)
    const child = start(['run', team(ONE), 'go'])
    child.stdin?.end()
    const end = ended(child)
    while (server.received.length === 0) await new Promise(resolve => setTimeout(resolve, 20))
    child.kill('SIGINT')
    const { code, stdout, stderr } = await end
    expect([code, stdout]).toEqual([130, ''])
    expect(stderr).toMatch(/interrupted[\s\S]*crew resume \w{11}/)
    server.play(saying('Done.'))
    expect((await crew(['resume', 'last'])).stdout).toBe('Done.\n')
  })

  it('a second SIGINT ends it at once, and the run can still be resumed', async () => {
    const { crew, start, team } = crewHome()
    const stubborn = {
      kind: 'command',
      run: ['node', '-e', 'process.on("SIGTERM", () => {}); setTimeout(() => {}, 20000)'],
      stdin: 'none',
      effects: 'pure',
      timeout: { total: '30s' },
    }
    const path = team({
      input: {},
      agents: { stubborn },
      pattern: { kind: 'pipeline', stages: ['stubborn'] },
    })
    const child = start(['run', path])
    child.stdin?.end()
    const end = ended(child)
    await said(child, /▸ stubborn/)
    await new Promise(resolve => setTimeout(resolve, 500))
    child.kill('SIGINT')
    await new Promise(resolve => setTimeout(resolve, 200))
    child.kill('SIGINT')
    expect((await end).code).toBe(130)
    expect(JSON.parse((await crew(['ls', '--json'])).stdout)).toMatchObject([{ state: 'interrupted' }])
  })

  it('a reader that leaves early is no error', async () => {
    const { team, home } = crewHome()
    const path = team(ECHO)
    const { stdout, stderr, code } = await bash(
      `set -o pipefail; seq 100000 > long.txt; ${CREW} run --trust ${path} --quiet < long.txt | head -n 1`,
      { CREW_HOME: home },
      home,
    )
    expect([code, stdout, stderr]).toEqual([0, '1\n', ''])
  })

  it('a closed stdin is a missing task, not a hang', async () => {
    const { team, home } = crewHome()
    const { code, stderr } = await bash(`${CREW} run --trust ${team(ECHO)} <&-`, { CREW_HOME: home }, home)
    expect(code).toBe(2)
    expect(stderr).toMatch(/task/)
  })

  it('a command whose outcome nobody knows makes the run wait for a person, who can answer from anywhere', async () => {
    const { crew, team } = crewHome()
    const pay = { kind: 'command', run: ['node', '-e', 'console.log("paid")'], stdin: 'none' }
    const path = team({ input: {}, agents: { pay }, pattern: { kind: 'pipeline', stages: ['pay'] } })
    expect((await crew(['run', path], { env: { CREW_CRASH_AT: 'act:after' } })).signal).toBe('SIGKILL')
    const waiting = await crew(['resume', 'last'])
    expect(waiting.code).toBe(4)
    expect(waiting.stderr).toMatch(/crew answer \w+ retry/)
    expect((await crew(['answer', 'last', 'done=receipt 7'])).code).toBe(0)
    const resumed = await crew(['resume', 'last'])
    expect([resumed.code, resumed.stdout]).toEqual([0, 'receipt 7\n'])
  })

  it('a limit ends the run with exit code 3, and a higher one lets it go on', async () => {
    const { crew, team } = crewHome()
    const definition = {
      ...ECHO,
      limits: { invocations: 1 },
      pattern: { kind: 'pipeline', stages: ['echo', { agent: 'echo', name: 'again' }] },
    }
    const { code, stderr } = await crew(['run', team(definition), 'hello'])
    expect(code).toBe(3)
    expect(stderr).toMatch(/crew resume \w{11} --limit invocations=2/)
    expect((await crew(['resume', 'last', '--limit', 'invocations=2'])).code).toBe(0)
  })

  it('a store that a newer crew wrote is refused, and left as it is', async () => {
    const { crew, team, db } = crewHome()
    const path = team(ECHO)
    await crew(['run', path, 'x'])
    const writer = new Database(db)
    writer.pragma('user_version = 99')
    writer.close()
    const { code, stderr } = await crew(['run', path, 'x'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/newer crew/)
    expect(stderr).not.toMatch(/\n\s+at /)
  })

  it('no secret of the environment reaches the store, stdout or stderr', async () => {
    const canary = 'canary-7f3a9c2e'
    const { crew, team, home } = crewHome({ SERVICE_TOKEN: canary })
    const leak = {
      kind: 'command',
      run: ['node', '-e', 'console.log("token " + process.env.SERVICE_TOKEN)'],
      env: { SERVICE_TOKEN: '${env.SERVICE_TOKEN}' },
      stdin: 'none',
      effects: 'pure',
    }
    const path = team({
      input: {},
      env: ['SERVICE_TOKEN'],
      agents: { leak },
      pattern: { kind: 'pipeline', stages: ['leak'] },
    })
    const { stdout, stderr } = await crew(['run', path])
    expect(stdout).toBe('token [redacted:SERVICE_TOKEN]\n')
    const { stdout: found } = await bash(`grep -rl ${canary} . || true`, {}, home)
    expect([found, stderr.includes(canary)]).toEqual(['', false])
  })
})

/** A file system of 1 MiB, made in a mount namespace of its own. */
const IN_SMALL_DISK = 'mkdir -p small && mount -t tmpfs -o size=1m tmpfs small'

/** Fills it up, but for so many KiB. */
const filledBut = (left: number) =>
  `dd if=/dev/zero of=small/ballast bs=1k count=$(( $(df --output=avail -k small | tail -n 1) - ${left} )) status=none`

/** Not every machine lets a test have a disk of its own. */
const mayMount = spawnSync('unshare', ['-rm', 'true']).status === 0

describe.runIf(mayMount)('a disk', () => {
  it.each([
    ['that becomes full', filledBut(80), /the disk is full/],
    ['that is full', filledBut(0), /the disk is full/],
    ['that is read-only', `mount -o remount,ro small`, /read-only|cannot be written|cannot be opened/],
  ])(
    '%s stops the run with a clear message, and loses nothing that was said to be kept',
    async (_, spoil, message) => {
      const { team, home } = crewHome()
      const path = team({ ...ECHO, agents: { echo: { ...ECHO.agents.echo, run: ['cat'] } } })
      const line = `${IN_SMALL_DISK} && ${CREW} run --trust ${path} first --db small/crew.db && ${spoil}; yes text | head -c 300000 | ${CREW} run --trust ${path} --db small/crew.db --quiet > /dev/null; echo "code $?"; ${CREW} show -2 --output-only --db small/crew.db; ${CREW} show last --output-only --db small/crew.db`
      const { stdout, stderr } = await bash(`unshare -rm bash -c '${line}'`, { CREW_HOME: home }, home)
      expect(stderr).toMatch(message)
      expect(stdout).toMatch(/code 1/)
      expect(stderr).not.toMatch(/\n\s+at /)
    },
  )
})
