import { Chalk } from 'chalk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import type { Event } from '../../src/store/events.ts'
import { formatTrace } from '../../src/ui/trace.ts'
import { cpuTime } from '../helpers/cpu.ts'
import {
  BEGIN,
  began,
  history,
  RETRIED,
  replied,
  resumed,
  started,
  succeeded,
  WAITING,
} from '../helpers/history.ts'

function trace(events: readonly Event[], width = 80, now?: number): string {
  const live = now !== undefined && { now }
  return `\n${[...formatTrace(events, { style: new Chalk({ level: 0 }), width, ...live })].join('\n')}\n`
}

const zone = process.env.TZ
beforeAll(() => {
  process.env.TZ = 'UTC'
})
afterAll(() => {
  if (zone === undefined) delete process.env.TZ
  else process.env.TZ = zone
})

/** Milliseconds that this process has worked: others may keep the machine busy. */

describe('a trace', () => {
  it('draws steps with their times, spending, decisions and errors', () => {
    expect(trace(RETRIED)).toMatchInlineSnapshot(`
      "
      demo · succeeded · 5.0s · 1,200 tokens, $0.012
                                        start      took               tokens      cost
      ├─ ✓ find                         +0.0s      1.0s ━━
      │  └─ ✓ run (command)             +0.0s      0.9s ━━
      ├─ ✓ draft (writer)               +1.0s      4.0s   ━━━━━━━━     1,200    $0.012
      │  │  ↻ retry: turn-1: slow down
      │  │      error=rate-limited attempt=1 allowed=3 pause=1000
      │  └─ ✗ turn-1 (model)            +1.0s      1.0s   ━━           1,200    $0.012
      │     │  ✗ rate-limited: slow down
      │     ├─ ✓ attempt-2 (openai…     +3.0s      1.0s       ━━       1,200    $0.012
      │     └─ ✓ read_file              +4.0s      0.1s         ━
      └─ - review
            skipped: when: input.deep
                saw input.deep = null
      "
    `)
  })

  it('gives the bars more room in a wide terminal', () => {
    expect(trace(RETRIED, 120)).toMatchInlineSnapshot(`
      "
      demo · succeeded · 5.0s · 1,200 tokens, $0.012
                                                                  start      took                             tokens      cost
      ├─ ✓ find                                                   +0.0s      1.0s ━━━━━
      │  └─ ✓ run (command)                                       +0.0s      0.9s ━━━━
      ├─ ✓ draft (writer)                                         +1.0s      4.0s     ━━━━━━━━━━━━━━━━━━━      1,200    $0.012
      │  │  ↻ retry: turn-1: slow down
      │  │      error=rate-limited attempt=1 allowed=3 pause=1000
      │  └─ ✗ turn-1 (model)                                      +1.0s      1.0s     ━━━━━                    1,200    $0.012
      │     │  ✗ rate-limited: slow down
      │     ├─ ✓ attempt-2 (openai/gpt-5-mini)                    +3.0s      1.0s               ━━━━━          1,200    $0.012
      │     └─ ✓ read_file                                        +4.0s      0.1s                    ━
      └─ - review
            skipped: when: input.deep
                saw input.deep = null
      "
    `)
  })

  it('keeps only what fits into a narrow terminal', () => {
    expect(trace(RETRIED, 44)).toMatchInlineSnapshot(`
      "
      demo · succeeded · 5.0s · 1,200 tokens, $0.…
                                              took
      ├─ ✓ find                               1.0s
      │  └─ ✓ run (command)                   0.9s
      ├─ ✓ draft (writer)                     4.0s
      │  │  ↻ retry: turn-1: slow down
      │  │      error=rate-limited attempt=1 allo…
      │  └─ ✗ turn-1 (model)                  1.0s
      │     │  ✗ rate-limited: slow down
      │     ├─ ✓ attempt-2 (openai/gpt-…      1.0s
      │     └─ ✓ read_file                    0.1s
      └─ - review
            skipped: when: input.deep
                saw input.deep = null
      "
    `)
  })

  it('draws a call of a tool as one, with its gate and what came of it, in the order of the calls', () => {
    const call = (key: string, tool: string, args: JsonObject) =>
      [0, started(key, 'tool', { input: { tool, arguments: args } })] as const
    const error = (step: string) => ({ code: 'tool-failed', message: 'It is not there.', step }) as const
    const reason = 'w may not call read_file like this: the rule deny: read_file(.env)'
    const events = history(
      [0, began()],
      [0, started('w', 'agent', { agent: 'w' })],
      call('w/tool-1', 'run_command', { argv: ['npm', 'test'] }),
      [0, started('w/tool-1/plan', 'plan')],
      [0, succeeded('w/tool-1/plan')],
      [0, { type: 'wait.opened', key: 'w/tool-1/permission', request: { question: 'May it?' } }],
      [0, { type: 'wait.answered', key: 'w/tool-1/permission', value: 'approve', by: 'ann' }],
      [0, started('w/tool-1/act', 'act', { effects: 'once' })],
      [0, succeeded('w/tool-1/act')],
      [9, { type: 'step.succeeded', key: 'w/tool-1', output: '[Exit code 0.]\nall \u001b[31mgreen' }],
      call('w/tool-3', 'read_file', { path: '.env' }),
      [0, { type: 'decision', key: 'w/tool-3', what: 'denied', reason, values: { tool: 'read_file' } }],
      [9, { type: 'step.failed', key: 'w/tool-3', error: error('w/tool-3') }],
      call('w/tool-2', 'read_file', { path: 'a.md' }),
      [0, started('w/tool-2/plan', 'plan')],
      [0, { type: 'step.failed', key: 'w/tool-2/plan', error: error('w/tool-2/plan') }],
      [9, { type: 'step.failed', key: 'w/tool-2', error: error('w/tool-2/plan') }],
      call('w/tool-4', 'send', { to: 'all' }),
      [0, started('w/tool-4/act', 'act', { effects: 'once' })],
      [9, resumed],
      [9, { type: 'step.unknown', key: 'w/tool-4/act' }],
      [9, { type: 'wait.opened', key: 'w/tool-4/act/outcome-1', request: { question: 'Was it sent?' } }],
    )
    expect(trace(events, 100)).toMatchInlineSnapshot(`
      "
      demo · interrupted · 0.0s · no model calls
                                                            start      took               tokens      cost
      └─ ■ w                                                +0.0s      0.0s ━━━━━━━━━━
         ├─ ✓ run_command npm test                          +0.0s      0.0s ━━━━━━━━━━
         │     ? May it? – ann answered: approve (at 03:04:05, after 0.0s)
         │     → [Exit code 0.] all green
         ├─ ✗ read_file a.md                                +0.0s      0.0s ━━━━━━━━━━
         │     ✗ It is not there.
         ├─ ✗ read_file .env                                +0.0s      0.0s ━━━━━━━━━━
         │     ◆ denied: w may not call read_file like this: the rule deny: read_file(.env)
         └─ ? send all                                      +0.0s      0.0s ━━━━━━━━━━
               ? Was it sent? – not answered
      "
    `)
  })

  it('leaves out the time in which nobody ran the run, and shows what it waits for', () => {
    expect(trace(WAITING)).toMatchInlineSnapshot(`
      "
      mailer · waiting · 1.0s · no model calls
                                        start      took               tokens      cost
      └─ ■ send                         +0.0s      1.0s ━━━━━━━━━━
         └─ ? run (command)             +0.0s      0.0s ━
               ? Was it sent? – not answered
      "
    `)
  })

  it('tells a step that is under way from one that was broken off', () => {
    const events = history([0, began()], [0, started('work', 'agent', { agent: 'work' })])
    expect(trace(events, 80, BEGIN + 2000)).toMatchInlineSnapshot(`
      "
      demo · running · 2.0s · no model calls
                                        start      took               tokens      cost
      └─ ▸ work                         +0.0s      2.0s ━━━━━━━━━━
      "
    `)
    expect(trace(events)).toMatchInlineSnapshot(`
      "
      demo · interrupted · 0.0s · no model calls
                                        start      took               tokens      cost
      └─ ■ work                         +0.0s      0.0s ━
      "
    `)
  })

  it('shows what people told an agent, and what they saw when they were asked, and by which way they answered', () => {
    const request = {
      question: 'Good?',
      gate: 'output',
      editable: 'A soup.\n\u001b[2J',
      detail: { agent: 'a' },
    } as const
    const events = history(
      [0, began()],
      [0, started('a', 'agent', { agent: 'a' })],
      [0, started('a/turn-1', 'model')],
      [0, { type: 'guidance.heard', key: 'a/turn-1', words: [{ id: 1, text: 'Less salt.', by: 'ann' }] }],
      [1000, succeeded('a/turn-1')],
      [1000, { type: 'wait.opened', key: 'a/review', request }],
      [3000, { type: 'wait.answered', key: 'a/review', value: 'approve', by: 'ben', via: 'crew inbox' }],
      [3000, succeeded('a')],
    )
    const text = trace(events)
    expect(text).toContain('» ann told it: Less salt.')
    expect(text).toMatch(/\? Good\? – ben answered: approve \(at 03:04:08, after 2\.0s, with crew inbox\)/)
    expect(text).toMatch(/saw agent=a\n.*saw output=A soup\.\n/)
  })

  it('says when a price is unknown, and shows no cost of a rehearsal', () => {
    const run = (usd: number | undefined, rehearsal: boolean) =>
      trace(
        history(
          [0, began({ rehearsal })],
          [0, started('a', 'agent', { agent: 'a' })],
          [1, replied('a', usd)],
          [2, succeeded('a')],
        ),
        60,
      )
    expect(run(undefined, false)).toMatchInlineSnapshot(`
      "
      demo · interrupted · 0.0s · 1,200 tokens, price unknown
                               start      took    tokens      cost
      └─ ✓ a                   +0.0s      0.0s     1,200         ?
      "
    `)
    expect(run(0.5, true)).toMatchInlineSnapshot(`
      "
      demo · interrupted · 0.0s · rehearsal, no model called; els…
                               start      took    tokens      cost
      └─ ✓ a                   +0.0s      0.0s     1,200
      "
    `)
  })

  it('shows why a run failed when no step did', () => {
    const error = { code: 'limit-time', message: 'the run took as long as it may' } as const
    expect(trace(history([0, began()], [1000, { type: 'run.failed', error }]))).toMatchInlineSnapshot(`
      "
      demo · failed · 1.0s · no model calls
                                        start      took               tokens      cost
      ✗ limit-time: the run took as long as it may
      "
    `)
  })

  it('stays inside of the terminal with a thousand steps and with deep ones', () => {
    const deep = Array.from({ length: 20 }, (_, depth) =>
      Array.from({ length: depth + 1 }, () => 'step').join('/'),
    )
    const many = Array.from({ length: 1000 }, (_, index) => `item-${index}`)
    const events = history(
      [0, began()],
      ...[...deep, ...many].map(key => [1, started(key, 'agent', { agent: 'x' })] as const),
    )
    const before = cpuTime()
    const lines = trace(events).trim().split('\n')
    expect(cpuTime() - before).toBeLessThan(1000)
    expect(lines).toHaveLength(2 + deep.length + many.length)
    expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(80)
  })

  it('shows the values that conditions saw, what they rejected, and bids that lost', () => {
    const edge = { from: 'a', to: 'c', when: 'output.paid', saw: { 'output.paid': true } }
    const rejected = [{ to: 'b', when: 'state.x > 3', saw: { 'state.x': 2 } }]
    const definition = {
      team: { pattern: { kind: 'route', routes: { bill: 'x', tech: 'y' }, default: 'z' } },
    }
    const bids = { ann: { cost: 2, score: 0.5 }, bob: { cost: 1, score: 0.7 } }
    const decided = (what: string, values: JsonObject) =>
      [1, { type: 'decision', key: 'a', what, reason: 'because', values }] as const
    const events = history(
      [0, began({ definition, input: { deep: false } })],
      [0, started('a', 'agent', { agent: 'a' })],
      decided('transition', { ...edge, rejected }),
      decided('route', { label: 'bill', agent: 'x' }),
      decided('award', { winner: 'bob', bids }),
      [2, { type: 'step.skipped', key: 'b', reason: 'when: input.deep' }],
    )
    const text = trace(events, 100)
    for (const line of [
      'saw output.paid = true',
      '✗ not b: state.x > 3; saw state.x = 2',
      '✗ not tech: y',
      '✗ not else: z',
      '✓ won bob: cost=1 score=0.7',
      '✗ lost ann: cost=2 score=0.5',
      'saw input.deep = false',
    ])
      expect(text).toContain(line)
  })

  it('shows so many levels, and one agent, when asked to', () => {
    const draw = (more: object) =>
      [...formatTrace(RETRIED, { style: new Chalk({ level: 0 }), width: 80, ...more })].join('\n')
    expect(draw({ depth: 1 })).toContain('… 3 steps below')
    expect(draw({ depth: 1 })).not.toContain('turn-1 (model)')
    expect(draw({ agent: 'writer' })).toContain('draft (writer)')
    expect(draw({ agent: 'writer' })).not.toContain('find')
  })

  it('cuts nothing where nobody reads it in a terminal', () => {
    const reason = 'a reason that goes on and on '.repeat(10).trim()
    const name = 'a-name-that-needs-quite-some-room-of-its-own-to-be-read'
    const decision = { type: 'decision', key: name, what: 'x', reason } as const
    const events = history([0, began()], [0, started(name, 'agent', { agent: name })], [1, decision])
    const whole = [...formatTrace(events, { style: new Chalk({ level: 0 }), width: 80, isWhole: true })]
    expect(whole.join('\n')).toContain(reason)
    expect(whole.join('\n')).toContain(name)
    expect(trace(events)).not.toContain(reason)
  })
})
