import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { crewHome } from '../helpers/crew.ts'
import { json, answer as respond } from '../helpers/faulty-server.ts'
import { modelServer } from '../helpers/model-server.ts'

const node = (script: string, more = {}) => ({
  kind: 'command',
  run: ['node', '-e', script],
  stdin: 'none',
  ...more,
})
const print = (text: string) => node(`console.log(${JSON.stringify(text)})`, { effects: 'pure' })
const pipeline = (...stages: string[]) => ({ kind: 'pipeline', stages })

const GOOD = {
  agents: { find: print('found'), tell: print('told\u001b[31m') },
  pattern: pipeline('find', 'tell'),
}
const BAD = {
  agents: { fail: node('process.exit(3)', { effects: 'pure', retry: { attempts: 1 } }) },
  pattern: pipeline('fail'),
}
const LLM = { agents: { write: { role: 'You write.' } }, pattern: pipeline('write') }
const ONCE = { agents: { send: node('console.log("sent")', { effects: 'once' }) }, pattern: pipeline('send') }
const TWO = {
  agents: { left: node('setTimeout(() => {}, 100)'), right: node('setTimeout(() => {}, 100)') },
  pattern: { kind: 'parallel', branches: ['left', 'right'] },
}
const SLOW = {
  agents: { slow: node('setTimeout(() => console.log("slow"), 700)', { effects: 'pure' }) },
  pattern: pipeline('slow'),
}

/** Three runs for all tests that only read: -3 has succeeded, -2 has failed, -1 was a rehearsal. */
const folder = mkdtempSync(join(tmpdir(), 'crew-test-'))
const LONG_NAME = 'a-team-with-a-name-that-is-much-too-long-for-a-narrow-terminal'
let eventsOfFirst = ''

beforeAll(async () => {
  const { crew, team } = crewHome({}, folder)
  eventsOfFirst = (await crew(['run', team(GOOD), 'go', '--events'])).stdout
  await crew(['run', team({ ...BAD, name: LONG_NAME }), 'go'])
  await crew(['run', team(LLM), 'go', '--rehearse'])
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs `crew ARGS…` where those three are. */
const read = (...args: string[]) => crewHome({}, folder).crew(args)

describe('crew ls', () => {
  it('says what to do first when there are no runs', async () => {
    const { crew } = crewHome()
    expect(await crew(['ls'])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('crew run TEAM --rehearse'),
    })
  })

  it('lists runs newest first, with state, tokens and what was really spent', async () => {
    const { stdout, code } = await read('ls')
    const lines = stdout.trimEnd().split('\n')
    expect(code).toBe(0)
    expect(lines).toHaveLength(4)
    expect(lines[1]).toMatch(/^\w{11} {2}test .* succeeded .* rehearsal$/)
    expect(lines[2]).toMatch(/ {2}a-team-with-.*… +failed \(command-failed\) /)
    expect(lines[3]).toMatch(/ {2}test +succeeded/)
    expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(80)
    expect(stdout).not.toContain('$')
  })

  it('picks by state and number, and says how many more there are', async () => {
    const failed = JSON.parse((await read('ls', '--state', 'failed', '--json')).stdout)
    expect(failed).toMatchObject([
      { team: LONG_NAME, state: 'failed', stop: 'command-failed', rehearsal: false, usd: 0 },
    ])
    const first = await read('ls', '--limit', '1')
    expect(first.stdout.trimEnd().split('\n')).toHaveLength(2)
    expect(first.stderr).toContain('2 more')
    expect((await read('ls', '-n', '1', '--all')).stderr).toBe('')
    expect(await read('ls', '--state', 'waiting')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('no run is waiting'),
    })
    expect(await read('ls', '--state', 'happy')).toMatchObject({ code: 2 })
    expect(await read('ls', '--limit', 'many')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--limit 50'),
    })
  })
})

describe('crew show', () => {
  it('shows the facts, the agents and the whole result', async () => {
    const { stdout, code } = await read('show', '-3')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^test succeeded\n\n {2}run +\w{11}\n {2}file .*team\.json\n/)
    expect(stdout).toMatch(/\nagents\n {2}✓ find {2}\d\.\ds\n {2}✓ tell {2}\d\.\ds\n/)
    expect(stdout).toMatch(/\nresult\ntold/)
    expect(stdout).not.toContain('crew resume')
  })

  it('gives the raw result alone, and everything as JSON', async () => {
    expect(await read('show', '-3', '--output-only')).toMatchObject({
      code: 0,
      stdout: 'told\u001b[31m\n',
      stderr: '',
    })
    const page = JSON.parse((await read('show', '-3', '--json')).stdout)
    expect(page).toMatchObject({
      team: 'test',
      state: 'succeeded',
      input: { task: 'go' },
      output: 'told\u001b[31m',
      questions: [],
    })
    expect(page.agents).toMatchObject([
      { key: 'find', state: 'succeeded' },
      { key: 'tell', state: 'succeeded' },
    ])
    expect(page).not.toHaveProperty('next')
  })

  it('shows why a run failed and how to go on', async () => {
    const { stdout } = await read('show', '-2')
    expect(stdout).toMatch(/^a-team-with\S+ failed \(command-failed\)\n/)
    expect(stdout).toMatch(/\nerror\n {2}\S/)
    expect(stdout).toMatch(/go on with: crew resume \w{11}\n$/)
    expect(await read('show', '-2', '--output-only')).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('has no result'),
    })
  })

  it('does not know a run that is not there', async () => {
    expect(await read('show', '-4')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there are fewer than 4 runs'),
    })
    expect(await read('show', 'zzz')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there is no run zzz'),
    })
  })
})

