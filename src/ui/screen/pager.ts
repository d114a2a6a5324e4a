import { type Pages, paginate } from './pages.ts'

/** Something of which a view shows one line, and all of it where it is unfolded. */
export interface Entry {
  readonly id: string
  /** Its line, of at most `width` columns, harmless and with its colours. Made only when it is seen. */
  head(width: number): string
  /** What a search looks through besides its body. */
  readonly text?: string
  /** All of it, as it came; there is nothing to unfold without. */
  readonly body?: () => string
  /** Stands unfolded until somebody folds it. */
  readonly isOpen?: boolean
}

/** Where somebody is in a list of entries. It stays with what is looked at when others come or go. */
export interface Place {
  /** The entry and the line of it that is chosen: 0 is its head. Undefined: the last one, also of those to come. */
  readonly at?: { readonly id: string; readonly line: number }
  /** First row that is seen. */
  readonly top: number
  /** Entries that stand otherwise than they do by themselves. */
  readonly turned: ReadonlySet<string>
}

export const START: Place = { top: 0, turned: new Set() }

/** The entries one below the other, in rows. */
export interface Layout {
  readonly rows: number
  readonly width: number
  at(row: number): { readonly entry: Entry; readonly line: number } | undefined
  rowOf(id: string): number | undefined
  pagesOf(entry: Entry): Pages | undefined
}

/** Columns by which a body is indented. */
export const INDENT = 4

/** Remembers how texts are broken into lines, so that only a new one or a new width takes time. */
export function createBreaker(): (id: string, text: string, width: number) => Pages {
  const known = new Map<string, { readonly text: string; readonly width: number; readonly pages: Pages }>()
  return (id, text, width) => {
    const last = known.get(id)
    if (last?.text === text && last.width === width) return last.pages
    const pages = paginate(text, width)
    known.set(id, { text, width, pages })
    return pages
  }
}

export function layOut(
  entries: readonly Entry[],
  turned: Place['turned'],
  width: number,
  breakUp: ReturnType<typeof createBreaker>,
): Layout {
  const starts: number[] = []
  const rowById = new Map<string, number>()
  const pagesOf = (entry: Entry) => {
    const isOpen = turned.has(entry.id) !== (entry.isOpen === true)
    return isOpen && entry.body ? breakUp(entry.id, entry.body(), width - INDENT) : undefined
  }
  let rows = 0
  for (const entry of entries) {
    starts.push(rows)
    rowById.set(entry.id, rows)
    rows += 1 + (pagesOf(entry)?.rows ?? 0)
  }
  return {
    rows,
    width,
    at(row) {
      if (row < 0 || row >= rows) return undefined
      let [low, high] = [0, starts.length - 1]
      while (low < high) {
        const middle = (low + high + 1) >> 1
        if ((starts[middle] ?? 0) <= row) low = middle
        else high = middle - 1
      }
      const entry = entries[low]
      return entry && { entry, line: row - (starts[low] ?? 0) }
    },
    rowOf: id => rowById.get(id),
    pagesOf,
  }
}

/** The row that is chosen. */
export function rowOf({ at }: Place, layout: Layout): number {
  const first = at && layout.rowOf(at.id)
  if (!at || first === undefined) return Math.max(0, layout.rows - 1)
  const entry = layout.at(first)?.entry
  return first + Math.min(at.line, (entry && layout.pagesOf(entry)?.rows) ?? 0)
}

/** The first row to draw: as it was, moved as little as it takes to see the chosen one. */
export function topOf(place: Place, layout: Layout, height: number): number {
  const row = rowOf(place, layout)
  const last = Math.max(0, layout.rows - height)
  if (!place.at) return last
  return Math.min(last, Math.max(row - height + 1, Math.min(row, place.top)))
}

export type Move = 'up' | 'down' | 'page-up' | 'page-down' | 'first' | 'last'

