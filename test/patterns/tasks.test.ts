import { describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '../../src/json.ts'
import type { Event } from '../../src/store/events.ts'
import { decisions, type Parts, playOn } from '../helpers/play.ts'
import { scripted } from '../helpers/scripted.ts'
import { finish, team } from '../helpers/teams.ts'

const once = { retry: { attempts: 1 } }
const agents = {
  lead: { role: 'You are lead.' },
  db: { role: 'You are db.', skills: ['database'], ...once },
  api: { role: 'You are api.', skills: ['backend', 'tests'], ...once },
  ui: { role: 'You are ui.', skills: ['frontend'], ...once },
}

const task = 'Build it.'

interface More {
  readonly agents?: object
  readonly input?: JsonObject
}

async function work(pattern: object, parts: Parts = {}, more: More = {}) {
  const server = await scripted(parts)
  const input = { task, ...more.input }
  const fields = Object.keys(input).map(name => [name, { type: 'string' }])
  const definition = {
    agents: { ...agents, ...more.agents },
    input: Object.fromEntries(fields),
    pattern: { kind: 'tasks', ...pattern },
  }
  return finish(await team(definition), { input, env: server.env })
}

/** What the step `key` was asked. */
function asked(events: readonly Event[], key: string): Json | undefined {
  return events.flatMap(event => (event.type === 'step.started' && event.key === key ? [event.input] : []))[0]
}

/** What is wrong with a pattern that is loaded, as `PLACE: MESSAGE`. */
async function refusal(pattern: object): Promise<string> {
  const loaded = team({ agents, pattern: { kind: 'tasks', ...pattern } })
  return loaded.then(
    () => 'nothing',
    error => String(error.message),
  )
}

const part = (id: string, more: object = {}) => ({
  id,
  description: `Make ${id}.`,
  agent: null,
  capability: null,
  dependsOn: [],
  complexity: 1,
  why: 'It is needed.',
  ...more,
})

describe('written tasks', () => {
  const tasks = {
    schema: { agent: 'db', task: 'Design tables for: ${input.task}' },
    api: { needs: ['backend'], task: 'Serve ${steps.schema.output}', dependsOn: ['schema'] },
    page: { needs: ['frontend'], dependsOn: ['api'] },
  }

  it('give a map of their outputs in the order of the file', async () => {
    const { outcome } = await work({ tasks }, { db: ['tables'], api: ['routes'], ui: ['buttons'] })
    expect(outcome).toEqual({
      state: 'succeeded',
      output: { schema: 'tables', api: 'routes', page: 'buttons' },
    })
  })

  it('are each handed their own text and what they depend on, and nothing else', async () => {
    const { events } = await work({ tasks }, { db: ['tables'], api: ['routes'] })
    expect(asked(events, 'tasks/schema/db')).toContain('Your part now:\nDesign tables for: Build it.')
    expect(asked(events, 'tasks/api/api')).toContain('From schema:\ntables')
    expect(asked(events, 'tasks/api/api')).toContain('Your part now:\nServe tables')
    expect(asked(events, 'tasks/page/ui')).toContain('From api:\nroutes')
    expect(asked(events, 'tasks/page/ui')).not.toContain('tables')
  })

  it('go to whoever has the skill, and it is said why', async () => {
    const { events } = await work({ tasks })
    expect(decisions(events, 'route')).toMatchObject([
      { key: 'tasks/api', values: { agent: 'api', scores: { api: 1 } } },
      { key: 'tasks/page', values: { agent: 'ui', scores: { ui: 1 } } },
    ])
  })

  it('go to whom a router chooses', async () => {
    const choice = { agent: 'db', confidence: 0.7, why: 'Only db is idle.' }
    const { events } = await work(
      { tasks: { page: { needs: ['frontend'] } }, router: 'lead' },
      { lead: [choice] },
    )
    expect(asked(events, 'tasks/page/db')).toBeDefined()
    expect(decisions(events, 'route')).toMatchObject([
      { reason: choice.why, values: { agent: 'db', by: 'lead', confidence: 0.7, scores: { ui: 1 } } },
    ])
  })

  it('that nobody can do end it before anything runs', async () => {
    const { outcome, events } = await work({
      tasks: { ...tasks, song: { needs: ['singing'] } },
      agents: ['api', 'ui'],
    })
    expect(outcome).toMatchObject({
      state: 'failed',
      error: {
        code: 'nobody-willing',
        message: 'nobody can do "singing"; the skills are: api (backend, tests), ui (frontend)',
      },
    })
    expect(events.filter(event => event.type === 'step.started' && event.kind === 'agent')).toEqual([])
  })

  it('become one result, with every contradiction named and settled', async () => {
    const settled = 'Ids are numbers, as the tables say.'
    const { outcome, events } = await work(
      { tasks, assemble: 'lead' },
      {
        lead: [{ contradictions: [{ between: ['schema', 'page'], about: 'ids', settled }] }, 'The whole.'],
      },
    )
    expect(outcome).toMatchObject({ output: 'The whole.' })
    expect(asked(events, 'assemble')).toContain(`On ids: ${settled}`)
    expect(decisions(events, 'contradiction')).toMatchObject([
      {
        key: 'assemble-contradictions',
        values: { between: ['schema', 'page'], about: 'ids', settled, by: 'lead' },
      },
    ])
  })

  it('become what the one who assembles declares', async () => {
    const output = { type: 'object', properties: { parts: { type: 'integer' } }, required: ['parts'] }
    const { outcome } = await work(
      { tasks, assemble: 'lead' },
      { lead: [{ contradictions: [] }, { parts: 3 }] },
      { agents: { lead: { ...agents.lead, output } } },
    )
    expect(outcome).toMatchObject({ output: { parts: 3 } })
  })

  it('are assembled by a program without being judged by it', async () => {
    const run = ['node', '-e', 'console.log("one")']
    const { outcome, events } = await work(
      { tasks, assemble: 'lead' },
      {},
      { agents: { lead: { kind: 'command', run, effects: 'pure' } } },
    )
    expect(outcome).toMatchObject({ output: 'one' })
    expect(asked(events, 'assemble-contradictions')).toBeUndefined()
  })

  it('pass their checks, or are done by another', async () => {
    const check = [{ that: 'output == "good"' }]
    const { outcome } = await work(
      { tasks: { one: { agent: 'db', check, fallback: 'ui' } } },
      { db: ['bad'], ui: ['good'] },
    )
    expect(outcome).toMatchObject({ output: { one: 'good' } })
  })

  it('are left out when their condition does not hold, and the rest goes on', async () => {
    const { outcome, events } = await work({
      tasks: {
        a: { agent: 'db' },
        b: { agent: 'api', dependsOn: ['a'], when: 'false' },
        c: { agent: 'ui', dependsOn: ['b'] },
      },
    })
    expect(outcome).toMatchObject({ output: { a: 'All is well.', c: 'All is well.' } })
    expect(events).toContainEqual(expect.objectContaining({ type: 'step.skipped', key: 'tasks/b' }))
  })
})

describe('a task that fails', () => {
  const check = [{ that: 'output == "good"' }]
  const tasks = {
    schema: { agent: 'db', check },
    api: { agent: 'api', dependsOn: ['schema'] },
    page: { agent: 'ui', dependsOn: ['api'] },
    words: { agent: 'lead' },
  }

  it('ends it, and it is said which one and what is left', async () => {
    const { outcome, events } = await work({ tasks, concurrency: 1 }, { db: ['bad'] })
    expect(outcome).toMatchObject({
      state: 'failed',
      error: {
        code: 'check-failed',
        message:
          'the task "schema" failed: db gave an output that fails check 1: it must hold that output == "good"',
        details: { step: 'tasks/schema/db' },
      },
    })
    expect(decisions(events, 'halt')).toMatchObject([
      { values: { failed: 'schema', error: 'check-failed', done: [], left: ['api', 'page', 'words'] } },
    ])
  })

  it('is tried again by a resume, and what depends on it is done', async () => {
    const run = await work({ tasks }, { db: ['bad'] })
    const resumed = await playOn(run, { db: ['good'] })
    const output = { schema: 'good', api: 'All is well.', page: 'All is well.', words: 'All is well.' }
    expect(resumed).toEqual({ state: 'succeeded', output })
  })

  it('takes only what depends on it along when the rest is to go on, and the assembly is told', async () => {
    const { outcome, events } = await work(
      { tasks, onFailure: 'continue', assemble: 'lead' },
      { db: ['bad'], lead: ['Words.'] },
    )
    expect(outcome).toMatchObject({ state: 'succeeded', output: 'Words.' })
    expect(asked(events, 'assemble')).toContain('schema gave no result: db gave an output that fails check 1')
    expect(asked(events, 'assemble')).toContain('page gave no result: page → api → schema: schema failed')
    expect(decisions(events, 'skipped').map(({ key }) => key)).toEqual(['tasks/api', 'tasks/page'])
  })

  it('ends it when nothing else gave a result either; a resume tries all that failed', async () => {
    const { words, ...rest } = tasks
    const run = await work({ tasks: rest, onFailure: 'continue' }, { db: ['bad'] })
    expect(run.outcome).toMatchObject({
      state: 'failed',
      error: { code: 'task-failed', details: { because: ['tasks/schema/db'] } },
    })
    expect(await playOn(run, { db: ['good'] })).toMatchObject({
      output: { schema: 'good', api: 'All is well.', page: 'All is well.' },
    })
  })
})

describe('a task that an agent splits', () => {
  const pattern = { decompose: 'lead', agents: ['db', 'api', 'ui'] }

  it('is done in the parts that it names, by agents that it names or by what they can do', async () => {
    const plan = {
      tasks: [
        part('page', { capability: 'frontend', dependsOn: ['tables'] }),
        part('tables', { agent: 'db' }),
      ],
    }
    const { outcome, events } = await work(pattern, { lead: [plan], db: ['rows'], ui: ['${buttons}'] })
    expect(outcome).toMatchObject({ output: { page: '${buttons}', tables: 'rows' } })
    expect(asked(events, 'tasks/page/ui')).toContain('From tables:\nrows')
  })

  it('is planned again when the plan has a circle, and the circle is shown as a path', async () => {
    const circle = [
      part('a', { agent: 'db', dependsOn: ['b'] }),
      part('b', { agent: 'ui', dependsOn: ['a'] }),
    ]
    const { outcome, events } = await work(pattern, {
      lead: [{ tasks: circle }, { tasks: [part('a', { agent: 'db' })] }],
    })
    expect(outcome).toMatchObject({ state: 'succeeded' })
    const problem = 'tasks wait for each other in a circle: a → b → a'
    expect(decisions(events, 'ask-again')).toMatchObject([{ values: { problem } }])
  })

  it.each([
    ['nothing is planned', []],
    ['depends on "b", which is not planned; planned are: a', [part('a', { agent: 'db', dependsOn: ['b'] })]],
    ['"a" says neither which agent does it nor which capability it takes', [part('a')]],
    ['the id "a/b" is not made of letters', [part('a/b', { agent: 'db' })]],
    ['3 tasks are planned, 2 are the most', ['a', 'b', 'c'].map(id => part(id, { agent: 'db' }))],
  ])('ends before anything runs when it stays so: %s', async (problem, tasks) => {
    const { outcome, events } = await work({ ...pattern, most: 2 }, { lead: [{ tasks }] })
    expect(outcome).toMatchObject({
      state: 'failed',
      error: { code: 'plan-invalid', message: expect.stringContaining(problem) },
    })
    expect(events.some(event => event.type === 'step.started' && event.key === 'tasks')).toBe(false)
  })

  it('is split by a template when it is of a known kind, and nobody is asked', async () => {
    const templates = {
      fix: { when: 'input.type == "fix"', tasks: { repair: { agent: 'api' } } },
      any: { when: 'input.type != "odd"', tasks: { build: { agent: 'db' } } },
    }
    const known = await work({ templates }, {}, { input: { type: 'fix' } })
    expect(known.outcome).toMatchObject({ output: { repair: 'All is well.' } })
    expect(decisions(known.events, 'template')).toMatchObject([{ values: { template: 'fix' } }])

    const unknown = await work({ templates }, {}, { input: { type: 'odd' } })
    expect(unknown.outcome).toMatchObject({ state: 'failed', error: { code: 'plan-invalid' } })

    const plan = { tasks: [part('a', { agent: 'db' })] }
    const split = await work({ ...pattern, templates }, { lead: [plan] }, { input: { type: 'odd' } })
    expect(split.outcome).toMatchObject({ output: { a: 'All is well.' } })
  })
})

describe('a team file with tasks', () => {
  it('is refused for a circle, at the dependency that closes it', async () => {
    const tasks = { a: { agent: 'db', dependsOn: ['b'] }, b: { agent: 'ui', dependsOn: ['a'] } }
    const message = await refusal({ tasks })
    expect(message).toContain('tasks wait for each other in a circle: a → b → a')
    expect(message).toContain('pattern.tasks.a.dependsOn')
  })

  it.each([
    [
      '"a" depends on "c", which is not planned; planned are: a',
      { tasks: { a: { agent: 'db', dependsOn: ['c'] } } },
    ],
    ['nothing is planned', { tasks: {} }],
    ['give "agent" or "needs"', { tasks: { a: {} } }],
    ['give either "agent" or "needs"', { tasks: { a: { agent: 'db', needs: ['x'] } } }],
    ['give "tasks" (a map), or "decompose"', {}],
    ['give either "tasks" or "decompose"', { tasks: { a: { agent: 'db' } }, decompose: 'lead' }],
    ['there is no agent "dbb"', { tasks: { a: { agent: 'dbb' } } }],
    ['there is no agent "dbb"', { decompose: 'lead', agents: ['db', 'dbb'] }],
    ['there is no agent "led"', { tasks: { a: { needs: ['database'] } }, router: 'led' }],
    [
      'the output of "b" does not exist yet at this point',
      { tasks: { a: { agent: 'db', task: '${steps.b.output}' }, b: { agent: 'ui' } } },
    ],
  ])('is refused: %s', async (problem, pattern) => {
    expect(await refusal(pattern)).toContain(problem)
  })
})
