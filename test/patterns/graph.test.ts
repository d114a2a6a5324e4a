import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { patternOf } from '../../src/patterns/index.ts'
import type { Event } from '../../src/store/events.ts'
import { later } from '../helpers/clock.ts'
import { decisions, failureOf, type Parts, type Play, play, playOn, teamOf } from '../helpers/play.ts'
import { type Finished, finish } from '../helpers/teams.ts'

interface Machine {
  readonly start?: string
  readonly nodes: object
  readonly edges?: readonly object[]
  readonly state?: object
  readonly visits?: number
  readonly transitions?: number
}

/** A team whose agents are the parts, and whose pattern is this machine. */
function setup(machine: Machine, parts: Parts, agents: Play['more'] = {}): Play {
  const [start] = Object.keys(machine.nodes)
  const pattern = { kind: 'graph', start, edges: [], ...machine }
  return { parts, more: agents, pattern, input: { task: 'Write about rain.' } }
}

const walk = (machine: Machine, parts: Parts = {}, agents?: Play['more']) =>
  play(setup(machine, parts, agents))

const stepsIn = (events: readonly Event[], kind: string) =>
  events.flatMap(event => (event.type === 'step.started' && event.kind === kind ? [event.key] : []))
const failure = (run: Finished) => failureOf(run).toFailure()
const problemsOf = async (machine: Machine, parts: Parts = { ann: [], ben: [] }) =>
  teamOf(setup(machine, parts)).then(
    () => 'no problem',
    (error: Error) => error.message,
  )

const critic = {
  ben: {
    role: 'You are ben.',
    output: {
      type: 'object',
      properties: { ok: { type: 'boolean' }, why: { type: 'string' } },
      required: ['ok', 'why'],
    },
  },
}
const writing: Machine = {
  nodes: {
    draft: { agent: 'ann' },
    review: { agent: 'ben' },
    done: { end: 'succeeded', output: '${steps.draft.output}' },
  },
  edges: [
    { from: 'draft', to: 'review' },
    { from: 'review', to: 'done', when: 'output.ok' },
    { from: 'review', to: 'draft' },
  ],
}

describe('a state machine', () => {
  it('goes round until a condition leads out, and says why it took each way and not the others', async () => {
    const { outcome, events, told } = await walk(
      writing,
      {
        ann: ['Rain.', 'Rain falls.'],
        ben: [
          { ok: false, why: 'too short' },
          { ok: true, why: 'fine' },
        ],
      },
      critic,
    )
    expect(outcome).toEqual({ state: 'succeeded', output: 'Rain falls.' })
    expect(stepsIn(events, 'agent')).toEqual(['draft', 'review', 'draft-2', 'review-2'])
    expect(told[1]).toContain('From draft:\nRain.')
    expect(told[2]).toContain('From draft:\nRain.')
    expect(told[2]).toContain('too short')
    expect(decisions(events, 'transition').slice(1, 4)).toMatchObject([
      {
        key: 'review',
        reason: 'review → draft: nothing else holds',
        values: { rejected: [{ to: 'done', when: 'output.ok', saw: { 'output.ok': false } }] },
      },
      { key: 'draft-2', reason: 'draft → review: always' },
      { key: 'review-2', reason: 'review → done: output.ok', values: { saw: { 'output.ok': true } } },
    ])
  })

  it('shows state, steps and visits to the templates and conditions of nodes, agents and edges', async () => {
    const { outcome, told } = await walk(
      {
        state: { topic: { type: 'string', default: '${input.task}' } },
        nodes: {
          first: { agent: 'ann' },
          narrow: { set: { topic: 'drizzle in ${steps.first.output}' } },
          second: { agent: 'ben', task: 'On visit ${visits.second}: ${state.topic}' },
        },
        edges: [
          { from: 'first', to: 'narrow', when: 'state.topic == input.task && visits.first == 1' },
          { from: 'narrow', to: 'second' },
        ],
      },
      { ann: ['May'], ben: ['It drizzles.'] },
      { ann: { role: 'You are ann.', prompt: 'Topic: ${state.topic}' } },
    )
    expect(told[0]).toBe('Topic: Write about rain.')
    expect(told[1]).toContain('Your part now:\nOn visit 1: drizzle in May')
    expect(outcome).toEqual({ state: 'succeeded', output: 'It drizzles.' })
  })

  it('may have nodes and fields of any name, and counts no visits before there are any', async () => {
    const { outcome } = await walk({
      state: { toString: { type: 'string' } },
      nodes: {
        hasOwnProperty: { set: { toString: '${visits.hasOwnProperty} and ${visits.valueOf}' } },
        valueOf: { end: 'succeeded', output: '${state["toString"]}' },
      },
      edges: [{ from: 'hasOwnProperty', to: 'valueOf', when: 'visits.valueOf == 0' }],
    })
    expect(outcome).toEqual({ state: 'succeeded', output: '1 and 0' })
  })

  it('fails with what the node says when it arrives at an end that fails', async () => {
    const run = await walk(
      {
        nodes: { judge: { agent: 'ann' }, refused: { end: 'failed', output: 'Refused: ${output}' } },
        edges: [{ from: 'judge', to: 'refused' }],
      },
      { ann: ['no money'] },
    )
    expect(failure(run)).toMatchObject({ code: 'halted' })
    expect(failure(run).message).toBe('the run ended at "refused": Refused: no money\n  judge → refused')
  })

  it('names the conditions and what they saw when none of them holds', async () => {
    const run = await walk(
      {
        nodes: { judge: { agent: 'ann' }, a: { end: 'succeeded' }, b: { end: 'failed' } },
        edges: [
          { from: 'judge', to: 'a', when: 'output == "yes"' },
          { from: 'judge', to: 'b', when: 'output == "no" && visits.judge > 0' },
        ],
      },
      { ann: ['maybe'] },
    )
    expect(failure(run)).toMatchObject({ code: 'plan-invalid' })
    expect(failure(run).message).toBe(
      [
        'nothing leads on from "judge": no condition holds',
        '  → a needs output == "yes"; output is "maybe"',
        '  → b needs output == "no" && visits.judge > 0; output is "maybe", visits.judge is 1',
      ].join('\n'),
    )
  })

  it('says at which edge a condition reads what is not there', async () => {
    const run = await walk(
      {
        nodes: { judge: { agent: 'ann' }, a: { end: 'succeeded' } },
        edges: [{ from: 'judge', to: 'a', when: 'output.ok' }],
      },
      { ann: ['maybe'] },
    )
    expect(failure(run)).toMatchObject({ code: 'template-failed' })
    expect(failure(run).message).toContain('judge → a: ${output.ok}: output is text, it has no "ok"')
  })

  it('goes on at the node that failed when it is resumed, and repeats nothing', async () => {
    const machine = {
      ...writing,
      edges: [
        { from: 'draft', to: 'review' },
        { from: 'review', to: 'done' },
      ],
    }
    const run = await walk(machine, { ann: ['Rain.'], ben: ['no JSON'] }, critic)
    expect(failure(run)).toMatchObject({ code: 'output-invalid', step: 'review/attempt-2' })
    expect(await playOn(run, { ann: ['Another.'], ben: [{ ok: true, why: '' }] })).toEqual({
      state: 'succeeded',
      output: 'Rain.',
    })
  })
})

