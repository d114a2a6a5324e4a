import { describe, expect, it } from 'vitest'
import type { Event, Fact } from '../../../src/store/events.ts'
import type { TeamGraph } from '../../../src/team/graph.ts'
import { drawTeam } from '../../../src/ui/screen/shapes/index.ts'
import { connect, ranksOf } from '../../../src/ui/screen/shapes/layers.ts'
import { cpuTime } from '../../helpers/cpu.ts'
import { began, history, started, succeeded } from '../../helpers/history.ts'
import { crowd, fed, HOSTILE, PLAIN, page, problemsIn } from './seen.ts'

type Ways = readonly (readonly [from: string, to: string, label?: string])[]

function graph(
  pattern: string,
  names: readonly string[],
  ways: Ways = [],
  kinds: Record<string, string> = {},
): TeamGraph {
  return {
    ...{ team: 'demo', pattern },
    nodes: names.map(name => ({ name, kind: kinds[name] ?? 'llm', optional: false })),
    edges: ways.map(([from, to, label]) => ({ from, to, ...(label !== undefined && { label }) })),
  }
}

const agent = (key: string, name = key) => started(key, 'agent', { agent: name })
const decided = (key: string, what: string, values: { [name: string]: string }): Fact => ({
  type: 'decision',
  ...{ key, what, reason: what, values },
})
const told = (...facts: Fact[]): Event[] =>
  history([0, began()], ...facts.map((fact, at) => [at + 1, fact] as const))
const draw = (shape: TeamGraph, events: readonly Event[], width = 80) =>
  drawTeam(shape, fed(events).view, { width, style: PLAIN })

