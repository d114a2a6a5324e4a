import { describe, expect, it } from 'vitest'
import { drawAxis, ticksFor } from '../../../src/ui/axis.ts'
import { drawLane, labelWidth, lanesOf } from '../../../src/ui/screen/lanes.ts'
import { firstOf } from '../../../src/ui/screen/views/timeline.tsx'
import { cpuTime } from '../../helpers/cpu.ts'
import { BEGIN, began, history, RETRIED, started, succeeded, WAITING } from '../../helpers/history.ts'
import { crowd, fed, HOSTILE, PLAIN, page, problemsIn } from './seen.ts'

function drawn(events: Parameters<typeof fed>[0], columns: number, at?: number): string[] {
  const feed = fed(events, at)
  const { view } = feed
  const isLive = view.state === 'running'
  const now = isLive ? feed.now : view.updatedAt
  const lanes = lanesOf([...feed.rows.values()], view, now)
  return lanes.map(lane => drawLane(lane, { ...lookOf(feed, now, lanes, columns), isLive }))
}

function lookOf(
  feed: ReturnType<typeof fed>,
  now: number,
  lanes: ReturnType<typeof lanesOf>,
  columns: number,
) {
  const elapsed = (at: number) => feed.elapsed(at)
  return { label: labelWidth(lanes, columns), columns, elapsed, total: elapsed(now), now, style: PLAIN }
}

const WAITED = history(
  [0, began()],
  [0, started('ask', 'agent', { agent: 'ask' })],
  [0, started('write', 'agent', { agent: 'write' })],
  [2000, { type: 'wait.opened', key: 'ask/gate-1', request: { question: 'May it?' } }],
  [
    5000,
    {
      type: 'decision',
      key: 'write',
      what: 'queued',
      reason: 'waited',
      values: { place: 'a model', milliseconds: 3000 },
    },
  ],
  [8000, { type: 'wait.answered', key: 'ask/gate-1', value: 'approve', by: 'me' }],
  [9000, succeeded('write')],
)

describe('the timeline', () => {
  it('draws retries as marks, and what was done how long', () => {
    expect(page(drawn(RETRIED, 60))).toMatchInlineSnapshot(`
      "
      ✓ find     ━━━━━━━━                                     1.0s
      ✓ draft            ━━━━━━━━┄┄┄┄┄┄┄↻━━━━━━━━━━━━━━━━     4.0s
      "
    `)
    expect(page(drawn(RETRIED, 80))).toMatchInlineSnapshot(`
      "
      ✓ find     ━━━━━━━━━━━━                                                     1.0s
      ✓ draft                ━━━━━━━━━━━━┄┄┄┄┄┄┄┄┄┄┄↻━━━━━━━━━━━━━━━━━━━━━━━━     4.0s
      "
    `)
    expect(page(drawn(RETRIED, 140))).toMatchInlineSnapshot(`
      "
      ✓ find     ━━━━━━━━━━━━━━━━━━━━━━━━                                                                                                     1.0s
      ✓ draft                            ━━━━━━━━━━━━━━━━━━━━━━━━┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄↻━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━     4.0s
      "
    `)
  })

  it('draws waits for people and for a turn otherwise than work; now is at the right edge', () => {
    expect(page(drawn(WAITED, 80, 10_000))).toMatchInlineSnapshot(`
      "
      ▸ ask      ━━━━━━━━━━━━????????????????????????????????????━━━━━━━━━━━━    10.0s
      ✓ write    ━━━━━━━━━━━━··················━━━━━━━━━━━━━━━━━━━━━━━━           9.0s
      "
    `)
  })

  it('leaves out the night in which nobody ran the run', () => {
    expect(page(drawn(WAITING, 80))).toMatchInlineSnapshot(`
      "
      ■ send     ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━??????????????????????????????     1.0s
      "
    `)
  })

  it('fits whatever the keys are', () => {
    const key = HOSTILE.replaceAll('/', '')
    const events = history([0, began()], [0, started(key, 'agent', { agent: key })])
    for (const columns of [60, 80, 140]) expect(problemsIn(drawn(events, columns, 500), columns)).toEqual([])
  })

  it('draws the lanes that are seen of a thousand at once', () => {
    const feed = fed(crowd())
    const rows = [...feed.rows.values()].slice(-30)
    const start = cpuTime()
    const lanes = lanesOf(rows, feed.view, BEGIN + 60_000)
    const look = { ...lookOf(feed, BEGIN + 60_000, lanes, 100), isLive: true }
    const lines = lanes.map(lane => drawLane(lane, look))
    expect(cpuTime() - start).toBeLessThan(500)
    expect(problemsIn(lines, 100)).toEqual([])
  })

  it.each([
    [1, 40],
    [950, 40],
    [61_000, 60],
    [7_200_000, 100],
    [90 * 86_400_000, 100],
  ])('has round ticks for %i ms in %i columns', (total, columns) => {
    const ticks = ticksFor(total, columns)
    expect(ticks[0]).toBe(0)
    expect(ticks.length).toBeLessThanOrEqual(columns / 10 + 1)
    const [labels, marks] = drawAxis(total, columns)
    expect([labels.length <= columns, marks.length]).toEqual([true, columns])
  })

  it('has an axis', () => {
    expect(page(drawAxis(42_000, 45))).toMatchInlineSnapshot(`
      "
      0               15s             30s
      ┬───────────────┬───────────────┬────────────
      "
    `)
    expect(page(drawAxis(0, 20))).toMatchInlineSnapshot(`
      "
      0
      ┬───────────────────
      "
    `)
  })

  it('follows the newest lanes until somebody chooses one', () => {
    expect([
      firstOf(0, -1, 100, 20),
      firstOf(80, 10, 100, 20),
      firstOf(10, 15, 100, 20),
      firstOf(0, 99, 100, 20),
    ]).toEqual([80, 10, 10, 80])
  })
})
