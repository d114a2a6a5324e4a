import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Fact } from '../../src/store/events.ts'
import { pageOf } from '../../src/ui/page.ts'
import { began, history, RETRIED, started } from '../helpers/history.ts'

const gave = (key: string, output: string): Fact => ({ type: 'step.succeeded', key, output })
const EVIL = `</pre></script><script>alert(1)</script><img src=x onerror="alert(2)">'"\u202egnp\u001b[31m`

describe('the page of a run', () => {
  it('has what happened, and needs nothing from anywhere', () => {
    const page = pageOf('0k3f', RETRIED)
    for (const part of [
      'Timeline',
      'Steps',
      'Cost',
      'Decisions',
      'retry: turn-1: slow',
      'skipped: when: input.deep',
    ])
      expect(page).toContain(part)
    expect(page).not.toMatch(/(src|href)="(?!#)|url\(|@import|https?:/)
  })

  it('lets only its own script run, whatever agents say and are called', () => {
    const message = { id: 'm', type: 'status', from: EVIL, to: EVIL, payload: EVIL } as const
    const page = pageOf(
      '1',
      history(
        [0, began({ team: EVIL, input: { [EVIL]: EVIL }, definition: { team: { description: EVIL } } })],
        [0, started(EVIL, 'agent', { agent: EVIL, input: EVIL })],
        [1, { type: 'message.sent', key: EVIL, message }],
        [1, { type: 'board.written', key: EVIL, id: 'b', name: EVIL, value: EVIL, version: 1, by: EVIL }],
        [1, { type: 'decision', key: EVIL, what: EVIL, reason: EVIL, values: { [EVIL]: EVIL } }],
        [1, { type: 'wait.opened', key: `${EVIL}/q`, request: { question: EVIL } }],
        [2, gave(EVIL, EVIL)],
        [3, { type: 'run.failed', error: { code: 'timeout', message: EVIL } }],
      ),
    )
    expect(page.match(/<script/g)).toHaveLength(1)
    expect(page).not.toMatch(/<img|<[^>]* on\w+=/)
    for (const hidden of ['\u202e', '\u001b']) expect(page).not.toContain(hidden)
    const script = /<script>([\s\S]*?)<\/script>/.exec(page)?.[1] ?? ''
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1]?.replaceAll('&#39;', "'")
    const hash = createHash('sha256').update(script).digest('base64')
    expect(policy).toMatch(/^default-src 'none';/)
    expect(policy).toContain(`script-src 'sha256-${hash}';`)
    expect(policy).not.toContain('unsafe')
  })

  it('stays below two megabytes with a thousand steps of long texts, and says what it leaves out', () => {
    const long = 'word & <word> '.repeat(3000)
    const steps = Array.from({ length: 1000 }, (_, at) => [
      [at, started(`s${at}`, 'agent', { agent: `a${at % 9}`, input: `input ${at}` })] as const,
      [at + 1, gave(`s${at}`, at % 2 === 0 ? 'short' : long)] as const,
    ]).flat()
    const page = pageOf('1', history([0, began()], ...steps))
    expect(page.length).toBeLessThan(2_000_000)
    expect(page).toContain('more characters are not on this page')
    expect(page).toContain('input 999')
  })

  it('cuts one long text at 20 kB', () => {
    const page = pageOf(
      '1',
      history([0, began()], [0, started('a', 'agent', { agent: 'a' })], [1, gave('a', 'x'.repeat(30_000))]),
    )
    expect(page).toContain('10,000 more characters')
  })
})
