import { formatDuration } from '../format.ts'
import { type Html, html } from './html.ts'
import type { Lane, Span } from './spans.ts'

const WIDTH = 1080
const LEFT = 190
const ROW = 18
const BAR = 11
/** Rows that are drawn at the most; who came later stands in the list of steps. */
const MOST = 120
/** Of a run that is shorter, in milliseconds, every tick would say the same tenth of a second. */
const SHORT = 5000

/** The lanes of a run as a drawing; `elapsed` gives the time of a moment in the run. */
export function chartOf(lanes: readonly Lane[], elapsed: (at: number) => number, end: number): Html {
  const total = Math.max(1, elapsed(end))
  const x = (at: number) => LEFT + (elapsed(at) / total) * (WIDTH - LEFT - 10)
  const rows = lanes.flatMap(({ agent, rows }) =>
    rows.map((spans, index) => ({ name: index === 0 ? agent : '', spans })),
  )
  const shown = rows.slice(0, MOST)
  const height = 24 + shown.length * ROW + 4
  const ticks = Array.from({ length: 7 }, (_, index) => {
    const at = LEFT + (index / 6) * (WIDTH - LEFT - 10)
    const anchor = index === 6 ? 'end' : 'middle'
    return html`<line x1="${px(at)}" y1="20" x2="${px(at)}" y2="${height}"/><text class="axis" x="${px(at)}" y="13" text-anchor="${anchor}">${total < SHORT ? `${((total * index) / 6000).toFixed(2)}s` : formatDuration((total * index) / 6)}</text>`
  })
  const lines = shown.map(({ name, spans }, row) => {
    const y = 24 + row * ROW
    const label = name.length > 26 ? `${name.slice(0, 25)}…` : name
    return html`<text x="0" y="${y + BAR}"><title>${name}</title>${label}</text>${spans.map(span => bar(span, x, y, elapsed))}`
  })
  const more = rows.length - shown.length
  return html`<div class="wide"><svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Who was at work when">${ticks}${lines}</svg></div>${more > 0 && html`<p class="note">… ${more} more lanes are not drawn</p>`}`
}

function bar(
  { what, key, from, to, hasFailed, isOpen }: Span,
  x: (at: number) => number,
  y: number,
  elapsed: (at: number) => number,
): Html {
  const kind = hasFailed ? 'failed' : isOpen ? 'open' : what
  const start = x(from)
  const width = Math.max(2, x(to) - start)
  const isOver = what !== 'work'
  const title = `${key}: ${WORDS[what]}${hasFailed ? ', failed' : ''}, ${formatDuration(elapsed(to) - elapsed(from))}`
  return html`<rect class="${kind}" x="${px(start)}" y="${y + (isOver ? 3 : 0) + 2}" width="${px(width)}" height="${isOver ? BAR - 6 : BAR}" rx="2"><title>${title}</title></rect>`
}

const WORDS: Record<Span['what'], string> = {
  work: 'at work',
  queue: 'waits for its turn',
  pause: 'waits to try again',
  person: 'waits for a person',
}

function px(value: number): string {
  return value.toFixed(1)
}
