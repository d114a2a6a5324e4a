import { Chalk } from 'chalk'
import { expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import type { Fact } from '../../src/store/events.ts'
import type { RunRow } from '../../src/store/store.ts'
import { formatRuns } from '../../src/ui/run-list.ts'
import { formatPage, recordOf } from '../../src/ui/run-page.ts'
import { sanitize } from '../../src/ui/text.ts'
import { BEGIN, began, history, RETRIED, started, WAITING } from '../helpers/history.ts'

const style = new Chalk({ level: 0 })
const NOW = BEGIN + 90_000_000
const row = (more: Partial<RunRow> = {}): RunRow => ({
  id: 'run1',
  team: 'demo',
  path: 'team.yaml',
  rehearsal: false,
  createdAt: BEGIN,
  updatedAt: BEGIN,
  state: 'succeeded',
  tokens: 1200,
  usd: 0.0123,
  unpriced: false,
  ...more,
})
const page = (
  run: RunRow,
  events: Parameters<typeof recordOf>[1],
  clean: (text: string) => string = String,
) =>
  formatPage(recordOf(run, events, NOW), { style, width: 80, clean }).replace(/ {2}started .*/, '  started …')

it('shows agents with what they cost, and how many decisions were taken', () => {
  expect(page(row(), RETRIED)).toMatchInlineSnapshot(`
    "demo succeeded

      run        run1
      file       team.yaml
      started …
      took       5.0s
      spent      1,200 tokens, $0.012
      decisions  1, shown by: crew logs run1 --trace

    agents
      ✓ find    1.0s
      ✓ draft   (writer) · 4.0s · 1,200 tokens, $0.012
      - review  when: input.deep

    result
    x"
  `)
})

it('names the steps that did with less than the whole, or with an older answer', () => {
  const decided = (key: string, what: string, values: JsonObject): Fact => ({
    ...{ type: 'decision', key, what, reason: 'no luck', values },
  })
  const events = history(
    [0, began()],
    [0, started('find', 'agent', { agent: 'find' })],
    [10, decided('find', 'partial', { error: 'check-failed' })],
    [20, decided('find', 'cached', { error: 'server-error', run: 'run0', at: BEGIN })],
  )
  expect(page(row(), events)).toMatch(
    /\n {2}partial: find: no luck\n {2}answer of [\d-]+ [\d:]+: find: no luck/,
  )
})

it('asks open questions, with the commands that answer them', () => {
  expect(page(row({ team: 'mailer', state: 'waiting' }), WAITING)).toMatchInlineSnapshot(`
    "mailer waiting

      run        run1
      file       team.yaml
      started …
      took       1.0s
      spent      no model calls
      decisions  none

    agents
      ■ send  1.0s

    questions
      ? send/run/outcome-1: Was it sent?
        answer with: crew answer run1 retry
                 or: crew answer run1 done=OUTPUT

      go on with: crew resume run1"
  `)
})

it('says how to watch a run that somebody runs', () => {
  const events = history([0, began({ input: { task: 'a\nb' } })], [0, started('a', 'agent', { agent: 'a' })])
  expect(page(row({ state: 'running', owner: { host: 'here', pid: 7 } }), events)).toMatchInlineSnapshot(`
    "demo running, pid 7

      run         run1
      file        team.yaml
      started …
      took        1d 1h
      spent       no model calls
      decisions   none
      input.task  a b

    agents
      ▸ a  1d 1h

      watch it with: crew logs run1 --follow"
  `)
})

it('gives a result whole: raw, or harmless for a terminal', () => {
  const events = history([0, began()], [0, { type: 'run.succeeded', output: '\u001b[2Jline\nline' }])
  expect(page(row(), events).endsWith('\nresult\n\u001b[2Jline\nline')).toBe(true)
  expect(page(row(), events, sanitize).endsWith('\nresult\nline\nline')).toBe(true)
})

it('lists runs in 80 columns, with costs that do not pretend', () => {
  const runs = [
    row({ state: 'running', owner: { host: 'here', pid: 12345 }, tokens: 0, usd: 0 }),
    row({
      state: 'failed',
      stop: 'limit-invocations',
      team: 'a-name-that-is-too-long-for-this',
      tokens: 1_234_567,
      unpriced: true,
    }),
    row({ state: 'waiting', unpriced: true, usd: 0 }),
    row({ rehearsal: true }),
    row({ state: 'interrupted', usd: 12.5 }),
  ]
  const lines = formatRuns(runs, { style, width: 80, now: NOW })
  expect(lines.join('\n')).toMatchInlineSnapshot(`
    "run   team       state                          age     tokens  cost
    run1  demo       running, pid 12345          1d ago          –  –
    run1  a-name-t…  failed (limit-invocations)  1d ago  1,234,567  $0.012 + unknown
    run1  demo       waiting                     1d ago      1,200  unknown
    run1  demo       succeeded                   1d ago      1,200  rehearsal
    run1  demo       interrupted                 1d ago      1,200  $12.50"
  `)
  expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(80)
})

it('offers no command that would end the same way', () => {
  const failed = (code: 'input-invalid' | 'limit-budget' | 'server-error') => {
    const error = { code, message: 'it failed' }
    const before = RETRIED.filter(({ type }) => type !== 'run.succeeded')
    const events = [...before, { type: 'run.failed', error, seq: before.length + 1, at: NOW } as const]
    return formatPage(recordOf(row({ state: 'failed', stop: code }), events, NOW), {
      style,
      width: 80,
      clean: String,
    })
  }
  expect(failed('input-invalid')).toMatch(/with the file as it is now: crew fork run1 --team$/)
  expect(failed('limit-budget')).not.toMatch(/crew resume/)
  expect(failed('server-error')).toMatch(/and the team file as it was; go on with: crew resume run1$/)
})

it('names the store in its commands when it is another one', () => {
  const record = recordOf(row({ state: 'interrupted' }), RETRIED, NOW)
  const lines = formatPage(record, { style, width: 80, clean: String, db: 'other.db' })
  expect(lines).toContain('go on with: crew resume run1 --db other.db')
  expect(lines).toContain('shown by: crew logs run1 --db other.db --trace')
})
