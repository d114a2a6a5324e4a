import { Chalk } from 'chalk'
import { describe, expect, it } from 'vitest'
import { CrewError } from '../../src/errors.ts'
import type { Event, Fact, Message } from '../../src/store/events.ts'
import { viewOf } from '../../src/store/view.ts'
import { board } from '../../src/ui/board.ts'
import type { Listing } from '../../src/ui/listing.ts'
import { messages } from '../../src/ui/messages.ts'
import { results } from '../../src/ui/results.ts'
import { summarize } from '../../src/ui/summary.ts'
import { formatTrace } from '../../src/ui/trace.ts'
import { BEGIN, began, history, started, succeeded } from '../helpers/history.ts'

const style = new Chalk({ level: 0 })

/** A listing as people see it, without the time of day, which depends on where they are. */
function shown(listing: Listing, events: readonly Event[]): string {
  const lines = listing.table(viewOf(events), { style, width: 80 })
  return `\n${lines.map(line => line.replace(/\d\d:\d\d:\d\d/, 'hh:mm:ss')).join('\n')}\n`
}

const wrote = (key: string, name: string, value: string, version: number): Fact => {
  return {
    type: 'board.written',
    key,
    id: `${key}/${name}`,
    name,
    value,
    version,
    by: key.split('/')[0] ?? '',
  }
}

const BOARD = history(
  [0, began()],
  [0, started('ann', 'agent', { agent: 'ann' })],
  [10, wrote('ann', 'plan', 'tea\u001b[2J', 1)],
  [20, wrote('ann', 'a', 'x'.repeat(100), 2)],
  [30, started('lead', 'agent', { agent: 'lead' })],
  [30, started('lead/team', 'team')],
  [40, wrote('lead/team/ben', 'plan', 'another', 1)],
  [50, wrote('ben', 'plan', 'coffee', 3)],
)

describe('the board of a run', () => {
  it('shows what stands there, who wrote it and when; that of a team inside by the step of the team', () => {
    expect(shown(board, BOARD)).toMatchInlineSnapshot(`
      "
      name             version  by    when      value
      a                      2  ann   hh:mm:ss  xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
      plan                   3  ben   hh:mm:ss  coffee
      lead/team: plan        1  lead  hh:mm:ss  another
      "
    `)
  })

  it('is what it was after any event', () => {
    const view = viewOf(BOARD.slice(0, 3))
    expect(board.rows(view)).toEqual([
      { name: 'plan', version: 1, by: 'ann', at: BEGIN + 10, step: 'ann', value: 'tea\u001b[2J' },
    ])
  })
})

const sent = (id: string, more: Partial<Message>): Fact => {
  return {
    type: 'message.sent',
    key: 'ann',
    message: { id, type: 'status', from: 'ann', payload: id, ...more },
  }
}
const delivered = (id: string, to: string): Fact => ({
  type: 'message.delivered',
  key: 'x',
  id,
  to,
  attempt: 1,
})

describe('the messages of a run', () => {
  it('show what became of them', () => {
    const events = history(
      [0, began()],
      [1, sent('waits', { to: 'ben' })],
      [2, sent('arrives', { to: 'ben' })],
      [2, delivered('arrives', 'ben')],
      [3, sent('lacks', { to: 'ben', type: 'handoff' })],
      [3, delivered('lacks', 'ben')],
      [3, { type: 'message.acknowledged', key: 'x', id: 'lacks', by: 'ben', missing: ['price'] }],
      [4, sent('news', { topic: 'prices', type: 'event' })],
      [4, delivered('news', 'ben')],
      [4, delivered('news', 'cid')],
      [4, { type: 'message.acknowledged', key: 'x', id: 'news', by: 'cid', missing: [] }],
      [5, sent('lost', { broadcast: true })],
      [5, { type: 'message.dead', key: 'x', id: 'lost', to: 'ben', reason: 'nobody is there' }],
    )
    expect(shown(messages, events)).toMatchInlineSnapshot(`
      "
      from  to         type     state                              message
      ann   ben        status   waiting                            waits
      ann   ben        status   delivered                          arrives
      ann   ben        handoff  delivered                          lacks
      ann   prices     event    delivered: ben; acknowledged: cid  news
      ann   everybody  status   dead: ben                          lost
      "
    `)
    expect(messages.rows(viewOf(events))).toContainEqual({
      id: 'lost',
      type: 'status',
      from: 'ann',
      broadcast: true,
      payload: 'lost',
      step: 'ann',
      at: BEGIN + 5,
      deliveries: [{ to: 'ben', state: 'dead', reason: 'nobody is there' }],
    })
  })
})

