import type { ChalkInstance } from 'chalk'
import { createTwoFilesPatch, diffWordsWithSpace } from 'diff'
import { sanitize } from '../text.ts'

export interface Look {
  readonly style: ChalkInstance
  /** Columns; Infinity cuts nothing but what would not fit a page. */
  readonly width: number
}

/** Changes that are looked for at the most: beyond, two texts have nothing to do with each other. */
const CHANGES = 2000

/** A text with what is gone `[-so-]` and what is new `{+so+}`; without the lines in which nothing changed when `isShort`. */
export function wordDiff(a: string, b: string, { style, width }: Look, isShort: boolean): string[] {
  const parts = diffWordsWithSpace(unmarked(a), unmarked(b), { maxEditLength: CHANGES })
  if (!parts) return lineDiff(a, b, { style, width })
  // Marks go line by line: each stands for itself.
  const marked = parts.map(({ value, added, removed }) =>
    value
      .split('\n')
      .map(text =>
        text === '' || !(added || removed) ? text : added ? `\ue000${text}\ue001` : `\ue002${text}\ue003`,
      )
      .join('\n'),
  )
  const lines = marked.join('').split('\n')
  const isChanged = (line = '') => /[\ue000\ue002]/.test(line)
  const kept = isShort ? lines.filter(isChanged) : lines
  return kept.map(line =>
    paintWords(isShort && Number.isFinite(width) ? around(line, width - 4) : line, style),
  )
}

/** Harmless text without the characters, of nobody's alphabet, that mark what is gone and what is new. */
function unmarked(text: string): string {
  return sanitize(text).replace(/[\ue000-\ue003]/g, '')
}

/** In a line that is too long, what stands around the first change. */
function around(line: string, width: number): string {
  const room = 2 * width
  if (line.length <= room) return line
  const at = line.search(/[\ue000\ue002]/)
  const from = Math.max(0, at - 30)
  const end = from + room
  return `${from > 0 ? '…' : ''}${line.slice(from, end)}${end < line.length ? '…' : ''}`
}

function paintWords(line: string, style: ChalkInstance): string {
  return line
    .replace(/\ue000([^\ue001]*)\ue001?/g, (_, text: string) => style.green(`{+${text}+}`))
    .replace(/\ue002([^\ue003]*)\ue003?/g, (_, text: string) => style.red(`[-${text}-]`))
}

/** A unified diff, without its heads. */
export function lineDiff(a: string, b: string, { style }: Look): string[] {
  const patch = createTwoFilesPatch('a', 'b', withEnd(sanitize(a)), withEnd(sanitize(b)), '', '', {
    context: 2,
    maxEditLength: CHANGES,
  })
  if (patch === undefined) return ['the two have nothing in common']
  const lines = patch.trimEnd().split('\n')
  const start = lines.findIndex(line => line.startsWith('@@'))
  return (start < 0 ? [] : lines.slice(start)).map(line => {
    if (line.startsWith('+')) return style.green(line)
    if (line.startsWith('-')) return style.red(line)
    return line.startsWith('@@') ? style.cyan(line) : line
  })
}

function withEnd(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`
}
