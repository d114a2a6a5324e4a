import stringWidth from 'string-width'
import { sanitize } from '../text.ts'

/** A text as lines of a width. Which there are is counted; each is only made when somebody looks at it. */
export interface Pages {
  readonly rows: number
  line(row: number): string
  /** The next row, from `row` on or back from it, that has `query` (in small letters) in it; -1: there is none. */
  find(query: string, row: number, back: boolean): number
}

/** Characters up to which a line is broken between words; longer ones, which are no prose, after a number of them. */
const PROSE = 4000
/** Characters up to which every line counts as prose. */
const LARGE = 200_000

/** `text`, harmless, broken into lines of at most `width` columns. */
export function paginate(text: string, width: number): Pages {
  const clean = sanitize(text).replaceAll('\t', '  ').replace(/\n+$/, '')
  /** Where each row begins, in characters. */
  const starts: number[] = []
  for (let from = 0; from <= clean.length; ) {
    const feed = clean.indexOf('\n', from)
    const end = feed < 0 ? clean.length : feed
    const isProse = end - from <= PROSE && clean.length <= LARGE
    breakLine(clean, { from, end, width: Math.max(2, width), isProse }, starts)
    from = end + 1
  }
  let small: string | undefined
  const endOf = (row: number) => starts[row + 1] ?? clean.length
  return {
    rows: starts.length,
    line: row => clean.slice(starts[row], endOf(row)).replace(/\n$/, '').trimEnd(),
    find(query, row, back) {
      if (query === '' || row < 0 || row >= starts.length) return -1
      small ??= clean.toLowerCase()
      const at = back
        ? small.lastIndexOf(query, Math.max(0, endOf(row) - 1))
        : small.indexOf(query, starts[row])
      return at < 0 ? -1 : rowAt(starts, at)
    },
  }
}

interface Line {
  readonly from: number
  readonly end: number
  readonly width: number
  readonly isProse: boolean
}

/** Printable characters of one column each. */
const NARROW = /^[\x20-\x7e]*$/

function breakLine(text: string, { from, end, width, isProse }: Line, starts: number[]): void {
  starts.push(from)
  if ((end - from) * 2 <= width) return
  const line = text.slice(from, end)
  const isNarrow = NARROW.test(line)
  if (isNarrow && line.length <= width) return
  if (isProse && !isNarrow) {
    breakWide(line, { from, width }, starts)
    return
  }
  // No character takes more than two columns.
  const most = isNarrow ? width : Math.floor(width / 2)
  for (let at = 0; line.length - at > most; ) {
    const space = isProse ? line.lastIndexOf(' ', at + most) : -1
    at = space > at && line.slice(at, space).trim() !== '' ? space + 1 : whole(line, at + most)
    if (at < line.length) starts.push(from + at)
  }
}

/** `at`, or one less where that would split a character. */
function whole(line: string, at: number): number {
  const code = line.charCodeAt(at)
  return code >= 0xdc00 && code <= 0xdfff ? at - 1 : at
}

const graphemes = new Intl.Segmenter()

function breakWide(
  line: string,
  { from, width }: { readonly from: number; readonly width: number },
  starts: number[],
): void {
  let used = 0
  let begin = 0
  /** Where a word begins in this row, and the columns before it. */
  let word = { at: 0, used: 0 }
  for (const { segment, index } of graphemes.segment(line)) {
    const columns = stringWidth(segment)
    if (used + columns > width && segment !== ' ') {
      const at = word.at > begin ? word.at : index
      used -= word.at > begin ? word.used : used
      begin = at
      starts.push(from + at)
    }
    used += columns
    if (segment === ' ') word = { at: index + 1, used }
  }
}

function rowAt(starts: readonly number[], at: number): number {
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((starts[middle] ?? 0) <= at) low = middle
    else high = middle - 1
  }
  return low
}
