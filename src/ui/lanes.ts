import type { ChalkInstance } from 'chalk'
import stringWidth from 'string-width'
import type { Event } from '../store/events.ts'
import { viewOf } from '../store/view.ts'
import { drawAxis } from './axis.ts'
import { formatDuration } from './format.ts'
import { drawSpans, legendOf } from './spans.ts'
import { pad } from './table.ts'
import { oneLine } from './text.ts'
import { createTimeline } from './timeline.ts'
import { type Lane, lanesOf } from './trace/spans.ts'

interface Look {
  readonly style: ChalkInstance
  readonly width: number
  /** The present, when somebody runs the run. */
  readonly now?: number
  /** Only the lanes of this agent. */
  readonly agent?: string
}

const BUSY = 18

/** Who was at work when: a lane for each agent, several where it worked at several things at once. */
export function* formatLanes(events: readonly Event[], look: Look): Generator<string> {
  const { style, width, now, agent } = look
  const view = viewOf(events)
  const elapsed = createTimeline(events)
  const end = now ?? view.updatedAt
  const total = Math.max(1, elapsed(end))
  const state = view.state === 'running' && now === undefined ? 'interrupted' : view.state
  yield oneLine(`${view.team} · ${state} · ${formatDuration(elapsed(end))}`, width)
  const lanes = lanesOf(view, end).filter(lane => agent === undefined || lane.agent === agent)
  if (lanes.length === 0) {
    yield style.dim('no agent was at work')
    return
  }
  const names = Math.min(
    Math.max(8, Math.floor(width / 4)),
    lanes.reduce((most, lane) => Math.max(most, stringWidth(oneLine(lane.agent, width))), 5),
  )
  const busy = width >= 60 ? BUSY : 0
  const columns = Math.max(10, width - names - 1 - busy - (busy && 1))
  const scale = { columns, style, at: (time: number) => (elapsed(time) / total) * columns }
  for (const line of drawAxis(total, columns)) yield style.dim(`${pad('', names)} ${line}`)
  for (const lane of lanes) {
    for (const [index, row] of lane.rows.slice(0, ROWS).entries()) {
      const name = pad(index === 0 ? lane.agent : '', names)
      const facts = index === 0 && busy > 0 ? ` ${style.dim(pad(busyOf(lane, elapsed), busy, 'right'))}` : ''
      yield `${name} ${drawSpans(row, scale)}${facts}`.trimEnd()
    }
    const more = lane.rows.length - ROWS
    if (more > 0) yield style.dim(`${pad('', names)} … up to ${more} more at the same time`)
  }
  yield style.dim(oneLine(legendOf(lanes.flatMap(({ rows }) => rows.flat())), width))
}

/** Of an agent that did many things at once so many are drawn. */
const ROWS = 6

function busyOf({ rows, tries }: Lane, elapsed: (at: number) => number): string {
  const work = rows.flat().filter(({ what }) => what === 'work')
  const sum = work.reduce((total, { from, to }) => total + elapsed(to) - elapsed(from), 0)
  const again = tries > 0 ? `, ↻${tries}` : ''
  return `${formatDuration(sum)}${work.length > 1 ? ` ×${work.length}` : ''}${again}`
}
