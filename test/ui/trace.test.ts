import { Chalk } from 'chalk'
import { expect, test } from 'vitest'
import type { Event, Fact, Spend } from '../../src/store/events.ts'
import { formatTrace } from '../../src/ui/trace.ts'

const style = new Chalk({ level: 0 })
const spend = (usd?: number): Spend => ({
  input: 1000,
  output: 200,
  cached: 0,
  ...(usd !== undefined && { usd }),
})

export function history(...facts: readonly (readonly [at: number, fact: Fact])[]): Event[] {
  return facts.map(([at, fact], index) => ({ ...fact, seq: index + 1, at: 1_700_000_000_000 + at }))
}
const began: Fact = {
  type: 'run.started',
  team: 'demo',
  definition: {},
  input: {},
  rehearsal: false,
  crew: '0',
}
const start = (key: string, kind: string, more = {}): Fact => ({
  type: 'step.started',
  key,
  kind,
  fingerprint: '',
  ...more,
})
const end = (key: string): Fact => ({ type: 'step.succeeded', key, output: '' })

test('x', () => {
  const events = history(
    [0, began],
    [0, start('retriever', 'agent', { agent: 'retriever' })],
    [10, start('retriever/run', 'command')],
    [900, end('retriever/run')],
    [1000, end('retriever')],
    [1000, start('draft', 'agent', { agent: 'writer' })],
    [1000, start('draft/turn-1', 'model')],
    [
      2000,
      {
        type: 'model.failed',
        key: 'draft/turn-1',
        model: 'openai/gpt-5-mini',
        error: { code: 'rate-limited', message: 'no' },
        milliseconds: 1000,
      },
    ],
    [
      2000,
      {
        type: 'step.failed',
        key: 'draft/turn-1',
        error: { code: 'rate-limited', message: 'slow down', step: 'draft/turn-1' },
      },
    ],
    [
      2000,
      {
        type: 'decision',
        key: 'draft',
        what: 'retry',
        reason: 'turn-1: slow down',
        values: { error: 'rate-limited', attempt: 1, pause: 1000 },
      },
    ],
    [3000, start('draft/turn-1/attempt-2', 'model')],
    [
      4000,
      {
        type: 'model.replied',
        key: 'draft/turn-1/attempt-2',
        model: 'openai/gpt-5-mini',
        spent: spend(0.0123),
        milliseconds: 1000,
      },
    ],
    [4000, end('draft/turn-1/attempt-2')],
    [4000, start('draft/turn-1/tool-1', 'tool', { input: { tool: 'read_file', arguments: {} } })],
    [4100, end('draft/turn-1/tool-1')],
    [5000, end('draft')],
    [5000, { type: 'step.skipped', key: 'review', reason: 'when: input.deep' }],
    [5000, { type: 'run.succeeded', output: 'x' }],
  )
  for (const w of [80, 120, 65, 40]) console.log([...formatTrace(events, { style, width: w })].join('\n'))
})