/** Where somebody comes to. @param follows whether the end is followed from the last row on */
export function move(place: Place, how: Move, layout: Layout, height: number, follows: boolean): Place {
  const row = rowOf(place, layout)
  const page = Math.max(1, height - 1)
  const to = {
    up: row - 1,
    down: row + 1,
    'page-up': row - page,
    'page-down': row + page,
    first: 0,
    last: layout.rows - 1,
  }[how]
  const top = topOf(place, layout, height)
  const by = how === 'page-up' ? -page : how === 'page-down' ? page : 0
  return goTo({ ...place, top: Math.max(0, top + by) }, to, layout, follows)
}

/** The same for a text in which nothing is chosen: the first line that is seen is. */
export function scroll(place: Place, how: Move, layout: Layout, height: number): Place {
  const page = Math.max(1, height - 1)
  const by = { up: -1, down: 1, 'page-up': -page, 'page-down': page, first: -layout.rows, last: layout.rows }[
    how
  ]
  const top = Math.max(0, Math.min(layout.rows - height, place.top + by))
  return goTo({ ...place, top }, top, layout, false)
}

export function goTo(place: Place, row: number, layout: Layout, follows: boolean): Place {
  const bounded = Math.max(0, Math.min(layout.rows - 1, row))
  const { top, turned } = place
  const found = layout.at(bounded)
  if (!found || (follows && bounded === layout.rows - 1)) return { top, turned }
  return { top, turned, at: { id: found.entry.id, line: found.line } }
}

/** Unfolds what is chosen, or folds it; its head is chosen then. */
export function turn(place: Place, layout: Layout): Place {
  const entry = layout.at(rowOf(place, layout))?.entry
  if (!entry?.body) return place
  const turned = new Set(place.turned)
  if (!turned.delete(entry.id)) turned.add(entry.id)
  return { ...place, turned, at: { id: entry.id, line: 0 } }
}

/**
 * The next place, in a circle, where `query` stands, folded or not; what is folded is unfolded where it is found in it.
 * Undefined: nowhere.
 */
export function search(
  entries: readonly Entry[],
  place: Place,
  layout: Layout,
  { query, back, breakUp }: { query: string; back: boolean; breakUp: ReturnType<typeof createBreaker> },
): Place | undefined {
  const small = query.toLowerCase()
  const here = layout.at(rowOf(place, layout))
  const count = entries.length
  const start = Math.max(
    0,
    entries.findIndex(({ id }) => id === here?.entry.id),
  )
  for (let step = 0; step <= count; step += 1) {
    const entry = entries[(start + (back ? -step : step) + 2 * count) % count]
    if (!entry) return undefined
    // At home first what comes after the chosen line, at last what comes before it.
    const line = step === 0 ? (here?.line ?? 0) : undefined
    const found = findIn(entry, small, { line, back, width: layout.width, breakUp })
    if (found === undefined) continue
    const turned = new Set(place.turned)
    if (found > 0 && turned.has(entry.id) === (entry.isOpen === true)) {
      if (!turned.delete(entry.id)) turned.add(entry.id)
    }
    return { top: place.top, turned, at: { id: entry.id, line: found } }
  }
  return undefined
}

interface Hunt {
  /** Where in the entry one stands: only what comes after it, or before it, counts. */
  readonly line: number | undefined
  readonly back: boolean
  readonly width: number
  readonly breakUp: ReturnType<typeof createBreaker>
}

function findIn(entry: Entry, query: string, { line, back, width, breakUp }: Hunt): number | undefined {
  const isInHead = entry.text?.toLowerCase().includes(query) === true
  if (!back && isInHead && line === undefined) return 0
  const pages = entry.body && breakUp(entry.id, entry.body(), width - INDENT)
  if (pages) {
    const from = back ? (line === undefined ? pages.rows - 1 : line - 2) : (line ?? 0)
    const row = pages.find(query, from, back)
    if (row >= 0) return row + 1
  }
  return back && isInHead && (line === undefined || line > 0) ? 0 : undefined
}
