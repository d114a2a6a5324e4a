import type { Row } from './feed.ts'

/** What is listed: an agent, or many that are folded into one line. */
export type Item =
  | { readonly key: string; readonly row: Row; readonly isInner?: boolean }
  | { readonly key: string; readonly name: string; readonly rows: readonly Row[]; readonly isOpen: boolean }

export interface Wishes {
  /** Only what has this in its key or the name of its agent. */
  readonly filter: string
  /** Names of the groups that are unfolded. */
  readonly open: ReadonlySet<string>
  /** Lines that there are. */
  readonly height: number
}

/**
 * The agents as they are listed: all in the order in which they began where they fit, otherwise those at work first, then
 * those that failed, and the rest by groups.
 */
export function itemsOf(rows: Iterable<Row>, { filter, open, height }: Wishes): Item[] {
  const small = filter.toLowerCase()
  const all = [...rows].filter(
    ({ key, agent }) =>
      small === '' || key.toLowerCase().includes(small) || agent.toLowerCase().includes(small),
  )
  if (all.length <= height) return all.map(itemOf)
  const asking: Row[] = []
  const atWork: Row[] = []
  const inDoubt: Row[] = []
  const groups = new Map<string, Row[]>()
  for (const row of all) {
    const { state } = row.step
    if (state === 'running' && row.waits !== 'queue') (row.waits ? asking : atWork).push(row)
    else if (state === 'unknown') inDoubt.push(row)
    else addTo(groups, groupOf(row.key), row)
  }
  const folded = [...groups].flatMap(([name, rows]) => foldedOf(name, rows, open.has(name)))
  return [...asking.map(itemOf), ...atWork.map(itemOf), ...inDoubt.map(itemOf), ...folded]
}

/**
 * What is seen while nobody has chosen anything: those who did something last, in the order in which they began, and the
 * groups; the others are counted.
 */
export function topMovers(
  items: readonly Item[],
  height: number,
): { readonly items: Item[]; readonly hidden: number } {
  const single = items.filter(item => 'row' in item && !item.isInner)
  if (items.length <= height) return { items: [...items], hidden: 0 }
  const groups = items.filter(item => !('row' in item)).slice(0, Math.max(1, height >> 1))
  const room = Math.max(1, height - groups.length - 1)
  const heard = (item: Item) =>
    'row' in item ? item.row.heard + (item.row.waits === 'person' ? ASKS : 0) : 0
  // There may be thousands, ten times a second: numbers are sorted faster than things.
  const times = Float64Array.from(single, heard).sort()
  const since = times[Math.max(0, times.length - room)] ?? 0
  const newer = single.filter(item => heard(item) > since).length
  let others = room - newer
  const movers = single.filter(item => {
    const at = heard(item)
    if (at === since) others -= 1
    return at > since || (at === since && others >= 0)
  })
  return { items: [...movers, ...groups], hidden: single.length - movers.length }
}

/** Who asks a person comes before everybody who has just done something. */
const ASKS = 1e15

function foldedOf(name: string, rows: readonly Row[], isOpen: boolean): Item[] {
  if (rows.length < 3) return rows.map(itemOf)
  const inner = isOpen ? rows.map(row => ({ key: row.key, row, isInner: true })) : []
  return [{ key: `${name} `, name, rows, isOpen }, ...inner]
}

/** The same for the same row: there may be thousands. */
const known = new WeakMap<Row, Item>()
function itemOf(row: Row): Item {
  const item = known.get(row) ?? { key: row.key, row }
  known.set(row, item)
  return item
}

/** Where agents belong together: below the same step, or with names that differ in their numbers only. */
export function groupOf(key: string): string {
  const slash = key.lastIndexOf('/')
  return slash > 0 ? `${key.slice(0, slash)}/…` : key.replace(/\d+$/, '…')
}

function addTo(groups: Map<string, Row[]>, name: string, row: Row): void {
  const rows = groups.get(name)
  if (rows) rows.push(row)
  else groups.set(name, [row])
}
