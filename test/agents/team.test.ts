import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { resume } from '../../src/app.ts'
import type { Event } from '../../src/store/events.ts'
import { loadTeam } from '../../src/team/load.ts'
import { temporaryFolder } from '../helpers/runs.ts'
import { scripted } from '../helpers/scripted.ts'
import { finish, team } from '../helpers/teams.ts'

/** A program that says what it is told, and where it stands. */
const echo = { kind: 'command', run: ['cat'], effects: 'pure' }
const pwd = { kind: 'command', run: ['pwd'], effects: 'pure' }

const only = (agent: object, more: object = {}) => ({
  name: 'test',
  agents: { a: agent },
  pattern: { kind: 'pipeline', stages: ['a'] },
  ...more,
})

/** A team whose only agent is this team. */
const around = (inner: object, agent: object = {}, more: object = {}) =>
  team(only({ kind: 'team', team: inner, ...agent }, more))

const go = { input: { task: 'go' } }

const started = (events: readonly Event[]) =>
  events.flatMap(event => (event.type === 'step.started' ? [event.key] : []))

describe('an agent that is a team', () => {
  it('works by the pattern of that team, in steps of its own', async () => {
    const { outcome, events } = await finish(await around(only(echo)), go)
    expect(outcome).toEqual({ state: 'succeeded', output: 'go' })
    expect(started(events)).toEqual(['a', 'a/team', 'a/team/a', 'a/team/a/run'])
  })

  it('ends with what that team says that it ends with', async () => {
    const { outcome } = await finish(await around(only(echo, { output: `<\${steps.a.output}>` })), go)
    expect(outcome).toMatchObject({ output: '<go>' })
  })

  it('is given what its input says, and the task where a text is left open', async () => {
    const input = {
      topic: { type: 'string' },
      about: { type: 'string' },
      depth: { type: 'integer', default: 1 },
    }
    const inner = only(
      { ...echo, stdin: 'none', run: ['echo', `\${input.topic} \${input.about} \${input.depth}`] },
      { input },
    )
    const { outcome } = await finish(await around(inner, { input: { about: `<\${task}>`, depth: '2' } }), go)
    expect(outcome).toMatchObject({ output: 'go <go> 2' })
  })

  it('is told what a check found wrong with its work, when it is to try again', async () => {
    const accepted = {
      check: [{ that: `output.contains("it must hold that")` }],
      retry: { attempts: 2, backoff: '1ms' },
    }
    const { outcome, events } = await finish(await around(only(echo), accepted), go)
    expect(outcome).toMatchObject({
      output: expect.stringMatching(
        /^go\n\nAn earlier answer to this was not accepted\.\nThe problem: .*\ngo$/s,
      ),
    })
    expect(started(events)).toContain('a/attempt-2/team/a/run')
  })

  it('tells its members what the pattern needs, also when all of its inputs are given', async () => {
    const inner = only(echo, { input: { topic: { type: 'string' } } })
    const judged = {
      a: { ...echo, retry: { attempts: 1 }, check: [{ judge: { by: 'b', rubric: 'x' } }] },
      b: { kind: 'team', team: inner, input: { topic: 'y' } },
    }
    const { outcome } = await finish(
      await team({ agents: judged, pattern: { kind: 'pipeline', stages: ['a'] } }),
      go,
    )
    expect(outcome).toMatchObject({
      state: 'failed',
      error: {
        code: 'output-invalid',
        details: { answer: expect.stringMatching(/^y\n\nJudge this .*Rubric: x.*schema/s) },
      },
    })
  })

  it('lacks what nobody gives it: an input error that names it', async () => {
    const inner = only(echo, { input: { depth: { type: 'integer' }, task: { type: 'string' } } })
    const { outcome } = await finish(await around(inner, { input: { depth: 'deep' } }), go)
    expect(outcome).toMatchObject({
      state: 'failed',
      error: {
        code: 'input',
        message: 'the team of a is not given what it needs: input.depth: expected integer, found deep',
        details: { hint: 'correct the input of agent a in the team file', step: 'a/team' },
      },
    })
  })

  it('works in the folder of its own file', async () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'leads'))
    writeFileSync(join(folder, 'leads/inner.json'), JSON.stringify(only(pwd)))
    writeFileSync(join(folder, 'team.json'), JSON.stringify(only({ kind: 'team', team: 'leads/inner.json' })))
    const { outcome } = await finish(await loadTeam(join(folder, 'team.json')), go)
    expect(outcome).toMatchObject({ output: expect.stringMatching(/\/leads$/) })
  })

  it('has models of its own, and those of the team around it', async () => {
    const [outer, inner] = [await scripted({ x: ['outer'] }), await scripted({ x: ['inner'] })]
    const at = (server: { url: string }) => ({ model: 'm', baseUrl: `${server.url}/v1` })
    const agents = { a: { role: 'You are x.' }, b: { role: 'You are x.', model: 'big' } }
    const nested = {
      name: 'inner',
      models: { default: at(inner) },
      agents,
      pattern: { kind: 'parallel', branches: ['a', 'b'] },
    }
    const { outcome } = await finish(await around(nested, {}, { models: { big: at(outer) } }), go)
    expect(outcome).toMatchObject({ output: { a: 'inner', b: 'outer' } })
  })

  it('keeps the values of its variables out of the journal', async () => {
    const inner = only({ ...echo, run: ['echo', `\${env.PIN}`] }, { env: ['PIN'] })
    const { events } = await finish(await around(inner), { ...go, env: { PIN: 'a-canary-4711' } })
    expect(events.at(-1)).toMatchObject({ type: 'run.succeeded' })
    expect(JSON.stringify(events)).not.toContain('a-canary-4711')
  })

  it('shares the places of the team around it, and never waits for one that is taken for its sake', async () => {
    const agents = {
      w: { ...echo, retry: { attempts: 1 }, check: [{ that: 'false' }], fallback: ['t'] },
      t: { kind: 'team', team: only(echo) },
    }
    const definition = { agents, pattern: { kind: 'pipeline', stages: ['w'] }, limits: { concurrency: 1 } }
    expect((await finish(await team(definition), go)).outcome).toMatchObject({ output: 'go' })
  })

  it('counts against the invocations of the run', async () => {
    const { outcome } = await finish(await around(only(echo), {}, { limits: { invocations: 1 } }), go)
    expect(outcome).toMatchObject({
      state: 'failed',
      error: { code: 'limit-invocations', message: 'the run asked its agents 1 times, and may not ask more' },
    })
  })

  it('ends at a limit of its own, and goes on when somebody raises it', async () => {
    const inner = {
      ...only(echo, { limits: { invocations: 1 } }),
      pattern: { kind: 'pipeline', stages: ['a', { agent: 'a', name: 'again' }] },
    }
    const { id, outcome, events, store } = await finish(await around(inner), go)
    expect(outcome).toMatchObject({
      error: {
        code: 'limit-invocations',
        message: expect.stringMatching(/^the team of a asked its agents 1 times/),
      },
    })
    const surroundings = { store, env: {}, interrupt: new AbortController().signal, onEvent: () => {} }
    expect(await resume(id, events, { invocations: 9 }, surroundings)).toMatchObject({ state: 'succeeded' })
  })

  it('counts what a former execution has asked, too', async () => {
    const flag = join(temporaryFolder(), 'flag')
    const agents = { a: { kind: 'team', team: only(echo) }, b: { ...echo, run: ['cat', flag] } }
    const stages = ['a', 'b', { agent: 'a', name: 'c' }]
    const definition = { agents, pattern: { kind: 'pipeline', stages }, limits: { invocations: 4 } }
    const { id, outcome, events, store } = await finish(await team(definition), go)
    expect(outcome).toMatchObject({ error: { code: 'command-failed' } })
    writeFileSync(flag, '')
    const surroundings = { store, env: {}, interrupt: new AbortController().signal, onEvent: () => {} }
    expect(await resume(id, events, {}, surroundings)).toMatchObject({ error: { code: 'limit-invocations' } })
  })

  it('goes no deeper than the limit, whoever put it together', async () => {
    const loaded = await around(only(echo))
    const shallow = {
      ...loaded,
      definition: { ...loaded.definition, limits: { ...loaded.definition.limits, depth: 0 } },
    }
    const { outcome } = await finish(shallow, go)
    expect(outcome).toMatchObject({ state: 'failed', error: { code: 'limit-depth' } })
  })

  it('is given up when it takes longer than its own limits.time, so that another can do it, and nothing of it lives on', async () => {
    const sleeping = { ...echo, run: ['sleep', '30'], stdin: 'none' }
    const inner = only(sleeping, { limits: { time: '80ms' } })
    const agents = { a: { kind: 'team', team: inner, fallback: ['b'] }, b: echo }
    const loaded = await team({ agents, pattern: { kind: 'pipeline', stages: ['a'] } })
    const { outcome, events } = await finish(loaded, go)
    expect(outcome).toEqual({ state: 'succeeded', output: 'go' })
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'step.failed',
        key: 'a/team',
        error: expect.objectContaining({
          code: 'timeout',
          message: 'the team of a was not done after 80 ms',
        }),
      }),
    )
    expect(events).toContainEqual(expect.objectContaining({ type: 'step.cancelled', key: 'a/team/a/run' }))
  })

  it('has used its time when a run that is resumed comes to it again, and gets more when somebody gives it', async () => {
    const slow = { ...echo, run: ['sleep', '0.2'], stdin: 'none' }
    const inner = { ...only(slow, { limits: { time: '150ms' } }) }
    const { id, outcome, store } = await finish(await around(inner), go)
    expect(outcome).toMatchObject({ error: { code: 'timeout' } })
    const surroundings = { store, env: {}, interrupt: new AbortController().signal, onEvent: () => {} }
    const again = await resume(id, await store.events(id), {}, surroundings)
    expect(again).toMatchObject({ error: { code: 'timeout' } })
    const more = await resume(id, await store.events(id), { time: 60_000 }, surroundings)
    expect(more).toMatchObject({ state: 'succeeded' })
  })

  it('is rehearsed with all of its members', async () => {
    const loaded = await around(only({ role: 'You write.' }))
    const { outcome, events } = await finish(loaded, { ...go, rehearsal: true })
    expect(outcome).toMatchObject({ state: 'succeeded' })
    expect(started(events)).toContain('a/team/a/turn-1')
  })
})

