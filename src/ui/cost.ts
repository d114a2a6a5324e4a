import type { ChalkInstance } from 'chalk'
import { addTotal, type Total, zero } from '../spend.ts'
import type { Group, Grouping } from '../store/spending.ts'
import { formatDollars, formatTokens } from './format.ts'
import { type Column, formatTable } from './table.ts'

/** What was spent as lines: a group each, days in their order and what cost most first, and the total. */
export function formatCost(
  groups: readonly Group[],
  by: readonly Grouping[],
  { style, width }: { readonly style: ChalkInstance; readonly width: number },
): string[] {
  const numbers = ['calls', 'tokens', 'cached', 'cost']
  const columns: Column[] = [
    ...by.map((_, index): Column => (index === by.length - 1 ? { shrinks: true } : {})),
    ...numbers.map((): Column => ({ align: 'right' })),
  ]
  const heads = [...by, ...numbers].map(text => ({ text, paint: style.dim }))
  const rows = inOrder(groups, by).map(group => [...namesOf(group, by), ...cellsOf(group)])
  const total = [...by.map((_, index) => (index === 0 ? 'total' : '')), ...cellsOf(totalOf(groups))]
  const last = total.map(text => ({ text, paint: style.bold }))
  return formatTable(columns, [heads, ...rows, last], width)
}

/** The same as JSON. */
export function documentOfCost(groups: readonly Group[], by: readonly Grouping[], since: number) {
  return {
    ...(since > 0 && { since: new Date(since).toISOString() }),
    by,
    groups: inOrder(groups, by).map(({ of, ...total }) => ({ ...of, ...total })),
    total: totalOf(groups),
  }
}

function totalOf(groups: readonly Group[]): Total {
  const total = zero()
  for (const group of groups) addTotal(total, group)
  return total
}

function inOrder(groups: readonly Group[], by: readonly Grouping[]): Group[] {
  const dearer = (a: Group, b: Group) => b.usd - a.usd || b.input + b.output - (a.input + a.output)
  if (!by.includes('day')) return [...groups].sort(dearer)
  return [...groups].sort((a, b) => (a.of.day ?? '').localeCompare(b.of.day ?? '') || dearer(a, b))
}

function namesOf({ of }: Group, by: readonly Grouping[]): string[] {
  return by.map(grouping => of[grouping] ?? '(not known)')
}

/** Estimates are marked, and what has no price is said to have none. */
function cellsOf({ calls, input, output, cached, usd, unpriced, estimated }: Total): string[] {
  const about = estimated > 0 ? '~' : ''
  const known = unpriced === calls && calls > 0 ? '' : `${about}${formatDollars(usd)}`
  const unknown = unpriced > 0 ? `${unpriced} unpriced` : ''
  return [
    formatTokens(calls),
    `${about}${formatTokens(input + output)}`,
    cached > 0 ? formatTokens(cached) : '–',
    [known, unknown].filter(Boolean).join(' + '),
  ]
}