describe('crew logs', () => {
  it('prints a line for each event that matters', async () => {
    const lines = (await read('logs', '-3')).stdout.trimEnd().split('\n')
    expect(
      lines.map(line => line.replace(/^\d\d:\d\d:\d\d\.\d{3} /, '').replace(/\d\.\ds|\d{4}-.*/, 'T')),
    ).toEqual([
      'info  run                      started test on T',
      'info  find                     agent started',
      'info  find                     succeeded in T',
      'info  tell                     agent started',
      'info  tell                     succeeded in T',
      'info  run                      succeeded in T, no model calls',
    ])
  })

  it('keeps a level, or an agent', async () => {
    expect((await read('logs', '-2', '--level', 'error')).stdout).toMatch(
      /^\S+ error fail\/run .*\n\S+ error fail +failed \(command-failed\) because of fail\/run\n\S+ error run .*\n$/,
    )
    const agent = (await read('logs', '-2', '--agent', 'fail', '--level', 'debug')).stdout
    expect(agent).toContain('command started')
    expect(agent).not.toContain(' run  ')
    expect(await read('logs', '-2', '--agent', 'nobody')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there are: fail'),
    })
  })

  it('gives the events as they are stored', async () => {
    const parse = (text: string) =>
      text
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line))
    expect(parse((await read('logs', '-3', '--json')).stdout)).toEqual(parse(eventsOfFirst))
  })

  it('draws the steps as a tree, of which a pipe gets all', async () => {
    const { stdout, code } = await read('logs', '--trace')
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^test · succeeded · .*\n +start +took +tokens +cost\n└─ ✓ write .*\n {3}│ {2}⇥ handed 1 tokens: task 1\n {3}└─ ✓ turn-1 /,
    )
    expect(stdout).not.toContain('…')
    expect(await read('logs', '--trace', '--json')).toMatchObject({ code: 2 })
  })

  it('follows a run to its end', async () => {
    const { crew, team } = crewHome()
    const running = crew(['run', team(SLOW), 'go'])
    while ((await crew(['ls'])).stdout === '') {}
    const { stdout, code } = await crew(['logs', '--follow'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/run +succeeded in/)
    expect(await running).toMatchObject({ code: 0 })
  })

  it('stops following on SIGINT, which is no failure', async () => {
    const { crew, start, team } = crewHome()
    const running = start([
      'run',
      team({ ...SLOW, agents: { slow: node('setTimeout(() => {}, 60_000)') } }),
      'go',
    ])
    while (!(await crew(['ls'])).stdout.includes('running, pid')) {}
    const following = start(['logs', '--follow'])
    const code = new Promise(resolve => following.on('close', resolve))
    await new Promise(resolve => following.stdout?.once('data', resolve))
    following.kill('SIGINT')
    expect(await code).toBe(0)
    running.kill('SIGINT')
    await new Promise(resolve => running.on('close', resolve))
  })

  it('does not wait for a run that nobody runs any more', async () => {
    const { crew, team } = crewHome()
    await crew(['run', team(ONCE), 'go'], { env: { CREW_CRASH_AT: 'act:before' } })
    expect(await crew(['logs', '--follow', '--agent', 'send'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('agent started'),
    })
    expect((await crew(['ls'])).stdout).toContain('interrupted')
    expect((await crew(['logs', '--trace'])).stdout).toContain('■ run (command)')
  })
})

/** A run that waits because its process was killed in the middle of something that must not happen twice. */
async function waiting(definition: object) {
  const home = crewHome()
  await home.crew(['run', home.team(definition), 'go'], { env: { CREW_CRASH_AT: 'act:after' } })
  const resumed = await home.crew(['resume'])
  expect(resumed, resumed.stderr).toMatchObject({ code: 4 })
  return home
}

