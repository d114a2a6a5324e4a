import type { ChalkInstance } from 'chalk'
import type { Glance } from '../store/glances.ts'
import type { RunRow } from '../store/store.ts'
import { formatAge, formatDollars, formatReference, formatTokens } from './format.ts'
import { type Cell, type Column, formatTable } from './table.ts'
import { oneLine } from './text.ts'

const COLUMNS: readonly Column[] = [{}, { shrinks: true }, {}, { align: 'right' }, { align: 'right' }, {}]

/**
 * Runs as lines that are, if at all possible, not wider than `width` columns. `now` in milliseconds since the epoch.
 * `glances` are those of the runs that wait: what for stands in a line below each.
 */
export function formatRuns(
  runs: readonly RunRow[],
  { style, width, now, glances = new Map() }: ListOptions,
): string[] {
  const heads = ['run', 'team', 'state', 'age', 'tokens', 'cost'].map(text => ({ text, paint: style.dim }))
  const rows = runs.map((run): Cell[] => [
    run.id,
    run.parent === undefined ? run.team : `${run.team} ← ${run.parent}`,
    { text: describeState(run), paint: colourOf(run, style) },
    formatAge(now - run.createdAt),
    run.tokens === 0 ? '–' : formatTokens(run.tokens),
    describePrice(run),
  ])
  const [first = '', ...lines] = formatTable(COLUMNS, [heads, ...rows], width)
  const below = lines.flatMap((line, index) => {
    const run = runs[index]
    const need = run && glances.has(run.id) ? describeNeed(run, glances.get(run.id)) : ''
    return need === '' ? [line] : [line, `  ${style.cyan('?')} ${style.dim(oneLine(need, width - 4))}`]
  })
  return [first, ...below]
}

interface ListOptions {
  readonly style: ChalkInstance
  readonly width: number
  readonly now: number
  readonly glances?: ReadonlyMap<string, Glance>
}

/** What a run does or needs, in a few words: what it asks, who is at work, the command that goes on. */
export function describeNeed({ id, owner, state, stop }: RunRow, glance?: Glance, db?: string): string {
  const [first, ...more] = glance?.questions ?? []
  if (first) {
    const others = more.length > 0 ? ` (and ${more.length} more)` : ''
    return `${first.agent ?? first.key} asks: ${first.question}${others}`
  }
  if (owner) return glance && glance.atWork.length > 0 ? glance.atWork.join(', ') : 'between agents'
  const goesOn = `crew resume ${formatReference(id, db)}`
  if (state === 'waiting') return glance && glance.answered > 0 ? `answered; ${goesOn}` : goesOn
  if (state === 'interrupted') return goesOn
  return state === 'failed' && stop !== undefined ? stop : ''
}

/** A run as JSON. Names are only ever added. */
export function documentOfRow({ id, tokens, usd, unpriced, ...known }: RunRow, glance?: Glance) {
  const counted = { tokens, usd, unpriced }
  const nothing = { tokens: 0, usd: 0, unpriced: false }
  return {
    run: id,
    ...known,
    ...(known.rehearsal ? { ...nothing, wouldHaveSpent: counted } : counted),
    ...(glance && { waitsFor: glance.questions }),
  }
}

/** How it is with a run, and why. */
export function describeState({ state, stop, owner }: RunRow, { short = false } = {}): string {
  if (short) return owner && state !== 'waiting' ? 'running' : state
  if (owner) return `${state === 'waiting' ? state : 'running'}, pid ${owner.pid}`
  return state === 'failed' && stop !== undefined ? `failed (${stop})` : state
}

export function colourOf({ state }: RunRow, style: ChalkInstance): ChalkInstance {
  switch (state) {
    case 'succeeded':
      return style.green
    case 'failed':
      return style.red
    case 'running':
      return style.cyan
    default:
      return style.yellow
  }
}

/** Only what was really spent looks like money. */
export function describePrice({ rehearsal, usd, unpriced, tokens }: RunRow): string {
  if (rehearsal) return 'rehearsal'
  if (unpriced) return usd > 0 ? `${formatDollars(usd)} + unknown` : 'unknown'
  return tokens === 0 ? '–' : formatDollars(usd)
}
