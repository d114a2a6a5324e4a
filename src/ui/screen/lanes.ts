import type { ChalkInstance } from 'chalk'
import { outwards } from '../../step-key.ts'
import type { RunView, StepView } from '../../store/view.ts'
import { formatDuration } from '../format.ts'
import { markOf } from '../step-mark.ts'
import { shorten } from './entries/log.ts'
import { cell } from './excerpt.ts'
import type { Row } from './feed.ts'
import { padStart } from './fit.ts'

/** An agent over time, in milliseconds that the run had worked. */
export interface Lane {
  readonly key: string
  readonly step: StepView
  readonly from: number
  readonly to: number
  /** When it waited for a person, or for its turn. */
  readonly waits: { readonly from: number; readonly to: number; readonly what: 'person' | 'queue' }[]
  /** When something was tried again. */
  readonly retries: number[]
}

export interface Times {
  readonly elapsed: (at: number) => number
  readonly now: number
}

/** The lanes of `rows`, in their order, with what interrupted them. One look at every step, however many lanes there are. */
export function lanesOf(rows: readonly Row[], view: RunView, { elapsed, now }: Times): Lane[] {
  const lanes = new Map<string, Lane>(
    rows.map(({ key, step }) => {
      const from = elapsed(step.startedAt)
      return [key, { key, step, from, to: elapsed(step.endedAt ?? now), waits: [], retries: [] }]
    }),
  )
  const around = (key: string) => {
    for (const outer of outwards(key)) {
      const lane = lanes.get(outer)
      if (lane) return lane
    }
    return undefined
  }
  for (const { key, notes } of view.steps.values()) {
    for (const note of notes) {
      if (note.type !== 'decision') continue
      if (note.what === 'retry') around(key)?.retries.push(elapsed(note.at))
      const waited = note.what === 'queued' ? Number(note.values?.milliseconds) : Number.NaN
      if (waited > 0)
        around(key)?.waits.push({ from: elapsed(note.at - waited), to: elapsed(note.at), what: 'queue' })
    }
  }
  for (const [key, { openedAt, answer, expired }] of view.waits) {
    const lane = around(key)
    if (!lane) continue
    const end = answer ? elapsed(answer.at) : expired ? elapsed(view.updatedAt) : lane.to
    lane.waits.push({ from: elapsed(openedAt), to: Math.min(end, lane.to), what: 'person' })
  }
  return [...lanes.values()]
}

/** Columns of what stands beside the bars. */
export function labelWidth(columns: number): number {
  return Math.max(12, Math.min(40, Math.floor(columns * 0.3)))
}

const TOOK = 8

export function barWidth(columns: number): number {
  return Math.max(4, columns - labelWidth(columns) - 1 - TOOK - 1)
}

const STEPS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000,
]
const LONG_STEPS = [600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 43_200_000, 86_400_000]

/** Columns that a tick with its label takes at the least. */
const TICK = 10

/** Times at which the axis says what time it is: round ones, and as many as can be read. */
export function ticksFor(total: number, columns: number): number[] {
  const most = Math.max(1, Math.floor(columns / TICK))
  const steps = [...STEPS, ...LONG_STEPS]
  const step = steps.find(each => total / each <= most) ?? Math.ceil(total / most / 86_400_000) * 86_400_000
  if (!(total > 0)) return [0]
  return Array.from({ length: Math.floor(total / step) + 1 }, (_, index) => index * step)
}

/** A time on the axis, as short as it can be. */
function formatTick(milliseconds: number): string {
  if (milliseconds === 0) return '0'
  if (milliseconds < 1000) return `${milliseconds}ms`
  if (milliseconds < 60_000) return `${milliseconds / 1000}s`
  return formatDuration(milliseconds)
}

/** The axis: labels of its ticks, and below it where they are. */
export function drawAxis(total: number, columns: number): [labels: string, marks: string] {
  const cells = Array.from({ length: columns }, () => '─')
  let labels = ''
  for (const tick of ticksFor(total, columns)) {
    const at = columnOf(tick, total, columns)
    const label = formatTick(tick)
    if (at < labels.length + (labels === '' ? 0 : 1) || at + label.length > columns) continue
    labels = labels.padEnd(at) + label
    cells[at] = '┬'
  }
  return [labels, cells.join('')]
}

function columnOf(at: number, total: number, columns: number): number {
  return total > 0 ? Math.max(0, Math.min(columns - 1, Math.floor((at / total) * columns))) : 0
}

/** How a lane is drawn: at work, waiting for a person, waiting in a queue, tried again. */
export const SIGNS = { work: '━', person: '┄', queue: '·', retry: '↻' } as const

export function drawLane(
  lane: Lane,
  {
    total,
    columns,
    style,
    isLive,
  }: { total: number; columns: number; style: ChalkInstance; isLive: boolean },
): string {
  const { step, key, from, to, waits, retries } = lane
  const [mark, colour] = markOf(step, isLive)
  const width = barWidth(columns)
  const first = columnOf(from, total, width)
  const last = Math.max(first, columnOf(to, total, width + 1e-9) - (to > from && to < total ? 1 : 0))
  const cells: string[] = Array.from({ length: width }, () => ' ')
  const fill = (begin: number, end: number, sign: string) => {
    for (let at = begin; at <= Math.min(end, width - 1); at += 1) cells[at] = sign
  }
  fill(first, last, style[colour](SIGNS.work))
  for (const wait of waits) {
    const sign = wait.what === 'person' ? style.yellow(SIGNS.person) : style.dim(SIGNS.queue)
    fill(
      columnOf(wait.from, total, width),
      Math.max(columnOf(wait.from, total, width), columnOf(wait.to, total, width) - 1),
      sign,
    )
  }
  for (const at of retries) cells[columnOf(at, total, width)] = style.yellow(SIGNS.retry)
  const label = labelWidth(columns)
  const name = cell(shorten(key, label - 2), label - 2)
  const took = step.starts === 0 ? '' : formatDuration(to - from)
  return `${style[colour](mark)} ${name} ${cells.join('')} ${style.dim(padStart(took, TOOK))}`
}