it('a team that works on a copy of the folder has all of its members work there', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'leads'))
  const write = {
    kind: 'command',
    run: ['node', '-e', 'require("node:fs").writeFileSync("made.txt", process.cwd())'],
  }
  writeFileSync(join(folder, 'leads/inner.json'), JSON.stringify(only({ ...write, effects: 'idempotent' })))
  const agents = { a: { kind: 'team', team: 'leads/inner.json' }, b: { ...echo } }
  const pattern = { kind: 'parallel', branches: ['a', 'b'], workspace: 'own' }
  writeFileSync(join(folder, 'team.json'), JSON.stringify({ name: 'test', agents, pattern }))
  const { outcome } = await finish(await loadTeam(join(folder, 'team.json')), go)
  expect(outcome).toMatchObject({ state: 'succeeded' })
  const workedIn = readFileSync(join(folder, 'leads/made.txt'), 'utf8')
  expect(workedIn).toMatch(/\/a\/leads$/)
  expect(workedIn).not.toContain(folder)
})

it('a team that is not described is known by what its own file says of it', async () => {
  const server = await scripted({ boss: ['{}'] })
  const inner = only(echo, { description: 'Counts sheep.' })
  const agents = { boss: { role: 'You are boss.', retry: { attempts: 1 } }, a: { kind: 'team', team: inner } }
  const pattern = { kind: 'supervisor', supervisor: 'boss', workers: ['a'] }
  await finish(await team({ agents, pattern }), { ...go, env: server.env })
  expect(server.received[0]?.body).toContain('Counts sheep.')
})
