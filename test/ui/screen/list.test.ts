import { Chalk } from 'chalk'
import { describe, expect, it } from 'vitest'
import { Feed } from '../../../src/ui/screen/feed.ts'
import { barOf, clipStart, ending, wrap } from '../../../src/ui/screen/fit.ts'
import { keysLine, viewsLine } from '../../../src/ui/screen/footer.ts'
import { headerLines } from '../../../src/ui/screen/header.ts'
import { groupOf, itemsOf, topMovers } from '../../../src/ui/screen/list.ts'
import { itemLine, layoutOf } from '../../../src/ui/screen/list-line.ts'
import { rejection, waysOf } from '../../../src/ui/screen/question.ts'
import { speakersIn, wordsLines } from '../../../src/ui/screen/words.ts'
import { widthOf } from '../../../src/ui/text.ts'
import { manualClock } from '../../helpers/clock.ts'

const style = new Chalk({ level: 0 })

/** A run in which so many agents have begun, of which the first ones are done. */
function feedOf(agents: number, done: number, more: readonly object[] = []) {
  const clock = manualClock(1000)
  const feed = new Feed(clock)
  let seq = 0
  const event = (fact: object, at = 1000) => {
    seq += 1
    feed.show({ ...fact, seq, at } as Parameters<Feed['show']>[0])
  }
  const definition = { team: { limits: { concurrency: 8 }, budget: { usd: 2 } } }
  event({ type: 'run.started', team: 'test', definition, input: {}, rehearsal: false, crew: '0' })
  for (let number = 0; number < agents; number += 1)
    event({
      type: 'step.started',
      key: `branches/${number}`,
      kind: 'agent',
      agent: 'worker',
      fingerprint: '',
    })
  for (let number = 0; number < done; number += 1)
    event({ type: 'step.succeeded', key: `branches/${number}`, output: null }, 3000)
  for (const fact of more) event(fact, 3000)
  clock.advance(4000)
  return feed
}

const lines = (feed: Feed, height: number, columns: number, filter = '') => {
  const items = itemsOf(feed.rows.values(), { filter, open: new Set(), height })
  const seen = topMovers(items, height)
  const layout = layoutOf(columns, seen.items)
  const drawn = seen.items.map(item => itemLine(item, { feed, layout, columns, isChosen: false, style }))
  return { drawn: drawn.map(line => line.trimEnd()), hidden: seen.hidden }
}

describe('the list of agents', () => {
  it('has them in the order in which they began where they fit', () => {
    expect(lines(feedOf(2, 1), 10, 60).drawn).toEqual([
      '  ✓ branches/0 worker succeeded                        2.0s',
      '  ▸ branches/1 worker at work                            4s',
    ])
    for (const line of lines(feedOf(2, 1), 10, 60).drawn) expect(widthOf(line)).toBeLessThanOrEqual(60)
  })

  it('folds a thousand into a screenful: those at work first, the others by what they belong to', () => {
    const { drawn, hidden } = lines(feedOf(1000, 950), 12, 80)
    expect(drawn.length).toBeLessThanOrEqual(12)
    expect(drawn[0]).toMatch(/▸ branches\/\d+ +worker|▸ branches\/\d+/)
    expect(drawn.at(-1)).toBe('  ⊞ branches/…: 950 succeeded')
    expect(hidden).toBe(40)
  })

  it('is filtered by the names of steps and agents', () => {
    expect(lines(feedOf(1000, 950), 12, 80, '/99').drawn).toHaveLength(11)
    expect(lines(feedOf(3, 0), 12, 80, 'nobody').drawn).toEqual([])
  })

  it('groups what has the same step above it, or only another number', () => {
    expect(groupOf('branches/17')).toBe('branches/…')
    expect(groupOf('w17')).toBe('w…')
  })

  it('never shows more than its columns, whatever agents say', () => {
    const feed = feedOf(1, 0)
    const text = '漢字\x1b[2J\x1b]0;title\x07🎉'.repeat(90)
    feed.show({ type: 'model.delta', key: 'branches/0', text, at: 3000 })
    for (const columns of [60, 80, 140, 300])
      for (const line of lines(feed, 5, columns).drawn) {
        expect(widthOf(line)).toBeLessThanOrEqual(columns)
        // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
        expect(line).not.toMatch(/[\x00-\x1f]|title/)
      }
  })
})

