import stringWidth from 'string-width'
import { oneLine } from './text.ts'

export interface Column {
  readonly align?: 'right'
  /** Gives way when the table is too wide: its texts are cut, with an ellipsis. */
  readonly shrinks?: true
}

/** A text, or a text with the colours that it gets once it is cut and padded. */
export type Cell = string | { readonly text: string; readonly paint: (text: string) => string }

const GAP = '  '
/** Columns that shrink keep at least this much. */
const NARROWEST = 4

/** Rows as lines with aligned columns, made harmless, and as far as possible not wider than `width`. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  width: number,
): string[] {
  const widths = widthsFor(columns, rows, width)
  return rows.map(row =>
    row
      .map((cell, index) => {
        const { text, paint } = typeof cell === 'string' ? { text: cell, paint: String } : cell
        const isLast = index === row.length - 1
        return paint(pad(text, widths[index] ?? 0, columns[index]?.align ?? (isLast ? 'none' : 'left')))
      })
      .join(GAP)
      .trimEnd(),
  )
}

/** `text`, harmless and cut or padded to exactly `width` columns; `none` pads nothing. */
export function pad(text: string, width: number, align: 'left' | 'right' | 'none' = 'left'): string {
  const fitting = oneLine(text, width)
  const space = align === 'none' ? '' : ' '.repeat(Math.max(0, width - stringWidth(fitting)))
  return align === 'right' ? space + fitting : fitting + space
}

/** Width of each column: what its widest cell needs; the widest of those that shrink give what is missing. */
function widthsFor(columns: readonly Column[], rows: readonly (readonly Cell[])[], width: number): number[] {
  const widths = columns.map((_, index) => Math.max(0, ...rows.map(row => widthOf(row[index] ?? ''))))
  const room = width - GAP.length * (columns.length - 1)
  const shrinking = columns.flatMap(({ shrinks }, index) => (shrinks ? [index] : []))
  for (let excess = widths.reduce((sum, each) => sum + each, 0) - room; excess > 0; excess -= 1) {
    const widest = Math.max(0, ...shrinking.map(index => widths[index] ?? 0))
    if (widest <= NARROWEST) break
    widths[widths.findIndex((each, index) => each === widest && shrinking.includes(index))] = widest - 1
  }
  return widths
}

function widthOf(cell: Cell): number {
  return stringWidth(oneLine(typeof cell === 'string' ? cell : cell.text, Number.POSITIVE_INFINITY))
}

/** Columns of a terminal; 80 for anything else. */
export function terminalWidth({ columns }: NodeJS.WriteStream): number {
  return columns || 80
}
