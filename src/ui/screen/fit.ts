import stringWidth from 'string-width'
import { oneLine, PLAIN, sanitize, widthOf } from '../text.ts'

const graphemes = new Intl.Segmenter()

/** Text of others, harmless, cut to at most `width` columns. */
export function clip(text: string, width: number): string {
  if (width < 1) return ''
  if (text.length <= width && PLAIN.test(text)) return text
  return oneLine(text.length > 8 * width ? text.slice(0, 8 * width) : text, width)
}

/** The end of a text, harmless, in at most `width` columns. */
export function clipStart(text: string, width: number): string {
  if (width < 1) return ''
  const tail = text.slice(-width)
  if (PLAIN.test(tail)) return tail.trim()
  // Sequences are taken out before it is cut, so that no piece of one is left.
  const line = oneLine(sanitize(text.slice(-8 * width)).slice(-6 * width), 12 * width)
  let kept = ''
  for (const { segment } of [...graphemes.segment(line)].reverse()) {
    if (stringWidth(segment + kept) > width) break
    kept = segment + kept
  }
  return kept.trim()
}

/** The end of a text, as `clipStart` gives it; what had to be left out before it is shown by an ellipsis. */
export function ending(text: string, width: number): string {
  const isWhole = text.length <= 2 * width && widthOf(oneLine(text, 4 * width)) <= width
  if (isWhole || width < 1) return clipStart(text, width)
  return `…${clipStart(text, width - 1)}`
}

/** `line`, filled up with blanks to `width` columns. */
export function pad(line: string, width: number): string {
  return line + ' '.repeat(Math.max(0, width - widthOf(line)))
}

export function padStart(line: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(line))) + line
}

/** `left` and `right` at the ends of a line; `right` is left out when there is no room for both. */
export function between(left: string, right: string, columns: number): string {
  const room = columns - widthOf(left) - widthOf(right)
  return room < 2 && right !== '' ? left : left + ' '.repeat(Math.max(0, room)) + right
}

/** As many of `parts`, most important first, as fit into `columns`. */
export function joinFitting(parts: readonly string[], separator: string, columns: number): string {
  let line = ''
  for (const part of parts) {
    if (part === '') continue
    const longer = line === '' ? part : line + separator + part
    if (widthOf(longer) > columns) break
    line = longer
  }
  return line
}

/** A line of harmless text without colours as lines of at most `width` columns, broken between words where that is possible. */
export function wrap(line: string, width: number): string[] {
  const text = line.replaceAll('\t', '  ')
  if (widthOf(text) <= width) return [text]
  const lines: string[] = []
  let current = ''
  let used = 0
  const put = (piece: string, columns: number) => {
    current += piece
    used += columns
  }
  const next = () => {
    lines.push(current.trimEnd())
    current = ''
    used = 0
  }
  for (const word of text.split(/(?<= )/)) {
    const columns = widthOf(word)
    if (used > 0 && used + widthOf(word.trimEnd()) > width) next()
    if (columns <= width) put(word, columns)
    else
      for (const { segment } of graphemes.segment(word)) {
        const wide = widthOf(segment)
        if (used + wide > width) next()
        put(segment, wide)
      }
  }
  if (current.trimEnd() !== '') next()
  return lines
}

/** A share as a bar of `width` columns: what is gone, what else is `held`, and what is left. */
export function barOf(share: number, width: number, held = 0) {
  const cells = (part: number) => Math.round(Math.min(1, Math.max(0, part)) * width)
  const full = cells(share)
  const both = Math.max(full, cells(share + held))
  return { full: '━'.repeat(full), held: '╍'.repeat(both - full), empty: '─'.repeat(width - both) }
}