describe('what stands around every view', () => {
  it('says in words what agents do, and which limit binds', () => {
    const feed = feedOf(3, 1)
    feed.show({ type: 'queued', key: 'branches/2', place: 'limits.concurrency', ahead: 4, at: 3000 })
    const [who = '', words, money, last] = headerLines(feed, 'abc', 'parallel', { columns: 80, style })
    expect(who).toMatch(/^ test {2}parallel · abc +running 4s$/)
    expect(words).toBe(' 1 agent at work, 1 waits in a queue, 1 succeeded')
    expect(money).toBe(' $0.00 of $2.00 · ──────────────── 0 % · 0 tokens')
    expect(last).toBe(' 1 waits for limits.concurrency (8)')
  })

  it('says who asks, and that nothing runs any more when nothing does', () => {
    const request = { question: 'Send\nit?', choices: ['send', 'drop'] }
    const asks = { type: 'wait.opened', key: 'branches/0/answer', request }
    const asking = headerLines(feedOf(1, 0, [asks]), 'abc', 'x', { columns: 80, style })
    expect(asking[1]).toBe(' 1 waits for you')
    expect(asking[3]).toBe(' ? worker asks: Send it?')
    const error = { code: 'timeout', message: 'too late', exit: 1 }
    const failed = headerLines(feedOf(1, 1, [{ type: 'run.failed', error }]), 'abc', 'x', {
      columns: 80,
      style,
    })
    expect(failed[0]).toMatch(/failed 2\.0s$/)
    expect(failed[1]).toBe(' timeout: too late, 1 succeeded')
  })

  it('names the views and keys that there is room for, and marks the one that is shown without colours', () => {
    const views = ['overview', 'timeline', 'graph'].map(title => ({ key: title.charAt(0), title }))
    const [first = views[0]] = views
    if (!first) throw new Error('no view')
    expect(viewsLine(views, first, 60, style)).toBe('[overview] t timeline g graph')
    expect(viewsLine(views, first, 15, style)).toBe('[overview] t g')
    expect(
      keysLine(
        [
          ['a', 'one'],
          ['b', 'two'],
        ],
        8,
        style,
      ),
    ).toBe('a one')
    const keys = [
      ['a', 'one'],
      ['b', 'two'],
      ['?', 'help'],
    ] as const
    expect(keysLine(keys, 13, style)).toBe('a one  ? help')
    const page = { key: 'enter', title: 'agent' }
    expect(viewsLine(views, page, 60, style)).toBe('o overview  t timeline  g graph  [agent]')
  })

  it('draws what is reserved between what is spent and what is left, and never more than there is', () => {
    const draw = (share: number, held: number) => Object.values(barOf(share, 10, held)).join('')
    expect([draw(0.5, 0.2), draw(0.5, 0.9), draw(1.2, 0)]).toEqual(['━━━━━╍╍───', '━━━━━╍╍╍╍╍', '━━━━━━━━━━'])
  })

  it('says below the list what those at work say, and why others failed', () => {
    const error = { code: 'timeout', message: 'no\x1b[2J answer', exit: 1 }
    const feed = feedOf(3, 1, [{ type: 'step.failed', key: 'branches/1', error }])
    feed.show({ type: 'model.delta', key: 'branches/2', text: 'Well, 漢字', at: 3000 })
    const speakers = speakersIn(feed.rows.values())
    const said = (columns: number, most: number) => wordsLines(speakers, columns, most, { feed, style })
    expect(said(80, 5)).toEqual(['  ✗ branches/1  no answer', '  ▸ branches/2  Well, 漢字'])
    expect(said(24, 5)).toEqual(['  ✗ …hes/1  no answer', '  ▸ …hes/2  Well, 漢字'])
    expect(said(80, 1)).toHaveLength(1)
  })

  it('knows how a question can be answered', () => {
    const choices = ['approve', 'edit=JSON', 'reject', 'reject=REASON']
    expect(waysOf({ gate: 'tool', choices })).toMatchObject({
      approve: true,
      edit: true,
      reject: true,
      always: false,
    })
    expect(waysOf({ choices: ['retry', 'done=OUTPUT'] }).choices).toEqual(['retry', 'done='])
    expect(waysOf({}).free).toBe(true)
    expect(rejection({ choices }, ' too long ')).toBe('reject=too long')
    expect(rejection({ choices }, ' ')).toBe('reject')
  })

  it('breaks lines between words, and wide characters where they fit', () => {
    expect(wrap('one two three', 8)).toEqual(['one two', 'three'])
    expect(wrap('漢字漢字', 5)).toEqual(['漢字', '漢字'])
    expect([clipStart('abc漢字', 4), clipStart('abc', 0)]).toEqual(['漢字', ''])
    expect([ending('abc漢字', 7), ending('abc漢字', 6), ending('a/b', 1)]).toEqual(['abc漢字', '…c漢字', '…'])
    expect(ending(`${'\x1b]0;title\x07ab '.repeat(20)}👨‍👩‍👧`, 6)).toBe('…ab 👨‍👩‍👧')
  })
})