describe('state', () => {
  const one = (state: object, writes: readonly object[]): Machine => ({
    state,
    nodes: {
      ...Object.fromEntries(writes.map((set, index) => [`n${index}`, { set }])),
      done: { end: 'succeeded', output: '${state}' },
    },
    edges: writes.map((_, index) => ({
      from: `n${index}`,
      to: index + 1 < writes.length ? `n${index + 1}` : 'done',
    })),
  })

  it.each<[string, object, readonly unknown[], unknown]>([
    ['replace', { type: 'string' }, ['a', 'b'], 'b'],
    ['append', { type: 'array', default: [0] }, [1, [2, 3]], [0, 1, 2, 3]],
    ['add', { type: 'integer' }, [2, 3], 5],
    ['merge', { type: 'object', default: { a: 1, b: 1 } }, [{ b: 2 }, { c: 3 }], { a: 1, b: 2, c: 3 }],
    ['max', { type: 'number' }, [2, 7.5, 3], 7.5],
    ['min', { type: 'number', default: 5 }, [7, 4], 4],
  ])('of a field that is to %s: what is written meets what is there', async (reducer, field, values, end) => {
    const machine = one(
      { x: { ...field, reducer } },
      values.map(x => ({ x })),
    )
    const { outcome, events } = await walk(machine)
    expect(outcome).toEqual({ state: 'succeeded', output: { x: end } })
    expect(decisions(events, 'state').at(-1)).toMatchObject({ values: { x: end } })
  })

  it('refuses a value of another type, and names node, field, type and value', async () => {
    const run = await walk(
      {
        state: { score: { type: 'integer' } },
        nodes: { judge: { agent: 'ann', writes: 'score' }, done: { end: 'succeeded' } },
        edges: [{ from: 'judge', to: 'done' }],
      },
      { ann: ['good'] },
    )
    expect(failure(run)).toMatchObject({
      code: 'output-invalid',
      message: 'judge writes "good" to state.score, which is of type integer',
    })
  })

  it('refuses a value that is not among the allowed ones', async () => {
    const run = await walk(one({ x: { type: 'string', enum: ['paid', 'sent'] } }, [{ x: 'lost' }]))
    expect(failure(run).message).toBe(
      'n0 writes "lost" to state.x, which is of type string, one of "paid", "sent"',
    )
  })
})

