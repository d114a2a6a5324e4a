import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { agent } from '../../src/agents/index.ts'
import { isObject, type JsonSchema } from '../../src/json.ts'
import { pattern } from '../../src/patterns/index.ts'
import { answerTo } from '../fixtures/programs/answer.mjs'
import { type FaultyServer, startFaultyServer } from '../helpers/faulty-server.ts'
import { goOn, questionsOf } from '../helpers/people.ts'
import { finish, team } from '../helpers/teams.ts'

const program = {
  kind: 'command',
  run: ['node', resolve('test/fixtures/programs/answer.mjs')],
  effects: 'pure',
}

/** One agent of each kind. A rehearsal stands in for models and people; the others really work. */
const WORKERS: Readonly<Record<string, (url: string) => object>> = {
  llm: () => ({ role: 'You work.' }),
  command: () => program,
  http: url => ({ kind: 'http', url, effects: 'pure' }),
  human: () => ({ kind: 'human' }),
  team: () => ({
    kind: 'team',
    team: { name: 'inner', agents: { inner: program }, pattern: { kind: 'pipeline', stages: ['inner'] } },
  }),
}

/** A team for each pattern in which the agent `worker` has work to do. */
const PATTERNS: Readonly<Record<string, object>> = {
  pipeline: { stages: ['worker', 'lead'] },
  parallel: { branches: ['worker', 'lead'], aggregate: 'concat' },
  supervisor: { supervisor: 'lead', workers: ['worker'] },
  tasks: { tasks: { one: { agent: 'worker' }, two: { agent: 'lead', dependsOn: ['one'] } } },
  handoff: { start: 'worker', handoffs: { worker: ['lead'] } },
  route: { classifier: 'lead', routes: { it: 'worker' }, default: 'worker' },
  peers: { start: 'worker', peers: ['worker', 'lead'] },
  blackboard: {
    contributors: {
      worker: { when: '!has(board.found)', writes: ['found'] },
      lead: { when: 'has(board.found)', writes: ['report'] },
    },
    until: 'has(board.report)',
  },
  auction: { tasks: ['Do it'], bidders: ['worker'] },
  events: { start: 'begun', on: { begun: [{ agent: 'worker', publish: 'done' }], done: ['lead'] } },
  graph: {
    start: 'work',
    nodes: { work: { agent: 'worker' }, done: { end: 'succeeded' } },
    edges: [{ from: 'work', to: 'done' }],
  },
  chat: { members: ['worker', 'lead'], turns: 2 },
  refine: { generator: 'worker', critic: 'lead', until: 'critique.score >= 0', attempts: 2 },
}

/** A plan is no plan without a step. */
const PLAN = {
  steps: [{ id: 'one', agent: 'worker', task: 'Do it.', dependsOn: [], why: 'It has to be done.' }],
}
const wantsPlan = (schema: JsonSchema | undefined) =>
  isObject(schema?.properties) && 'steps' in schema.properties

let server: FaultyServer
beforeAll(async () => {
  server = await startFaultyServer()
  server.play(response => {
    const { task, output } = JSON.parse(server.received.at(-1)?.body ?? '{}')
    response.end(answerTo(task, output))
  })
})
afterAll(() => server.close())

/** Every kind that is registered; one without a worker above fails. */
const KINDS = agent.options.map(option => {
  const { kind } = option.unwrap().shape
  return 'value' in kind ? kind.value : kind.unwrap().value
})

describe.each(pattern.options.map(option => option.unwrap().shape.kind.value))('the pattern %s', kind => {
  it.each(KINDS)('works with an agent of kind %s', async worker => {
    const agents = { worker: WORKERS[worker]?.(server.url), lead: { role: 'You lead, and judge.' } }
    const loaded = await team({ agents, pattern: { kind, ...PATTERNS[kind] } })
    const { outcome, events } = await finish(loaded, {
      input: { task: 'The bridge over the river has to be painted. Paint it green.' },
      rehearsal: true,
    })
    expect(outcome).toMatchObject({ state: 'succeeded' })
    const asked = events.filter(event => event.type === 'step.succeeded' && event.output !== null)
    const worked = events.filter(event => event.type === 'step.started' && event.agent === 'worker')
    expect(worked.length).toBeGreaterThan(0)
    expect(asked.length).toBeGreaterThan(0)
  })

  it('works with nobody but people, who are really asked', async () => {
    const agents = { worker: { kind: 'human' }, lead: { kind: 'human' } }
    const run = await finish(await team({ agents, pattern: { kind, ...PATTERNS[kind] } }), {
      input: { task: 'The bridge over the river has to be painted. Paint it green.' },
    })
    let { outcome } = run
    for (let round = 0; outcome.state === 'waiting' && round < 20; round += 1) {
      for (const { key, question, schema } of await questionsOf(run)) {
        const value = wantsPlan(schema) ? JSON.stringify(PLAN) : answerTo(question, schema)
        await run.store.signal(run.id, { kind: 'answer', key, value, by: 'ann', at: Date.now() })
      }
      outcome = await goOn(run)
    }
    expect(outcome).toMatchObject({ state: 'succeeded' })
  })
})
