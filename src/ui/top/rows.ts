import type { ChalkInstance } from 'chalk'
import type { Glance } from '../../store/glances.ts'
import type { RunRow } from '../../store/store.ts'
import { formatAge } from '../format.ts'
import { colourOf, describeNeed, describePrice, describeState } from '../run-list.ts'
import { clip } from '../screen/fit.ts'
import { type Cell, type Column, formatTable } from '../table.ts'

/** A run with what it is in the middle of. */
export interface TopRow {
  readonly run: RunRow
  /** Absent for a run of which nothing is under way. */
  readonly glance?: Glance
}

export interface TopFilter {
  readonly state?: string | undefined
  readonly team?: string | undefined
  /** Part of an id, of a team, or of what a run waits for. */
  readonly text?: string | undefined
}

/** Milliseconds for which somebody may still want to go on with what was interrupted. */
const RECENT = 24 * 3_600_000

/** Those that need somebody first, then those at work, then the rest; within each the newest first. */
export function sortRows(rows: readonly TopRow[], now: number): TopRow[] {
  return rows
    .map(row => ({ row, rank: rankOf(row, now) }))
    .sort((one, other) => one.rank - other.rank || other.row.run.createdAt - one.row.run.createdAt)
    .map(({ row }) => row)
}

function rankOf({ run, glance }: TopRow, now: number): number {
  if (glance && glance.questions.length > 0) return 0
  const isOpen = run.state === 'waiting' || run.state === 'interrupted'
  if (!run.owner && isOpen && now - run.updatedAt < RECENT) return 1
  return run.owner ? 2 : 3
}

export function needsSomebody(row: TopRow, now: number): boolean {
  return rankOf(row, now) < 2
}

export function filterRows(rows: readonly TopRow[], { state, team, text = '' }: TopFilter): TopRow[] {
  const words = text.toLowerCase()
  return rows.filter(({ run, glance }) => {
    if (state !== undefined && run.state !== state) return false
    if (team !== undefined && run.team !== team) return false
    if (words === '') return true
    const said = [run.id, run.team, run.state, ...(glance?.questions.map(({ question }) => question) ?? [])]
    return said.some(part => part.toLowerCase().includes(words))
  })
}

/** Below this, how many agents are at work is only said in the last column. */
const WIDE = 100
/** The team gives way: what a run needs is what people look for. */
const TEAM = 16

interface Look {
  readonly style: ChalkInstance
  readonly width: number
  /** In milliseconds since the epoch. */
  readonly now: number
  readonly db?: string | undefined
}

/** The heads, and a line for each row. */
export function formatRows(rows: readonly TopRow[], { style, width, now, db }: Look): string[] {
  const isWide = width >= WIDE
  const columns: readonly Column[] = [
    ...[{}, {}, {}, { align: 'right' } as const],
    ...(isWide ? [{ align: 'right' } as const] : []),
    { align: 'right' },
    { shrinks: true },
  ]
  const names = ['run', 'team', 'state', 'age', ...(isWide ? ['at work'] : []), 'cost', 'doing']
  const heads = names.map(text => ({ text, paint: style.dim }))
  const longest = isWide ? 2 * TEAM : TEAM
  const cells = rows.map((row): Cell[] => {
    const { run, glance } = row
    const agents = run.owner ? (glance?.atWork.length ?? 0) : 0
    return [
      run.id,
      clip(run.team, longest),
      { text: describeState(run, { short: true }), paint: colourOf(run, style) },
      formatAge(now - run.createdAt).replace(/ ago$/, ''),
      ...(isWide ? [agents === 0 ? '–' : String(agents)] : []),
      describePrice(run),
      { text: describeNeed(run, glance, db), paint: needsSomebody(row, now) ? style.yellow : style.dim },
    ]
  })
  return formatTable(columns, [heads, ...cells], width)
}
