import type { ChalkInstance } from 'chalk'
import type { RunView } from '../store/view.ts'
import { type Cell, type Column, formatTable } from './table.ts'

/** One thing that a run has many of: as rows for scripts, and as a table for people. */
export interface Listing {
  rows(view: RunView): readonly object[]
  /** With a line of heads; no lines when there are no rows. */
  table(view: RunView, options: { readonly style: ChalkInstance; readonly width: number }): readonly string[]
  /** Said when there are no rows. */
  readonly none: string
}

interface Draft<Row extends object> {
  rows(view: RunView): readonly Row[]
  readonly columns: Readonly<Record<string, Column>>
  /** A row, a cell for each column. */
  cells(row: Row, style: ChalkInstance): readonly Cell[]
  readonly none: string
}

export function defineListing<Row extends object>({ rows, columns, cells, none }: Draft<Row>): Listing {
  return {
    rows,
    none,
    table(view, { style, width }) {
      const lines = rows(view).map(row => cells(row, style))
      const heads = Object.keys(columns).map(text => ({ text, paint: style.dim }))
      return lines.length === 0 ? [] : formatTable(Object.values(columns), [heads, ...lines], width)
    },
  }
}
