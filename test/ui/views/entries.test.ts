import { describe, expect, it } from 'vitest'
import type { Fact } from '../../../src/store/events.ts'
import { messagesOf } from '../../../src/ui/messages.ts'
import { agentEntries, agentHead } from '../../../src/ui/screen/entries/agent.ts'
import { boardEntries, boardHead, slotsOf } from '../../../src/ui/screen/entries/board.ts'
import { billOf, costEntries } from '../../../src/ui/screen/entries/cost.ts'
import { logEntries } from '../../../src/ui/screen/entries/log.ts'
import { messageEntries, messageHead, partiesOf } from '../../../src/ui/screen/entries/messages.ts'
import { cpuTime } from '../../helpers/cpu.ts'
import { BEGIN, began, history, RETRIED, replied, started, succeeded } from '../../helpers/history.ts'
import { crowd, fed, HOSTILE, heads, PLAIN, page, problemsIn } from './seen.ts'

const WIDTHS = [60, 80, 140]

const sent = (id: string, from: string, to: string, payload: string): Fact => ({
  type: 'message.sent',
  key: from,
  message: { id, type: 'task.request', from, to, payload },
})

const TALK = history(
  [0, began()],
  [1000, sent('1', 'lead', 'writer', 'Write about 漢字')],
  [2000, { type: 'message.acknowledged', key: 'writer', id: '1', by: 'writer', missing: [] }],
  [3000, sent('2', 'writer', 'editor', HOSTILE)],
  [4000, { type: 'message.dead', key: 'editor', id: '2', to: 'editor', reason: 'nobody is there' }],
)

const withoutTimes = (text: string) => text.replaceAll(/\d\d:\d\d:\d\d/g, 'hh:mm:ss')

describe('messages', () => {
  const rows = messagesOf(fed(TALK).view)

  it('say who wrote what to whom, and what was lost', () => {
    const lines = (width: number) => [
      messageHead(width),
      ...heads(messageEntries(rows, undefined, PLAIN), width),
    ]
    expect(withoutTimes(page(lines(60)))).toMatchInlineSnapshot(`
      "
      time     from → to               type message
      hh:mm:ss lead       → writer     Write about 漢字
      hh:mm:ss writer     → editor     ✗ eviltxt second line 👩‍🚀 …
      "
    `)
    expect(withoutTimes(page(lines(80)))).toMatchInlineSnapshot(`
      "
      time     from → to                   type          message
      hh:mm:ss lead         → writer       task.request  Write about 漢字
      hh:mm:ss writer       → editor       task.request  ✗ eviltxt second line 👩‍🚀 漢…
      "
    `)
    expect(withoutTimes(page(lines(140)))).toMatchInlineSnapshot(`
      "
      time     from → to                               type           message
      hh:mm:ss lead               → writer             task.request   Write about 漢字
      hh:mm:ss writer             → editor             task.request   ✗ eviltxt second line 👩‍🚀 漢字漢字
      "
    `)
    for (const width of WIDTHS) expect(problemsIn(lines(width), width)).toEqual([])
  })

  it('are shown of one agent, and in full', () => {
    expect(partiesOf(rows)).toEqual(['lead', 'writer', 'editor'])
    const [entry, ...others] = messageEntries(rows, 'editor', PLAIN)
    expect(others).toEqual([])
    expect(entry?.body?.()).toContain('dead · editor: nobody is there\nsent in writer')
    expect(messageEntries(rows, 'nobody', PLAIN)).toEqual([])
  })
})

describe('the board', () => {
  const written = (name: string, version: number, value: string, key = 'a'): Fact => ({
    type: 'board.written',
    ...{ key, id: `${key}${version}`, name, value, version, by: key },
  })
  const { view } = fed(
    history(
      [0, began()],
      [1, written('plan', 1, 'first')],
      [2, written('facts', 2, HOSTILE)],
      [3, written('plan', 3, 'second', 'b')],
    ),
  )

  it('lights what changed last', () => {
    const lines = (width: number) => [boardHead(width), ...heads(boardEntries(slotsOf(view), PLAIN), width)]
    expect(withoutTimes(page(lines(80)))).toMatchInlineSnapshot(`
      "
        name           version  by           when      value
      • plan                3↑  b            hh:mm:ss  second
        facts               2   a            hh:mm:ss  eviltxt second line 👩‍🚀 漢字漢字
      "
    `)
    for (const width of WIDTHS) expect(problemsIn(lines(width), width)).toEqual([])
  })

  it('unfolds what a value was before, the newest first', () => {
    const [plan] = boardEntries(slotsOf(view), PLAIN)
    expect(withoutTimes(plan?.body?.() ?? '')).toBe(
      'version 3 by b at hh:mm:ss in b\nsecond\n\nversion 1 by a at hh:mm:ss in a\nfirst',
    )
  })
})