describe('an approval', () => {
  const machine: Machine = {
    nodes: {
      draft: { agent: 'ann' },
      ship: { approval: 'Ship "${steps.draft.output}"?', choices: ['ship', 'drop'] },
      done: { end: 'succeeded' },
      dropped: { end: 'failed', output: 'nobody wanted it' },
    },
    edges: [
      { from: 'draft', to: 'ship' },
      { from: 'ship', to: 'done', when: 'output == "ship"' },
      { from: 'ship', to: 'dropped' },
    ],
  }

  it('waits for a person for as long as it takes, and goes where the answer leads', async () => {
    const run = await walk(machine, { ann: ['Rain.'] })
    expect(run.outcome).toMatchObject({ state: 'waiting' })
    const asked = run.events.find(event => event.type === 'wait.opened')
    expect(asked).toMatchObject({
      key: 'ship/answer',
      request: { question: 'Ship "Rain."?', choices: ['ship', 'drop'], detail: 'Rain.' },
    })
    await run.store.signal(run.id, { kind: 'answer', key: 'ship/answer', value: 'drop', by: 'eve', at: 1 })
    const outcome = await playOn(run)
    expect(outcome).toMatchObject({ state: 'failed', error: { code: 'halted' } })
  })

  it('goes on with what it declares when nobody answers in time, and fails where that is nothing', async () => {
    const { ship, ...others } = machine.nodes as { ship: object }
    const hurried = (more: object) =>
      walk(
        { ...machine, nodes: { ...others, ship: { ...ship, timeout: { total: '1h' }, ...more } } },
        { ann: ['Rain.'] },
      )
    const run = await hurried({ otherwise: 'ship' })
    expect(run.outcome).toMatchObject({ state: 'waiting' })
    expect(await playOn(run, {}, later(7_200_000))).toEqual({ state: 'succeeded', output: 'Rain.' })
    expect(decisions(await run.store.events(run.id), 'approval')).toMatchObject([
      {
        reason: 'nobody answered ship/answer within 1 hour: it goes on with "ship"',
        values: { answer: 'ship' },
      },
    ])
    const failed = await hurried({})
    expect(await playOn(failed, {}, later(7_200_000))).toMatchObject({
      state: 'failed',
      error: { code: 'timeout' },
    })
  })

  it('takes the first choice in a rehearsal, and says so', async () => {
    const { outcome, events } = await finish(await teamOf(setup(machine, { ann: [] })), {
      input: { task: 'Rain falls.' },
      rehearsal: true,
    })
    expect(outcome).toMatchObject({ state: 'succeeded' })
    expect(decisions(events, 'approval')).toMatchObject([
      { key: 'ship', values: { answer: 'ship', choices: ['ship', 'drop'] } },
    ])
  })
})

describe('a loop ends', () => {
  const counting = {
    state: { n: { type: 'integer', reducer: 'add' } },
    nodes: { a: { set: { n: 1 } }, b: { set: {} }, done: { end: 'succeeded' } },
    edges: [
      { from: 'a', to: 'b' },
      { from: 'b', to: 'done', when: 'state.n > 1000' },
      { from: 'b', to: 'a' },
    ],
  }

  it('when a node was entered as often as it may be, with the way there', async () => {
    const run = await walk({ ...counting, visits: 3 })
    expect(failure(run)).toMatchObject({ code: 'limit-rounds' })
    expect(failure(run).message).toBe(
      '"a" was entered 3 times, and may not be again: a → b → a → b → a → b → a',
    )
  })

  it('when a node of its own limit was', async () => {
    const nodes = { ...counting.nodes, b: { set: {}, visits: 1 } }
    expect(failure(await walk({ ...counting, nodes })).message).toMatch(/^"b" was entered once/)
  })

  it('when there were as many transitions as there may be', async () => {
    const run = await walk({ ...counting, transitions: 4 })
    expect(failure(run).message).toBe(
      '4 times one node followed another, and none may again: a → b → a → b → a → b',
    )
  })

  it('when it is gone through for the third time and nothing has changed', async () => {
    const run = await walk(writing, { ann: ['Rain.'], ben: [{ ok: false, why: 'too short' }] }, critic)
    expect(failure(run)).toMatchObject({ code: 'limit-loop' })
    expect(failure(run).message).toContain(
      '3 times the same way, and nothing changed: draft → review → draft',
    )
    expect(failure(run).message).toContain('\n  draft gave Rain.')
  })

  it('where a condition counts the visits, although nothing else changes', async () => {
    const edges = [
      { from: 'draft', to: 'review' },
      { from: 'review', to: 'done', when: 'output.ok || visits.draft == 5' },
      { from: 'review', to: 'draft' },
    ]
    const parts = { ann: ['Rain.'], ben: [{ ok: false, why: 'too short' }] }
    const { outcome, events } = await walk({ ...writing, edges }, parts, critic)
    expect(outcome).toEqual({ state: 'succeeded', output: 'Rain.' })
    expect(stepsIn(events, 'agent').at(-1)).toBe('review-5')
  })
})

