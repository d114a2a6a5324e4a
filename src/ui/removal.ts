import { bytesInWords } from '../bytes.ts'
import type { Plan } from '../store/removal.ts'
import { formatAge } from './format.ts'
import { type Column, formatTable } from './table.ts'

const COLUMNS: readonly Column[] = [{}, { shrinks: true }, {}, {}, { align: 'right' }]

/** The runs that are to go, as a table; what is more than `most` is only counted. */
export function formatPlan(
  { runs }: Plan,
  {
    now,
    width,
    most = runs.length,
  }: { readonly now: number; readonly width: number; readonly most?: number },
): string[] {
  const rows = runs
    .slice(0, most)
    .map(({ id, team, state, updatedAt, bytes }) => [
      id,
      team,
      state,
      formatAge(now - updatedAt),
      bytesInWords(bytes),
    ])
  const more = runs.length > most ? [`${runs.length - most} more; see them with --dry-run`] : []
  return [...formatTable(COLUMNS, rows, width), ...more]
}

export function planInWords({ runs }: Plan): string {
  const bytes = runs.reduce((sum, run) => sum + run.bytes, 0)
  return `${runs.length} ${runs.length === 1 ? 'run' : 'runs'} of ${bytesInWords(bytes)}`
}

/** What was named and stays, and why, as a line; nothing when there is nothing. */
export function keptInWords({ kept: { live = 0, tagged = 0, resumable = 0, forked = 0 } }: Plan): string {
  const parts = [
    ...(live > 0 ? [`${live} under way`] : []),
    ...(forked > 0 ? [`${forked} that forks which are not over come from`] : []),
    ...(resumable > 0 ? [`${resumable} that could go on (--resumable removes them)`] : []),
    ...(tagged > 0 ? [`${tagged} tagged (--tagged removes them)`] : []),
  ]
  return parts.length > 0 ? `kept: ${parts.join(', ')}\n` : ''
}