describe('the cost', () => {
  const spent = (agent: string, usd: number) => ({
    input: 1200,
    output: 300,
    cached: 400,
    usd,
    agent,
    model: 'openai/gpt',
  })
  const definition = { team: { budget: { usd: 1 }, agents: { writer: { budget: { tokens: 2000 } } } } }
  const { view, rows } = fed(
    history(
      [0, began({ definition })],
      [0, started('writer', 'agent', { agent: 'writer' })],
      [0, started('writer/turn-1', 'model')],
      [
        1,
        {
          type: 'model.replied',
          key: 'writer/turn-1',
          model: 'openai/gpt',
          spent: spent('writer', 0.75),
          milliseconds: 1,
        },
      ],
      [1, succeeded('writer/turn-1')],
      [2, started('writer/turn-2', 'model', { reserved: spent('writer', 0.1) })],
    ),
  )

  it('shows what was spent and reserved, of which budget, by whom', () => {
    const lines = (width: number) => heads(costEntries(billOf(view, rows.values(), 0.75), PLAIN), width)
    expect(page(lines(60))).toMatchInlineSnapshot(`
      "
      spent            $0.75 · 1,500 tokens · 1 call
      reserved         at most $0.10, 1,500 tokens, by 1 call und…
      burn             $0.75 in the last minute

      budget           ━━━━━━━━╍─ $0.75 of $1.00 (75 %), $0.10 re…
      budget writer    ━━━━━━━━╍╍ 1,500 of 2,000 tokens (75 %), 1…

      agent                  in     out      cost  share
      writer              1,200     300     $0.75  ██████ 100 %
      "
    `)
    expect(page(lines(80))).toMatchInlineSnapshot(`
      "
      spent            $0.75 · 1,500 tokens · 1 call
      reserved         at most $0.10, 1,500 tokens, by 1 call under way
      burn             $0.75 in the last minute

      budget           ━━━━━━━━━━━━━━━╍╍─── $0.75 of $1.00 (75 %), $0.10 reserved
      budget writer    ━━━━━━━━━━━━━━━╍╍╍╍╍ 1,500 of 2,000 tokens (75 %), 1,500 reser…

      agent            model               in     out  cached      cost  share
      writer           openai/gpt       1,200     300     400     $0.75  █████ 100 %
      "
    `)
    expect(page(lines(140))).toMatchInlineSnapshot(`
      "
      spent            $0.75 · 1,500 tokens · 1 call
      reserved         at most $0.10, 1,500 tokens, by 1 call under way
      burn             $0.75 in the last minute

      budget           ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╍╍╍╍────── $0.75 of $1.00 (75 %), $0.10 reserved
      budget writer    ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╍╍╍╍╍╍╍╍╍╍ 1,500 of 2,000 tokens (75 %), 1,500 reserved

      agent                        model                                 in      out   cached      cost  share
      writer                       openai/gpt                         1,200      300      400     $0.75  ████████████████████ 100 %
      "
    `)
    for (const width of WIDTHS) expect(problemsIn(lines(width), width)).toEqual([])
  })

  it('says what those at work will take only when enough like them are done', () => {
    expect(billOf(view, rows.values(), 0).ahead).toBeUndefined()
    const feed = fed(crowd(10))
    const { ahead } = billOf(feed.view, feed.rows.values(), 0)
    expect(ahead?.agents).toBe(5)
    expect(ahead?.usd).toBeCloseTo(0.05)
  })

  it('of a thousand agents is added up', () => {
    const feed = fed(crowd())
    const bill = billOf(feed.view, feed.rows.values(), 0)
    expect(bill.shares).toHaveLength(1)
    expect(bill.shares[0]?.total.usd).toBeCloseTo(5)
  })

  it('may be nothing', () => {
    const bare = fed(history([0, began()]))
    expect(heads(costEntries(billOf(bare.view, [], 0), PLAIN), 80)[0]).toBe(
      'spent            $0.00 · 0 tokens · 0 calls',
    )
  })
})

describe('the log', () => {
  it('keeps what matters enough, and fits', () => {
    const feed = fed(RETRIED)
    const lines = heads(logEntries(feed.log, 'warn', PLAIN, 0), 80)
    expect(withoutTimes(page(lines))).toMatchInlineSnapshot(`
      "
      hh:mm:ss error draft/turn-1         failed (rate-limited): slow down
      hh:mm:ss warn  draft                retry: turn-1: slow down (error=rate-limite…
      "
    `)
    for (const width of WIDTHS)
      expect(problemsIn(heads(logEntries(fed(TALK).log, 'debug', PLAIN, 0), width), width)).toEqual([])
    expect(logEntries([], 'debug', PLAIN, 0)).toEqual([])
  })
})

