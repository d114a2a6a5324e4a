import { Chalk } from 'chalk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Event } from '../../src/store/events.ts'
import { createLog, formatLine, type LogFilter, requireAgent } from '../../src/ui/log-line.ts'
import { began, history, RETRIED, started, succeeded, WAITING } from '../helpers/history.ts'

const zone = process.env.TZ
beforeAll(() => {
  process.env.TZ = 'UTC'
})
afterAll(() => {
  if (zone === undefined) delete process.env.TZ
  else process.env.TZ = zone
})

function log(events: readonly Event[], filter: LogFilter): string {
  const line = createLog(filter)
  const lines = events.flatMap(event => line(event) ?? [])
  return `\n${lines.map(found => formatLine(found, new Chalk({ level: 0 }))).join('\n')}\n`
}

describe('log lines', () => {
  it('say in order what happened, harmlessly and each on one line', () => {
    expect(log(RETRIED, { level: 'debug' })).toMatchInlineSnapshot(`
      "
      03:04:05.006 info  run                      started demo on 2026-01-02
      03:04:05.006 info  find                     agent started
      03:04:05.016 debug find/run                 command started
      03:04:05.906 debug find/run                 succeeded in 0.9s
      03:04:06.006 info  find                     succeeded in 1.0s
      03:04:06.006 info  draft                    agent writer started
      03:04:06.006 debug draft/turn-1             model started
      03:04:07.006 error draft/turn-1             failed (rate-limited): slow down
      03:04:07.006 warn  draft                    retry: turn-1: slow down (error=rate-limited attempt=1 allowed=3 pause=1000)
      03:04:07.006 debug draft/turn-1-pause-1     pauses until 03:04:08.006
      03:04:08.006 debug draft/turn-1/attempt-2   model started
      03:04:09.006 debug draft/turn-1/attempt-2   openai/gpt-5-mini replied in 1.0s, 1,200 tokens, $0.012
      03:04:09.006 debug draft/turn-1/attempt-2   succeeded in 1.0s, 1,200 tokens, $0.012
      03:04:09.006 debug draft/turn-1/tool-1      tool started
      03:04:09.106 debug draft/turn-1/tool-1      succeeded in 0.1s
      03:04:10.006 info  draft                    succeeded in 4.0s, 1,200 tokens, $0.012
      03:04:10.006 info  review                   skipped: when: input.deep
      03:04:10.006 info  run                      succeeded in 5.0s, 1,200 tokens, $0.012
      "
    `)
  })

  it('are about runs, agents and decisions at level info', () => {
    expect(log(RETRIED, { level: 'info' })).toMatchInlineSnapshot(`
      "
      03:04:05.006 info  run                      started demo on 2026-01-02
      03:04:05.006 info  find                     agent started
      03:04:06.006 info  find                     succeeded in 1.0s
      03:04:06.006 info  draft                    agent writer started
      03:04:07.006 error draft/turn-1             failed (rate-limited): slow down
      03:04:07.006 warn  draft                    retry: turn-1: slow down (error=rate-limited attempt=1 allowed=3 pause=1000)
      03:04:10.006 info  draft                    succeeded in 4.0s, 1,200 tokens, $0.012
      03:04:10.006 info  review                   skipped: when: input.deep
      03:04:10.006 info  run                      succeeded in 5.0s, 1,200 tokens, $0.012
      "
    `)
  })

  it('are about failures at level error, and about what to look at at level warn', () => {
    expect(log(RETRIED, { level: 'error' })).toMatchInlineSnapshot(`
      "
      03:04:07.006 error draft/turn-1             failed (rate-limited): slow down
      "
    `)
    expect(log(WAITING, { level: 'warn' })).toMatchInlineSnapshot(`
      "
      03:04:05.006 warn  send/run                 was under way when crew stopped; nobody knows whether it happened
      03:04:05.506 warn  send/run/outcome-1       asks: Was it sent? (retry, done=OUTPUT)
      03:04:06.006 warn  run                      waits for an answer to send/run/outcome-1
      "
    `)
  })

  it('can be kept to one agent and all that it did, wherever it worked', () => {
    const events = history(
      [0, began()],
      [0, started('branches', 'group')],
      [0, started('branches/left', 'agent', { agent: 'reader' })],
      [0, started('branches/right', 'agent', { agent: 'writer' })],
      [1, started('branches/left/run', 'command')],
      [2, succeeded('branches/left/run')],
      [3, { type: 'step.chosen', scope: 'branches', key: 'left' }],
    )
    expect(log(events, { level: 'debug', agent: 'reader' })).toMatchInlineSnapshot(`
      "
      03:04:05.006 info  branches/left            agent reader started
      03:04:05.007 debug branches/left/run        command started
      03:04:05.008 debug branches/left/run        succeeded in 0.0s
      "
    `)
    expect(() => requireAgent('reader', { id: 'run1' }, events)).not.toThrow()
    expect(() => requireAgent('nobody', { id: 'run1' }, events)).toThrow(
      'no agent nobody did anything in run run1',
    )
  })

  it('wait for an agent that is declared as long as somebody runs the run, and for no other', () => {
    const inner = { kind: 'team', team: { agents: { helper: {} } } }
    const events = history([0, began({ definition: { team: { agents: { writer: {}, inner } } } })])
    const live = { id: 'run1', owner: { host: 'here', pid: 7 } }
    expect(() => requireAgent('writer', live, events)).not.toThrow()
    expect(() => requireAgent('helper', live, events)).not.toThrow()
    expect(() => requireAgent('nobody', live, events)).toThrow('no agent nobody does anything in run run1')
    expect(() => requireAgent('writer', { id: 'run1' }, events)).toThrow('no agent writer did anything')
  })

  it('tell a failure once, where it happened', () => {
    const error = { code: 'timeout', message: 'too slow', step: 'a/run' } as const
    const events = history(
      [0, began()],
      [0, started('a', 'agent', { agent: 'a' })],
      [0, started('a/run', 'command')],
      [1, { type: 'step.failed', key: 'a/run', error }],
      [1, { type: 'step.failed', key: 'a', error }],
      [2, { type: 'run.failed', error }],
      [9, { type: 'run.resumed', owner: { host: 'here', pid: 7 }, epoch: 2, reopened: ['a'], limits: {} }],
      [9, started('a', 'agent', { agent: 'a' })],
      [10, { type: 'run.interrupted', reason: 'stopped by SIGINT' }],
    )
    expect(log(events, { level: 'info' })).toMatchInlineSnapshot(`
      "
      03:04:05.006 info  run                      started demo on 2026-01-02
      03:04:05.006 info  a                        agent started
      03:04:05.007 error a/run                    failed (timeout): too slow
      03:04:05.007 error a                        failed (timeout) because of a/run
      03:04:05.008 error run                      failed (timeout): too slow
      03:04:05.015 info  run                      resumed on 2026-01-02 by process 7 on here; enters again: a
      03:04:05.015 info  a                        agent started again (2)
      03:04:05.016 warn  run                      interrupted: stopped by SIGINT
      "
    `)
  })
})