describe('the graph', () => {
  const STAGES = ['collect', 'digest', 'draft', 'check', 'publish']
  const stages = graph(
    'pipeline',
    STAGES,
    STAGES.slice(1).map((name, index) => [STAGES[index] ?? '', name]),
  )

  it('draws a pipeline as a line that wraps, its stages as they stand', () => {
    const events = told(agent('collect'), succeeded('collect'), agent('digest'))
    expect(page(draw(stages, events, 60))).toMatchInlineSnapshot(`
      "
      demo pipeline

        ✓ collect ──► ▸ digest ──► ○ draft ──► ○ check ─╮
        ╰─► ○ publish
      "
    `)
    expect(page(draw(stages, events, 80))).toMatchInlineSnapshot(`
      "
      demo pipeline

        ✓ collect ──► ▸ digest ──► ○ draft ──► ○ check ──► ○ publish
      "
    `)
    expect(page(draw(stages, events, 140))).toMatchInlineSnapshot(`
      "
      demo pipeline

        ✓ collect ──► ▸ digest ──► ○ draft ──► ○ check ──► ○ publish
      "
    `)
  })

  it('draws lanes that come together', () => {
    const shape = graph(
      'parallel',
      ['logs', 'metrics', 'changes', 'lead'],
      [
        ['logs', 'lead'],
        ['metrics', 'lead'],
        ['changes', 'lead'],
      ],
    )
    const events = told(
      agent('branches/logs', 'logs'),
      succeeded('branches/logs'),
      agent('branches/metrics', 'metrics'),
    )
    expect(page(draw(shape, events))).toMatchInlineSnapshot(`
      "
      demo parallel

        ✓ logs ─────╮
        ▸ metrics ──┼──► ○ lead
        ○ changes ──╯
      "
    `)
  })

  it('counts a thousand agents of one lane', () => {
    const shape = graph('parallel', ['worker', 'lead'], [['worker', 'lead']])
    const { view } = fed(crowd())
    const start = cpuTime()
    const lines = drawTeam(shape, view, { width: 80, style: PLAIN })
    expect(cpuTime() - start).toBeLessThan(500)
    expect(page(lines)).toMatchInlineSnapshot(`
      "
      demo parallel

        ▸ worker ×1000 (500 under way, 500 done) ──► ○ lead
      "
    `)
  })

  it('draws a supervisor with those who work for it, and a route with its labels', () => {
    const hub = graph(
      'supervisor',
      ['boss', 'a', 'b', 'c'],
      [
        ['boss', 'a'],
        ['a', 'boss'],
      ],
    )
    const events = told(agent('plan-1', 'boss'), succeeded('plan-1'), agent('work-1/step-1/try-1', 'b'))
    expect(page(draw(hub, events))).toMatchInlineSnapshot(`
      "
      demo supervisor

                 ╭◄──► ○ a
        ✓ boss ──┼◄──► ▸ b
                 ╰◄──► ○ c
      "
    `)
    const route = graph(
      'route',
      ['triage', 'refunds', 'repairs'],
      [
        ['triage', 'refunds', 'refund'],
        ['triage', 'repairs', 'else'],
      ],
    )
    const routed = told(
      agent('triage'),
      decided('triage', 'route', { agent: 'refunds' }),
      succeeded('triage'),
      agent('refunds'),
    )
    expect(page(draw(route, routed))).toMatchInlineSnapshot(`
      "
      demo route

        ✓ triage ──┬─ refund ─► ▸ refunds
                   ╰─ else ───► ○ repairs
      "
    `)
  })

  it('counts how often work was passed on', () => {
    const shape = graph(
      'handoff',
      ['desk', 'it', 'finance'],
      [
        ['desk', 'it'],
        ['desk', 'finance'],
        ['it', 'finance'],
      ],
    )
    const events = told(
      agent('handoff/hop-1/desk', 'desk'),
      decided('handoff/hop-1/desk', 'handoff', { from: 'desk', to: 'it' }),
      succeeded('handoff/hop-1/desk'),
      agent('handoff/hop-2/it', 'it'),
    )
    expect(page(draw(shape, events))).toMatchInlineSnapshot(`
      "
      demo handoff

        ✓ desk    ──► it ×1, finance
        ▸ it      ──► finance
        ○ finance
      "
    `)
  })

  it('draws a state machine in layers, with its visits and the ways back', () => {
    const shape = graph(
      'graph',
      ['write', 'review', 'fix', 'done'],
      [
        ['write', 'review'],
        ['review', 'done', 'ok'],
        ['review', 'fix', 'otherwise'],
        ['fix', 'review'],
      ],
      { done: 'end' },
    )
    const events = told(
      agent('write', 'w'),
      succeeded('write'),
      decided('write', 'transition', { from: 'write', to: 'review' }),
      agent('review', 'r'),
      succeeded('review'),
      decided('review', 'transition', { from: 'review', to: 'fix' }),
      agent('fix', 'w'),
      succeeded('fix'),
      decided('fix', 'transition', { from: 'fix', to: 'review' }),
      agent('review-2', 'r'),
    )
    expect(page(draw(shape, events))).toMatchInlineSnapshot(`
      "
      demo graph

        ✓ write
        ↓
        ▸ review ×2 (1 under way)
        ├─────────────────╮
        ↓                 ↓
        ✓ fix ↺ review    ◎ done
      "
    `)
  })

  it('draws a chat as a ring, upright where it is narrow', () => {
    const shape = graph(
      'chat',
      ['product', 'engineer', 'support', 'host'],
      [
        ['product', 'engineer'],
        ['engineer', 'support'],
        ['support', 'product'],
        ['product', 'host', 'what was said'],
      ],
    )
    const events = told(
      agent('chat/turn-1/product', 'product'),
      { type: 'step.succeeded', key: 'chat/turn-1/product', output: 'Ship it' },
      agent('chat/turn-2/engineer', 'engineer'),
    )
    expect(page(draw(shape, events))).toMatchInlineSnapshot(`
      "
      demo chat

        ╭─► ✓ product ──► ▸ engineer ──► ○ support ─╮
        ╰───────────────────────────────────────────╯
            ○ host

          product: Ship it
      "
    `)
    expect(page(draw(shape, events, 40))).toMatchInlineSnapshot(`
      "
      demo chat

        ╭─► ✓ product
        │   ▸ engineer
        ╰── ○ support
            ○ host

          product: Ship it
      "
    `)
  })

  it('draws a blackboard, an auction and topics', () => {
    const board = graph(
      'blackboard',
      ['board', 'plan'],
      [
        ['board', 'plan', 'true'],
        ['plan', 'board', 'plan'],
      ],
      { board: 'board' },
    )
    const wrote: Fact = {
      type: 'board.written',
      key: 'x',
      id: '1',
      name: 'plan',
      value: 'First this',
      version: 1,
      by: 'plan',
    }
    expect(page(draw(board, told(wrote, agent('board/plan-1', 'plan')), 60))).toMatchInlineSnapshot(`
      "
      demo blackboard

        ╭ board ─────────────────────────────────────────────────╮
        │ plan     plan       First this                         │
        ╰────────────────────────────────────────────────────────╯
          ▸ plan writes plan
      "
    `)
    const auction = graph('auction', ['ann', 'bob'])
    const award: Fact = {
      type: 'decision',
      key: 'tasks/1/round-1',
      what: 'award',
      reason: 'least',
      values: {
        winner: 'bob',
        task: 'Translate',
        bids: { ann: { willing: true, cost: 3, score: 0.5 }, bob: { willing: true, cost: 2, score: 0.7 } },
      },
    }
    const bid = told(started('tasks/1/round-1', 'group'), award, agent('tasks/1/round-1/bob', 'bob'))
    expect(page(draw(auction, bid))).toMatchInlineSnapshot(`
      "
      demo auction

        ▸  1 Translate                                    ─► bob
             bob asks 2 at 0.7 · ann asks 3 at 0.5

        ○ ann   ▸ bob
      "
    `)
    const events = graph(
      'events',
      ['sense', 'act', 'reading', 'dead-letters'],
      [
        ['sense', 'reading'],
        ['reading', 'act'],
      ],
      { reading: 'topic', 'dead-letters': 'end' },
    )
    const published: Fact = {
      type: 'message.sent',
      key: 'events/x-1/sense',
      message: { id: '1', type: 'event', from: 'sense', topic: 'reading', payload: 1 },
    }
    expect(
      page(draw(events, told(published, agent('events/reading-1/act/reaction', 'act')))),
    ).toMatchInlineSnapshot(`
      "
      demo events

        sense ─► # reading ×1 ──► ▸ act
      "
    `)
  })

  it('stands as a tree where it does not fit, and teams inside of it below it', () => {
    const wide = graph(
      'parallel',
      ['a-lane-with-a-long-name', 'another-lane-with-one', 'the-one-who-sums-up'],
      [
        ['a-lane-with-a-long-name', 'the-one-who-sums-up'],
        ['another-lane-with-one', 'the-one-who-sums-up'],
      ],
    )
    expect(
      page(draw(wide, told(agent('branches/another-lane-with-one', 'another-lane-with-one')), 30)),
    ).toMatchInlineSnapshot(`
      "
      demo (parallel)
      ├─ ○ a-lane-with-a-long-name …
      ├─ ▸ another-lane-with-one (l…
      └─ ○ the-one-who-sums-up (llm)
      "
    `)
    const nested: TeamGraph = {
      ...graph('pipeline', ['lead']),
      nodes: [{ name: 'lead', kind: 'team', optional: false, inner: graph('pipeline', ['x', 'y']) }],
    }
    const events = told(agent('lead'), started('lead/team', 'team'), agent('lead/team/x', 'x'))
    expect(page(draw(nested, events))).toMatchInlineSnapshot(`
      "
      demo pipeline

        ▸ lead

        lead: demo pipeline

          ▸ x ──► ○ y
      "
    `)
  })

  it('is harmless whatever the names are, in every shape', () => {
    const names = [HOSTILE, `${HOSTILE}2`, '漢字'.repeat(40)]
    const [a = '', b = '', c = ''] = names
    for (const pattern of [
      'pipeline',
      'parallel',
      'supervisor',
      'route',
      'handoff',
      'peers',
      'tasks',
      'graph',
      'chat',
      'auction',
      'blackboard',
      'events',
      'refine',
      'new',
    ])
      for (const width of [60, 80, 140]) {
        const lines = draw(
          graph(pattern, names, [
            [a, b, HOSTILE],
            [b, c],
            [c, a],
          ]),
          told(agent('x', a)),
          width,
        )
        expect(problemsIn(lines, width), pattern).toEqual([])
        expect(draw(graph(pattern, []), told(), width).length).toBeGreaterThan(0)
      }
  })

  it('finds ways back also in a graph that is longer than the stack is deep', () => {
    const names = Array.from({ length: 20_000 }, (_, index) => `n${index}`)
    const ways = names.map((name, index) => [name, names[(index + 1) % names.length] ?? ''] as const)
    const { rank, back } = ranksOf(graph('graph', names, ways))
    expect([rank.get('n19999'), back.size]).toEqual([19_999, 1])
  })

  it('lets sources with the same targets share a line across', () => {
    const edges = [
      ['a', 'x'],
      ['a', 'y'],
      ['b', 'x'],
      ['b', 'y'],
    ].map(([from = '', to = '']) => ({ from, to }))
    expect(
      connect(
        edges,
        new Map([
          ['a', 0],
          ['b', 8],
        ]),
        new Map([
          ['x', 0],
          ['y', 8],
        ]),
      ),
    ).toEqual(['├───────┤', '↓       ↓'])
    expect(connect([], new Map(), new Map())).toEqual([])
  })
})
