import type { ChalkInstance } from 'chalk'
import stringWidth from 'string-width'
import type { Event } from '../store/events.ts'
import { viewOf } from '../store/view.ts'
import { formatDuration } from './format.ts'
import { pad } from './table.ts'
import { oneLine } from './text.ts'
import { createTimeline } from './timeline.ts'
import { type Lane, lanesOf, type Span } from './trace/spans.ts'

interface Look {
  readonly style: ChalkInstance
  readonly width: number
  /** The present, when somebody runs the run. */
  readonly now?: number
  /** Only the lanes of this agent. */
  readonly agent?: string
}

const SIGNS: Record<Span['what'], string> = { work: '━', queue: '░', pause: '┄', person: '?' }
/** What is drawn over what, where both fall into one column. */
const WEIGHT: Record<Span['what'], number> = { work: 0, queue: 1, pause: 2, person: 3 }
const FAILED = '✗'
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
  const lanes = lanesOf(events, view, end).filter(lane => agent === undefined || lane.agent === agent)
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
  const scale = { columns, at: (time: number) => (elapsed(time) / total) * columns }
  yield style.dim(`${pad('', names)} ${axis(columns, total)}`.trimEnd())
  for (const lane of lanes) {
    for (const [index, row] of lane.rows.slice(0, ROWS).entries()) {
      const name = pad(index === 0 ? lane.agent : '', names)
      const facts = index === 0 && busy > 0 ? ` ${style.dim(pad(busyOf(lane, elapsed), busy, 'right'))}` : ''
      yield `${name} ${drawRow(row, scale, style)}${facts}`.trimEnd()
    }
    const more = lane.rows.length - ROWS
    if (more > 0) yield style.dim(`${pad('', names)} … up to ${more} more at the same time`)
  }
  yield style.dim(oneLine(legendOf(lanes), width))
}

/** Of an agent that did many things at once so many are drawn. */
const ROWS = 6

const SHORT = 5000

/** Ticks with their times, as many as there is room for. */
function axis(columns: number, total: number): string {
  const room = 12
  const count = Math.max(1, Math.floor(columns / room))
  let line = ''
  for (let tick = 0; tick < count; tick += 1) {
    const at = Math.floor((tick * columns) / count)
    const time = (total * tick) / count
    // Of a short run every tick would say the same tenth of a second.
    line = `${line.padEnd(at)}|${total < SHORT ? `${(time / 1000).toFixed(2)}s` : formatDuration(time)}`
  }
  return line.slice(0, columns)
}

function drawRow(
  spans: readonly Span[],
  { columns, at }: { readonly columns: number; readonly at: (time: number) => number },
  style: ChalkInstance,
): string {
  const cells: (Span | undefined)[] = Array.from({ length: columns })
  const failures = new Set<number>()
  for (const span of [...spans].sort((a, b) => WEIGHT[a.what] - WEIGHT[b.what])) {
    const from = Math.min(columns - 1, Math.floor(at(span.from)))
    const to = Math.max(from + 1, Math.min(columns, Math.round(at(span.to))))
    cells.fill(span, from, to)
    if (span.hasFailed) failures.add(to - 1)
  }
  const drawn = cells.map((span, column) => {
    if (failures.has(column)) return style.red(FAILED)
    if (!span) return ' '
    const paint = {
      work: span.isOpen ? style.cyan : style.green,
      queue: style.yellow,
      pause: style.yellow,
      person: style.magenta,
    }
    return paint[span.what](SIGNS[span.what])
  })
  return drawn.join('')
}

function busyOf({ rows, tries }: Lane, elapsed: (at: number) => number): string {
  const work = rows.flat().filter(({ what }) => what === 'work')
  const sum = work.reduce((total, { from, to }) => total + elapsed(to) - elapsed(from), 0)
  const again = tries > 0 ? `, ↻${tries}` : ''
  return `${formatDuration(sum)}${work.length > 1 ? ` ×${work.length}` : ''}${again}`
}

function legendOf(lanes: readonly Lane[]): string {
  const spans = lanes.flatMap(({ rows }) => rows.flat())
  const has = (what: Span['what']) => spans.some(span => span.what === what)
  return [
    `${SIGNS.work} at work`,
    ...(has('queue') ? [`${SIGNS.queue} waits for its turn`] : []),
    ...(has('pause') ? [`${SIGNS.pause} waits to try again`] : []),
    ...(has('person') ? [`${SIGNS.person} waits for a person`] : []),
    ...(spans.some(({ hasFailed }) => hasFailed) ? [`${FAILED} failed`] : []),
    ...(lanes.some(({ tries }) => tries > 0) ? ['↻ tried again'] : []),
  ].join('   ')
}