const FAILED = history(
  [0, began()],
  [0, started('find', 'agent', { agent: 'find', tokens: { task: 12, knowledge: 3400 } })],
  [0, started('find/run', 'command')],
  [900, succeeded('find/run')],
  [1000, { type: 'step.succeeded', key: 'find', output: { facts: ['a', 'b'] } }],
  [1000, started('draft', 'agent', { agent: 'writer' })],
  [2000, { type: 'step.failed', key: 'draft', error: { code: 'timeout', message: 'too slow' } }],
  [2000, started('review', 'agent', { agent: 'critic' })],
)

describe('the results of a run', () => {
  it('are what each agent gave, also when the run failed or was interrupted', () => {
    expect(shown(results, FAILED)).toMatchInlineSnapshot(`
      "
      step      agent   result
      ✓ find    find    { "facts": [ "a", "b" ] }
      ✗ draft   writer  timeout: too slow
      ■ review  critic  running
      "
    `)
    expect(results.rows(viewOf(FAILED))[0]).toEqual({
      key: 'find',
      agent: 'find',
      state: 'succeeded',
      output: { facts: ['a', 'b'] },
    })
  })

  it('are counted in the last lines of a run that failed', () => {
    const outcome = { state: 'failed', error: new CrewError('timeout', 'too slow') } as const
    expect(summarize('run1', outcome, viewOf(FAILED), style)).toContain(
      '  1 result is kept; see it with: crew show run1 --results',
    )
    expect(summarize('run1', outcome, viewOf(FAILED.slice(0, 1)), style).join()).not.toContain('--results')
  })
})

describe('the last lines of a run', () => {
  const view = viewOf(FAILED)
  const ending = (error: CrewError, db?: string) =>
    summarize('run1', { state: 'failed', error }, view, style, db).join('\n')

  it('name no command that would end the same way when something is used up', () => {
    const hint = 'give it more: crew resume RUN --budget usd=4'
    const lines = ending(new CrewError('limit-budget', 'no money', { hint }))
    expect(lines.match(/crew resume run1.*/g)).toEqual(['crew resume run1 --budget usd=4'])
    expect(ending(new CrewError('timeout', 'too slow'))).toMatch(/go on with: crew resume run1$/)
  })

  it('name the store in all commands when it is another one', () => {
    const lines = ending(new CrewError('timeout', 'too slow', { hint: 'see: crew logs RUN' }), "my 'own'.db")
    const store = `run1 --db 'my '\\''own'\\''.db'`
    expect(lines).toContain(`see: crew logs ${store}`)
    expect(lines).toContain(`crew show ${store} --results`)
    expect(lines).toMatch(/go on with: crew resume run1 --db 'my/)
    expect(lines).toMatch(/^✗ failed \(timeout\) · run run1$/m)
    expect(ending(new CrewError('timeout', 'too slow'), '/tmp/a.db')).toMatch(
      /crew resume run1 --db \/tmp\/a\.db$/,
    )
  })
})

it('a trace says how large the sections are that an agent was handed', () => {
  const lines = [...formatTrace(FAILED, { style, width: 80 })]
  expect(lines.join('\n')).toContain('⇥ handed 3,412 tokens: task 12, knowledge 3,400')
})
