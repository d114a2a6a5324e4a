import { widthOf } from '../text.ts'
import type { Row } from './feed.ts'
import { ending, pad } from './fit.ts'
import { markOfRow, saidOf } from './list-line.ts'
import type { Scene } from './view.ts'

/** Those who may have something to say: who is at work, and who failed. */
export function speakersIn(rows: Iterable<Row>): Row[] {
  return [...rows].filter(({ step: { state } }) => state === 'running' || state === 'failed')
}

/** What agents say and why they failed, in a line each, below the list; in `most` lines those who were heard last. */
export function wordsLines(
  speakers: readonly Row[],
  columns: number,
  most: number,
  { feed, style }: Pick<Scene, 'feed' | 'style'>,
): string[] {
  const speaking = speakers.filter(({ step, streamed }) => step.state === 'failed' || streamed.trim() !== '')
  const shown = new Set([...speaking].sort((a, b) => b.heard - a.heard).slice(0, Math.max(0, most)))
  const longest = speaking.reduce((width, { key }) => Math.max(width, widthOf(ending(key, columns))), 8)
  const width = Math.min(longest, Math.floor(columns * 0.26))
  return speaking.flatMap(row => {
    if (!shown.has(row)) return []
    const [mark, colour] = markOfRow(row, feed)
    const said = saidOf(row, columns - width - 7, style)
    return `  ${style[colour](mark)} ${style.dim(pad(ending(row.key, width), width))}  ${said}`
  })
}