const page1 = (feed: ReturnType<typeof fed>, key: string) => {
  const row = feed.rows.get(key)
  if (!row) throw new Error(key)
  return { view: feed.view, row, elapsed: (at: number) => feed.elapsed(at), now: feed.now, style: PLAIN }
}

describe('the page of an agent', () => {
  it('says what it was asked, what it did and how that ended', () => {
    const given = page1(fed(RETRIED), 'draft')
    const lines = (width: number) => [...agentHead(given, width), ...heads(agentEntries(given), width)]
    expect(page(lines(60))).toMatchInlineSnapshot(`
      "
        ✓ writer draft                                   succeeded
        openai/gpt-5-mini · turn 1 · 1,200 tokens · $0.012 · 4.0s
      asked
      ✗ turn 1                                                1.0s
      ↻ retry: turn-1: slow down
      ✓ turn-1/attempt-2  openai/gpt-5-mini · 1,000 in,…      1.0s
        ✓ read_file  → (nothing)                              0.1s
      output
      "
    `)
    expect(page(lines(80))).toMatchInlineSnapshot(`
      "
        ✓ writer draft                                                       succeeded
        openai/gpt-5-mini · turn 1 · 1,200 tokens · $0.012 · 4.0s
      asked
      ✗ turn 1                                                                    1.0s
      ↻ retry: turn-1: slow down
      ✓ turn-1/attempt-2  openai/gpt-5-mini · 1,000 in, 200 out · $0.012          1.0s
        ✓ read_file  → (nothing)                                                  0.1s
      output
      "
    `)
    expect(page(lines(140))).toMatchInlineSnapshot(`
      "
        ✓ writer draft                                                                                                                   succeeded
        openai/gpt-5-mini · turn 1 · 1,200 tokens · $0.012 · 4.0s
      asked
      ✗ turn 1                                                                                                                                1.0s
      ↻ retry: turn-1: slow down
      ✓ turn-1/attempt-2  openai/gpt-5-mini · 1,000 in, 200 out · $0.012                                                                      1.0s
        ✓ read_file  → (nothing)                                                                                                              0.1s
      output
      "
    `)
  })

  it('shows questions, hostile words and errors harmlessly', () => {
    const events = history(
      [0, began()],
      [0, started('ask', 'agent', { agent: HOSTILE, input: HOSTILE })],
      [1, started('ask/turn-1', 'model')],
      [2, replied('ask/turn-1', 0.01)],
      [2, { type: 'step.succeeded', key: 'ask/turn-1', output: { text: HOSTILE } }],
      [3, started('ask/turn-1/tool-1', 'tool', { input: { tool: HOSTILE, arguments: { path: HOSTILE } } })],
      [
        4,
        { type: 'wait.opened', key: 'ask/turn-1/tool-1/gate', request: { question: HOSTILE, gate: 'tool' } },
      ],
      [5, { type: 'wait.answered', key: 'ask/turn-1/tool-1/gate', value: 'approve', by: 'me' }],
      [
        6,
        { type: 'step.failed', key: 'ask/turn-1/tool-1', error: { code: 'tool-failed', message: HOSTILE } },
      ],
      [7, { type: 'step.failed', key: 'ask', error: { code: 'timeout', message: HOSTILE, hint: HOSTILE } }],
    )
    const given = page1(fed(events), 'ask')
    const entries = agentEntries(given)
    expect(entries.map(({ id }) => id)).toEqual([
      'ask asked',
      'ask/turn-1',
      'ask/turn-1/tool-1',
      'ask/turn-1/tool-1/gate',
      'ask error',
    ])
    for (const width of WIDTHS)
      expect(problemsIn([...agentHead(given, width), ...heads(entries, width)], width)).toEqual([])
  })

  it('shows the words of one that is at work', () => {
    const feed = fed(
      history([0, began()], [0, started('a', 'agent', { agent: 'a' })], [1, started('a/turn-1', 'model')]),
    )
    feed.show({ type: 'model.delta', key: 'a/turn-1', text: 'It was a dark', at: BEGIN + 2 })
    expect(agentEntries(page1(feed, 'a')).at(-1)?.body?.()).toBe('It was a dark')
  })

  it('lets nothing large be looked at where only its beginning is seen', () => {
    const huge = 'word '.repeat(2 ** 20)
    const feed = fed(
      history(
        [0, began()],
        [0, started('a', 'agent', { agent: 'a', input: huge })],
        [1, { type: 'step.succeeded', key: 'a', output: { huge } }],
      ),
    )
    const start = cpuTime()
    const given = page1(feed, 'a')
    for (let round = 0; round < 20; round += 1) heads(agentEntries(given), 80)
    expect(cpuTime() - start).toBeLessThan(500)
  })
})
