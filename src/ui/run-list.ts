import type { ChalkInstance } from 'chalk'
import type { RunRow } from '../store/store.ts'
import { formatAge, formatDollars, formatTokens } from './format.ts'
import { type Cell, type Column, formatTable } from './table.ts'

const COLUMNS: readonly Column[] = [{}, { shrinks: true }, {}, { align: 'right' }, { align: 'right' }, {}]

/** Runs as lines that are, if at all possible, not wider than `width` columns. `now` in milliseconds since the epoch. */
export function formatRuns(
  runs: readonly RunRow[],
  { style, width, now }: { readonly style: ChalkInstance; readonly width: number; readonly now: number },
): string[] {
  const heads = ['run', 'team', 'state', 'age', 'tokens', 'cost'].map(text => ({ text, paint: style.dim }))
  const rows = runs.map((run): Cell[] => [
    run.id,
    run.team,
    { text: describeState(run), paint: colourOf(run, style) },
    formatAge(now - run.createdAt),
    run.tokens === 0 ? '–' : formatTokens(run.tokens),
    describePrice(run),
  ])
  return formatTable(COLUMNS, [heads, ...rows], width)
}

/** A run as JSON. Names are only ever added. */
export function documentOfRow({ id, tokens, usd, unpriced, ...known }: RunRow) {
  const counted = { tokens, usd, unpriced }
  const nothing = { tokens: 0, usd: 0, unpriced: false }
  return {
    run: id,
    ...known,
    ...(known.rehearsal ? { ...nothing, wouldHaveSpent: counted } : counted),
  }
}

/** How it is with a run, and why. */
export function describeState({ state, stop, owner }: RunRow): string {
  if (owner) return `${state === 'waiting' ? state : 'running'}, pid ${owner.pid}`
  return state === 'failed' && stop !== undefined ? `failed (${stop})` : state
}

export function colourOf({ state }: RunRow, style: ChalkInstance): ChalkInstance {
  switch (state) {
    case 'succeeded':
      return style.green
    case 'failed':
    case 'cancelled':
      return style.red
    case 'interrupted':
      return style.yellow
    case 'waiting':
      return style.cyan
    default:
      return style
  }
}

/** Only what was really spent looks like money. */
function describePrice({ rehearsal, usd, unpriced, tokens }: RunRow): string {
  if (rehearsal) return 'rehearsal'
  if (unpriced) return usd > 0 ? `${formatDollars(usd)} + unknown` : 'unknown'
  return tokens === 0 ? '–' : formatDollars(usd)
}