describe('a team file with a machine that cannot work is refused', () => {
  const node = { agent: 'ann' }
  const end = { end: 'succeeded' }

  it.each<[string, Machine, string]>([
    ['an edge to nowhere', { nodes: { a: node }, edges: [{ from: 'a', to: 'b' }] }, 'there is no node "b"'],
    ['a start that is no node', { start: 'x', nodes: { a: node } }, 'there is no node "x"'],
    ['a node that nothing leads to', { nodes: { a: node, b: end } }, 'no edge leads from "a" to "b"'],
    ['a circle', { nodes: { a: node }, edges: [{ from: 'a', to: 'a' }] }, 'no end can be reached'],
    [
      'a node of two things',
      { nodes: { a: { ...node, ...end } } },
      'a node does one thing, and "a" has "agent"',
    ],
    [
      'an answer that counts in time, and no time',
      { nodes: { a: { approval: 'Ship?', otherwise: 'no' } } },
      '"otherwise" counts when "timeout" is over, and there is none',
    ],
    [
      'an answer that is no choice',
      { nodes: { a: { approval: 'Ship?', otherwise: 'perhaps', timeout: { total: '1h' } } } },
      '"perhaps" is none of: yes, no',
    ],
    ['a node of nothing', { nodes: { a: {} } }, 'a node has one of: agent, set, approval, end'],
    [
      'a misplaced field',
      { nodes: { a: { ...node, choices: ['x'] } } },
      '"choices" does not go with "agent"',
    ],
    [
      'a way that is never taken',
      {
        nodes: { a: node, b: end },
        edges: [
          { from: 'a', to: 'b' },
          { from: 'a', to: 'b', when: 'true' },
        ],
      },
      'this is never taken: edge 1 leaves "a"',
    ],
    [
      'a way on from the end',
      { nodes: { a: end, b: end }, edges: [{ from: 'a', to: 'b' }] },
      'nothing comes after it',
    ],
    [
      'an unknown field that is set',
      { nodes: { a: { set: { x: 1 } } } },
      'there is no field "x" in the state',
    ],
    [
      'an unknown field that takes the output',
      { nodes: { a: { ...node, writes: 'x' } } },
      'there is no field "x"',
    ],
    [
      'an unknown field that is read',
      {
        state: { total: { type: 'number' } },
        nodes: { a: node, b: end },
        edges: [{ from: 'a', to: 'b', when: 'state.totl > 1' }],
      },
      'there is no field "totl" in the state; it has: total',
    ],
    [
      'a name that a later visit takes',
      { nodes: { a: node, 'a-2': end }, edges: [{ from: 'a', to: 'a-2' }] },
      '"a-2" is what a later visit of "a" is called',
    ],
    [
      'a default of another type',
      { state: { n: { type: 'integer', default: 'x' } }, nodes: { a: node } },
      'the default is not of type integer',
    ],
    [
      'a reducer for another type',
      { state: { n: { type: 'string', reducer: 'add' } }, nodes: { a: node } },
      '"add" is for number and integer',
    ],
    [
      'a step that is not sure to have run',
      {
        nodes: { a: { ...node, task: '${steps.b.output}' }, b: { agent: 'ben' } },
        edges: [{ from: 'a', to: 'b' }],
      },
      'the output of "b" does not exist yet at this point',
    ],
  ])('with %s', async (_, machine, message) => {
    expect(await problemsOf(machine)).toContain(message)
  })

  it('but not with one that tests whether a step has run', async () => {
    const task = '${has(steps.b) ? steps.b.output : ""}'
    const nodes = { a: { ...node, task }, b: { agent: 'ben' } }
    expect(await problemsOf({ nodes, edges: [{ from: 'a', to: 'b' }] })).toBe('no problem')
  })
})

it('is drawn with its conditions', async () => {
  const { definition } = await teamOf(setup(writing, { ann: [] }, critic))
  const { nodes, edges } = patternOf(definition.pattern).graph(definition.pattern)
  expect(nodes.map(({ step, is }) => [step, is])).toEqual([
    ['draft', undefined],
    ['review', undefined],
    ['done', 'end'],
  ])
  expect(edges).toEqual([
    { from: 'draft', to: 'review' },
    { from: 'review', to: 'done', label: 'output.ok' },
    { from: 'review', to: 'draft', label: 'otherwise' },
  ] satisfies JsonObject[])
})
