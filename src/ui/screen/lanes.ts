import type { ChalkInstance } from 'chalk'
import { outwards } from '../../step-key.ts'
import type { RunView, StepView } from '../../store/view.ts'
import { formatDuration } from '../format.ts'
import { drawSpans } from '../spans.ts'
import { markOf } from '../step-mark.ts'
import { howItCame } from '../taken-over.ts'
import { widthOf } from '../text.ts'
import { interruptionsIn, type Span, workOf } from '../trace/spans.ts'
import { cell } from './excerpt.ts'
import type { Row } from './feed.ts'
import { ending, padStart } from './fit.ts'

/** An agent over time. */
export interface Lane {
  readonly key: string
  readonly step: StepView
  /** What it did, in milliseconds since the epoch. */
  readonly spans: readonly Span[]
}

/** The lanes of `rows`, in their order, with what interrupted them until `now`. */
export function lanesOf(rows: readonly Row[], view: RunView, now: number): Lane[] {
  const others = interruptionsIn(view, now)
  const isQueued = ({ waits, step }: Row) => waits === 'queue' && step.state === 'running'
  const since = queuedSince(rows.filter(isQueued), view)
  return rows.map(row => {
    const { key, step } = row
    const work = step.starts === 0 ? [] : [workOf(step, now)]
    const from = since.get(key)
    const queue: Span[] = from === undefined ? [] : [{ what: 'queue', key, from, to: now }]
    return { key, step, spans: [...work, ...(others.get(key) ?? []), ...queue] }
  })
}

/** That somebody waited in a queue is noted when it is over; until then it has since the last of its steps ended. */
function queuedSince(rows: readonly Row[], { steps }: RunView): Map<string, number> {
  const since = new Map(rows.map(({ key, step }) => [key, step.startedAt]))
  if (rows.length === 0) return since
  for (const { key, endedAt = 0 } of steps.values())
    for (const outer of outwards(key)) {
      const known = since.get(outer)
      if (known !== undefined && endedAt > known) since.set(outer, endedAt)
    }
  return since
}

/** Columns of what stands beside the bars: what the longest key takes, and not too much of the line. */
export function labelWidth(lanes: readonly Lane[], columns: number): number {
  const most = Math.max(12, Math.min(40, Math.floor(columns * 0.3)))
  return Math.min(
    most,
    2 + lanes.reduce((longest, { key }) => Math.max(longest, widthOf(ending(key, most))), 8),
  )
}

const TOOK = 8

interface Look {
  /** Columns of the label and of the whole line. */
  readonly label: number
  readonly columns: number
  readonly elapsed: (at: number) => number
  /** How long the run has worked, in milliseconds. */
  readonly total: number
  readonly now: number
  readonly style: ChalkInstance
  readonly isLive: boolean
}

export function barWidth({ label, columns }: Pick<Look, 'label' | 'columns'>): number {
  return Math.max(4, columns - label - 1 - TOOK - 1)
}

export function drawLane({ key, step, spans }: Lane, look: Look): string {
  const { label, elapsed, total, now, style, isLive } = look
  const [mark, colour] = markOf(step, isLive)
  const columns = barWidth(look)
  const bar = drawSpans(spans, { columns, at: time => (elapsed(time) / total) * columns, style })
  const took = elapsed(step.endedAt ?? now) - elapsed(step.startedAt)
  const time = step.starts === 0 || howItCame(step) ? '' : formatDuration(took)
  const name = cell(ending(key, label - 2), label - 2)
  return `${style[colour](mark)} ${name} ${bar} ${style.dim(padStart(time, TOOK))}`
}
