import { Chalk } from 'chalk'
import stringWidth from 'string-width'
import { describe, expect, it } from 'vitest'
import { formatLanes } from '../../src/ui/lanes.ts'
import { BEGIN, began, history, RETRIED, started, succeeded } from '../helpers/history.ts'

const style = new Chalk({ level: 0 })

describe('lanes', () => {
  it('show who was at work when, who tried again and how long it waited to', () => {
    expect(`\n${[...formatLanes(RETRIED, { style, width: 80 })].join('\n')}\n`).toMatchInlineSnapshot(`
      "
      demo · succeeded · 5.0s
             0         1s         2s         3s         4s
             ┬─────────┬──────────┬──────────┬──────────┬──────────
      find   ━━━━━━━━━━━                                                          1.0s
      writer           ━━━━━━━━━━━┄┄┄┄┄┄┄┄┄┄↻━━━━━━━━━━━━━━━━━━━━━━           4.0s, ↻1
      ━ at work ┄↻ waits, and tries again
      "
    `)
  })

  it('show queues, questions to people, failures and what is done at the same time', () => {
    const events = history(
      [0, began()],
      [0, started('a-1', 'agent', { agent: 'a' })],
      [0, started('a-2', 'agent', { agent: 'a' })],
      [
        400,
        {
          type: 'decision',
          key: 'a-2',
          what: 'queued',
          reason: 'busy',
          values: { place: 'a', milliseconds: 400 },
        },
      ],
      [500, { type: 'wait.opened', key: 'a-1/permission', request: { question: 'May it?' } }],
      [800, { type: 'wait.answered', key: 'a-1/permission', value: 'approve', by: 'ann' }],
      [900, succeeded('a-1')],
      [1000, { type: 'step.failed', key: 'a-2', error: { code: 'timeout', message: 'late' } }],
    )
    expect(`\n${[...formatLanes(events, { style, width: 50 })].join('\n')}\n`).toMatchInlineSnapshot(`
      "
      demo · interrupted · 1.0s
            0                     500ms
            ┬─────────────────────┬─────────────────────
      a     ━━━━━━━━━━━━━━━━━━━━━━?????????????━━━━━
            ··················━━━━━━━━━━━━━━━━━━━━━━━━━✗
      ━ at work · waits for its turn ? waits for a pers…
      "
    `)
  })

  it('keep inside of the terminal with many agents that have wide names', () => {
    const many = Array.from(
      { length: 500 },
      (_, at) => [at, started(`s${at}`, 'agent', { agent: `日本語の名前-${at}\u001b[2J` })] as const,
    )
    const lines = [...formatLanes(history([0, began()], ...many), { style, width: 60, now: BEGIN + 900 })]
    expect(lines).toHaveLength(504)
    expect(Math.max(...lines.map(line => stringWidth(line)))).toBeLessThanOrEqual(60)
    expect(lines.join('')).not.toContain('\u001b')
  })
})