describe('crew answer', () => {
  it('answers the open question, and says how to go on', async () => {
    const { crew } = await waiting(ONCE)
    const page = await crew(['show'])
    expect(page.stdout).toMatch(/^test waiting\n/)
    expect(page.stdout).toMatch(/\nquestions\n {2}\? send\/run\/outcome-1: crew was stopped/)
    expect(page.stdout).toMatch(/ or: crew answer \w{11} done=OUTPUT\n/)
    const answered = await crew(['answer', 'last', 'done=it was sent'])
    expect(answered).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^send\/run\/outcome-1: answered; go on with: crew resume \w{11}\n$/),
    })
    expect(await crew(['answer', 'last', 'retry'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/was answered already, by .+@.+: done=it was sent/),
    })
    expect(await crew(['resume', 'last'])).toMatchObject({ code: 0, stdout: 'it was sent\n' })
    expect((await crew(['logs'])).stdout).toMatch(/send\/run\/outcome-1 +answered by .+@.+: done=it was sent/)
    expect(await crew(['answer', 'last', 'retry'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('asks nothing: it is succeeded'),
    })
  })

  it('refuses what is none of the choices', async () => {
    const { crew } = await waiting(ONCE)
    expect(await crew(['answer', 'last', 'perhaps'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('retry, skip, done, done=OUTPUT'),
    })
    expect(await crew(['resume', 'last'])).toMatchObject({ code: 4 })
  })

  it('asks which of several questions is meant', async () => {
    const { crew } = await waiting(TWO)
    const unclear = await crew(['answer', 'last', 'retry'])
    expect(unclear.code).toBe(2)
    expect(unclear.stderr).toMatch(
      /asks 2 questions; open are:\n {2}1 {2}branches\/left\/run\/outcome-1: .*\n {2}2 {2}branches\/right\/run\/outcome-1: /,
    )
    expect(await crew(['answer', 'last', 'skip', '--step', 'nowhere'])).toMatchObject({ code: 2 })
    expect(await crew(['answer', 'last', 'skip', '--step', 'branches/left'])).toMatchObject({ code: 0 })
    expect(await crew(['answer', 'last', 'skip', '--step', 'branches/right/run/outcome-1'])).toMatchObject({
      code: 0,
    })
    expect(await crew(['resume', 'last'])).toMatchObject({ code: 0 })
  })
})

describe('crew validate', () => {
  it('says what a good team is made of', async () => {
    const { crew, team } = crewHome()
    const file = team({ ...GOOD, output: '${steps.find.output} and ${steps.tell.output}' })
    expect(await crew(['validate', file])).toMatchObject({
      code: 0,
      stdout: `${file}: ok, 2 agents, pipeline of 2 steps\n`,
      stderr: '',
    })
    expect(JSON.parse((await crew(['validate', file, '--json'])).stdout)).toEqual({ ok: true, problems: [] })
  })

  it('shows each problem with its place', async () => {
    const { crew, home } = crewHome()
    const file = join(home, 'team.yaml')
    writeFileSync(
      file,
      'name: test\nagents:\n  a: { role: You., mdoel: x }\npattern: { kind: pipeline, stages: [b] }\n',
    )
    expect(await crew(['validate', file])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('team.yaml:3:'),
    })
    const { stdout, code } = await crew(['validate', file, '--json'])
    expect(code).toBe(2)
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      problems: expect.arrayContaining([
        expect.objectContaining({ severity: 'error', line: 3, column: 20 }),
        expect.objectContaining({ severity: 'error', line: 4 }),
      ]),
    })
  })

  it('reports a file that cannot be read in the same form', async () => {
    const { crew } = crewHome()
    const { stdout, code } = await crew(['validate', 'nothing.yaml', '--json'])
    expect(code).toBe(2)
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      problems: [{ severity: 'error', message: expect.stringContaining('nothing.yaml') }],
    })
  })
})

