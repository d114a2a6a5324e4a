import { EventEmitter } from 'node:events'
import { Chalk } from 'chalk'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { Feed } from '../../../src/ui/screen/feed.ts'
import { showScreen } from '../../../src/ui/screen/screen.tsx'

const LEAVE = '\x1b[?25h\x1b[?1049l'
const GRAPH = { team: 'test', pattern: 'pipeline', nodes: [], edges: [] }

/** A terminal that remembers what was written to it. */
function terminal() {
  let written = ''
  const write = (text: string) => {
    written += text
    return true
  }
  const same = () => {}
  const stderr = Object.assign(new EventEmitter(), { isTTY: true, columns: 80, rows: 24, write })
  const keys = { isTTY: true, setRawMode: same, resume: same, pause: same, ref: same, unref: same }
  const stdin = Object.assign(new EventEmitter(), keys)
  return {
    stdin: stdin as unknown as NodeJS.ReadStream,
    stderr: stderr as unknown as NodeJS.WriteStream,
    press: (raw: string) => stdin.emit('data', raw),
    written: () => written,
  }
}

async function shown(feed: Feed) {
  const { stdin, stderr, press, written } = terminal()
  const ends: (string | undefined)[] = []
  const style = new Chalk({ level: 0 })
  const onQuit = (why?: string) => ends.push(why)
  const screen = await showScreen({ feed, id: 'abc', graph: GRAPH, style, stdin, stderr, onQuit })
  return { screen, press, written, ends }
}

function feedOfOne() {
  const feed = new Feed(systemClock)
  const start = {
    type: 'run.started',
    team: 'test',
    definition: {},
    input: {},
    rehearsal: false,
    crew: '0',
  } as const
  feed.show({ ...start, seq: 1, at: systemClock.now() })
  return feed
}

describe('the screen', () => {
  it('that cannot draw gives the terminal back, says why, and throws at nobody', async () => {
    const feed = feedOfOne()
    Object.defineProperty(feed, 'rows', {
      get() {
        throw new Error('spoiled')
      },
    })
    const { ends, written } = await shown(feed)
    expect(written()).toContain(LEAVE)
    expect(ends).toEqual([
      expect.stringMatching(/the screen failed and is closed, the run goes on: .*spoiled/),
    ])
  })

  it('finds a view as it was left: where it was scrolled to, and what it showed', async () => {
    const feed = feedOfOne()
    for (let seq = 2; seq < 60; seq += 1)
      feed.show({
        type: 'decision',
        key: 'run',
        what: 'note',
        reason: `no. ${seq}`,
        seq,
        at: systemClock.now(),
      })
    const { screen, press, written } = await shown(feed)
    const sees = async (key: string, words: string, not: string) => {
      const before = written().length
      press(key)
      await expect.poll(() => written().slice(before)).toContain(words)
      expect(written().slice(before)).not.toContain(not)
    }
    await sees('l', 'no. 59', 'started test')
    await sees('v', 'everything', 'started test')
    await sees('\x1b[H', 'started test', 'no. 59')
    await sees('c', 'spent', 'started test')
    await sees('l', 'started test', 'no. 59')
    expect(written().lastIndexOf('everything')).toBeGreaterThan(written().lastIndexOf('[cost]'))
    await screen?.close()
  })

  it('that fails at a key does the same', async () => {
    const feed = feedOfOne()
    const { ends, press, written } = await shown(feed)
    Object.defineProperty(feed, 'view', {
      get() {
        throw new Error('spoiled')
      },
    })
    expect(() => press('?')).not.toThrow()
    await expect.poll(() => ends).toEqual([expect.stringContaining('spoiled')])
    expect(written()).toContain(LEAVE)
  })

  it('leaves no listener behind, and nothing is written after it has closed', async () => {
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGCONT', 'SIGTSTP', 'exit'] as const
    const count = () => signals.map(name => process.listenerCount(name))
    const before = count()
    const { screen, press, written, ends } = await shown(feedOfOne())
    expect(written()).toContain('no agent has begun yet')
    await screen?.close()
    const after = written()
    press('?')
    expect(after).toContain(LEAVE)
    expect(written()).toBe(after)
    expect(ends).toEqual([])
    expect(count()).toEqual(before)
  })
})
