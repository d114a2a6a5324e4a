import { oneLine, widthOf } from './text.ts'

export interface Column {
  readonly align?: 'right'
  /** At most one of a table: gives way when it is too wide; its texts are cut, with an ellipsis. */
  readonly shrinks?: true
}

/** A text, or a text with the colours that it gets once it is cut and padded. */
export type Cell = string | { readonly text: string; readonly paint: (text: string) => string }

const GAP = '  '
/** The column that shrinks keeps at least this much. */
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
  const space = align === 'none' ? '' : ' '.repeat(Math.max(0, width - widthOf(fitting)))
  return align === 'right' ? space + fitting : fitting + space
}

/** Width of each column: what its widest cell needs; what is too much is taken from the one that shrinks. */
function widthsFor(columns: readonly Column[], rows: readonly (readonly Cell[])[], width: number): number[] {
  const needed = columns.map((_, index) =>
    rows.reduce((widest, row) => Math.max(widest, widthOfCell(row[index] ?? '')), 0),
  )
  const sum = needed.reduce((total, each) => total + each, GAP.length * (columns.length - 1))
  const excess = Math.max(0, sum - width)
  return needed.map((own, index) =>
    columns[index]?.shrinks ? Math.min(own, Math.max(NARROWEST, own - excess)) : own,
  )
}

function widthOfCell(cell: Cell): number {
  return widthOf(oneLine(typeof cell === 'string' ? cell : cell.text, Number.POSITIVE_INFINITY))
}

/** Columns of a terminal; 80 for anything else. */
export function terminalWidth({ columns }: NodeJS.WriteStream): number {
  return columns || 80
}