describe('crew schema', () => {
  it('prints the JSON Schema, or writes it', async () => {
    const { crew, home } = crewHome()
    const { stdout } = await crew(['schema'])
    expect(JSON.parse(stdout)).toMatchObject({ title: 'crew team', properties: { agents: {} } })
    expect(await crew(['schema', '--output', 'team.schema.json'])).toMatchObject({ code: 0, stdout: '' })
    expect(readFileSync(join(home, 'team.schema.json'), 'utf8')).toBe(stdout)
    expect(await crew(['schema', '-o', 'no/such/folder.json'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('cannot be written'),
    })
  })
})

describe('crew config', () => {
  it('sets, gets, lists and removes', async () => {
    const { crew } = crewHome()
    expect(await crew(['config', 'get', 'model'])).toMatchObject({ code: 1, stdout: '' })
    expect(await crew(['config', 'set', 'model', 'ollama/qwen3:8b'])).toMatchObject({ code: 0, stdout: '' })
    expect(await crew(['config', 'get', 'model'])).toMatchObject({ code: 0, stdout: 'ollama/qwen3:8b\n' })
    expect((await crew(['config', 'list'])).stdout).toMatch(/^model +ollama\/qwen3:8b {2}Model of agents/)
    expect(JSON.parse((await crew(['config', 'list', '--json'])).stdout)).toEqual({
      model: 'ollama/qwen3:8b',
    })
    expect(await crew(['config', 'unset', 'model'])).toMatchObject({ code: 0 })
    expect(await crew(['config', 'get', 'model'])).toMatchObject({ code: 1 })
  })

  it('refuses what is no setting, no value, or no command', async () => {
    const { crew } = crewHome()
    expect(await crew(['config', 'get', 'colour'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there are: model'),
    })
    expect(await crew(['config', 'set', 'theme', 'pink'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('"pink" does not fit theme'),
    })
    expect(await crew(['config', 'set', 'theme'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('crew config set needs <value>'),
    })
  })
})

describe('crew doctor', () => {
  it('finds nothing wrong where nothing is set up, and leaves no store behind', async () => {
    const { crew, db } = crewHome()
    const { stdout, code } = await crew(['doctor'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^✓ node: \d+/)
    expect(stdout).toMatch(/– store: .*does not exist yet/)
    expect(stdout).toMatch(/– openai: OPENAI_API_KEY is not set/)
    expect(existsSync(db)).toBe(false)
  })

  it('says which keys are set, never what they are', async () => {
    const { crew } = crewHome({ ANTHROPIC_API_KEY: 'sk-ant-canary' })
    const { stdout } = await crew(['doctor', '--json'])
    expect(JSON.parse(stdout).checks).toContainEqual({
      what: 'anthropic',
      state: 'ok',
      says: 'ANTHROPIC_API_KEY is set',
    })
    expect(stdout).not.toContain('canary')
  })

  it.each([
    [
      'a model that is there',
      json(200, { data: [{ id: 'gpt-5-mini' }] }),
      0,
      /✓ model default: .* is reachable and has it/,
    ],
    [
      'a key that is rejected',
      json(401, { error: 'no' }),
      1,
      /✗ model default: .* rejects the key in OPENAI_API_KEY \(401\)\n {2}→ export OPENAI_API_KEY=…/,
    ],
    ['an endpoint without a list', json(404, {}), 0, /✓ model default: .*does not list its models/],
    [
      'a web page',
      respond(200, '<html>'),
      1,
      /✗ model default: .*does not answer like an OpenAI-compatible endpoint\n {2}→ correct baseUrl/,
    ],
    ['a broken server', json(503, { error: 'down' }), 1, /✗ model default: .* answers 503: down\n {2}→ /],
  ])('recognizes %s', async (_, script, code, says) => {
    const server = await modelServer(script)
    const { crew, team } = crewHome(server.env)
    const result = await crew(['doctor', team(LLM)])
    expect(result.stdout).toMatch(says)
    expect(result.code).toBe(code)
    expect(result.stdout).not.toContain(server.env.OPENAI_API_KEY)
    expect(server.received).toMatchObject([
      {
        method: 'GET',
        path: '/v1/models',
        headers: { authorization: `Bearer ${server.env.OPENAI_API_KEY}` },
      },
    ])
  })

  it('says what to start when nothing listens', async () => {
    const { crew, team } = crewHome()
    const local = { provider: 'ollama', baseUrl: 'http://127.0.0.1:9/v1', model: 'qwen3:8b' }
    const file = team({ ...LLM, models: { default: local } })
    expect(await crew(['doctor', file])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /– trust: nobody trusts it yet, so nobody else is called: crew trust \S+\n$/,
      ),
    })
    await crew(['trust', file])
    expect(await crew(['doctor', file])).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/✗ model default: .*ECONNREFUSED\n {2}→ start it: ollama serve/),
    })
  })

  it('names the key that a team needs and only that', async () => {
    const { crew, team } = crewHome()
    const { stdout, code } = await crew([
      'doctor',
      team({ ...LLM, models: { default: { provider: 'groq', model: 'x' } } }),
    ])
    expect(code).toBe(1)
    expect(stdout).toMatch(/✗ model default: .*GROQ_API_KEY is not set.*\n {2}→ export GROQ_API_KEY=…/)
    expect(stdout).not.toContain('OPENAI')
  })

  it('reports a damaged store, configuration or team beside everything else', async () => {
    const { crew, db, home } = crewHome()
    writeFileSync(db, 'this is no database, whatever its name may be'.repeat(100))
    writeFileSync(join(home, 'config.json'), '{ not json')
    const { stdout, code } = await crew(['doctor', 'missing.yaml'])
    expect(code).toBe(1)
    expect(stdout).toMatch(/✗ store: .*not a database/)
    expect(stdout).toMatch(/✗ configuration: .*cannot be read/)
    expect(stdout).toMatch(/✗ team: missing\.yaml/)
  })
})
