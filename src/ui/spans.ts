import type { ChalkInstance } from 'chalk'
import type { Span } from './trace/spans.ts'

/** How time is drawn, on the screen and by `crew logs --timeline`. */
const SIGNS: Record<Span['what'], string> = { work: '━', queue: '·', pause: '┄', person: '?' }
const AGAIN = '↻'
const FAILED = '✗'
/** What is drawn over what, where both fall into one column. */
const WEIGHT: Record<Span['what'], number> = { work: 0, queue: 1, pause: 2, person: 3 }

interface Scale {
  readonly columns: number
  /** The column, with its fraction, at a time in milliseconds since the epoch. */
  readonly at: (time: number) => number
  readonly style: ChalkInstance
}

/** What somebody did over time, in exactly `columns` columns. Everything is seen, however short it was. */
export function drawSpans(spans: readonly Span[], { columns, at, style }: Scale): string {
  const cells = Array.from({ length: columns }, () => ' ')
  const ends: (() => void)[] = []
  const paint = { queue: style.dim, pause: style.yellow, person: style.yellow }
  for (const span of [...spans].sort((a, b) => WEIGHT[a.what] - WEIGHT[b.what])) {
    const { what, hasFailed, isOpen } = span
    const from = Math.max(0, Math.min(columns - 1, Math.floor(at(span.from))))
    const to = Math.max(from + 1, Math.min(columns, Math.round(at(span.to))))
    const colour = what !== 'work' ? paint[what] : isOpen ? style.cyan : hasFailed ? style.red : style.green
    cells.fill(colour(SIGNS[what]), from, to)
    if (hasFailed) ends.push(() => cells.fill(style.red(FAILED), to - 1, to))
    if (what === 'pause') ends.push(() => cells.fill(style.yellow(AGAIN), to - 1, to))
  }
  for (const draw of ends.reverse()) draw()
  return cells.join('')
}

/** What the signs mean that occur in `spans`. */
export function legendOf(spans: readonly Span[]): string {
  const has = (what: Span['what']) => spans.some(span => span.what === what)
  return [
    `${SIGNS.work} at work`,
    ...(has('queue') ? [`${SIGNS.queue} waits for its turn`] : []),
    ...(has('pause') ? [`${SIGNS.pause}${AGAIN} waits, and tries again`] : []),
    ...(has('person') ? [`${SIGNS.person} waits for a person`] : []),
    ...(spans.some(({ hasFailed }) => hasFailed) ? [`${FAILED} failed`] : []),
  ].join('   ')
}
