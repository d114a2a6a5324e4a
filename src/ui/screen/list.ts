import type { ChalkInstance } from 'chalk'
import type { RunState } from '../../store/states.ts'
import { formatDollars, formatDuration, formatTokens } from '../format.ts'
import { markOf } from '../step-mark.ts'
import type { Feed, Row } from './feed.ts'
import { clip, clipStart, pad, padStart, widthOf } from './fit.ts'

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

/** Columns of the list, by what is left of a line. */
interface Layout {
  readonly name: number
  readonly doing: number
  readonly turn: number
  readonly tokens: number
  readonly cost: number
  readonly time: number
  readonly bar: number
  readonly words: number
}

/** Narrow terminals do without the cost and the turn first, wide ones have room for time bars and words. */
export function layoutOf(columns: number, items: readonly Item[]): Layout {
  const longest = items.reduce((width, item) => Math.max(width, widthOf(nameOf(item))), 8)
  const name = Math.min(longest, Math.max(14, Math.floor(columns * 0.26)))
  const fixed = { tokens: 8, time: 8, doing: columns < 70 ? 14 : columns < 110 ? 18 : 24 }
  let left = columns - 4 - name - fixed.tokens - fixed.time - fixed.doing - 3
  const take = (width: number) => {
    if (left < width + 1) return 0
    left -= width + 1
    return width
  }
  const cost = take(9)
  const turn = take(4)
  const words = left >= 12 ? Math.min(left - 1, 28) : 0
  left -= words
  const bar = left >= 13 ? Math.min(24, left - 1) : 0
  left -= bar
  return { name, ...fixed, cost, turn, bar, words: words === 0 ? 0 : words + Math.max(0, left - 2) }
}

export function headLine(layout: Layout, columns: number, style: ChalkInstance): string {
  const cells = [
    pad('agent', layout.name),
    pad('does', layout.doing),
    layout.turn ? padStart('turn', layout.turn) : '',
    padStart('tokens', layout.tokens),
    layout.cost ? padStart('cost', layout.cost) : '',
    padStart('time', layout.time),
    layout.bar ? pad('when', layout.bar) : '',
    layout.words ? 'says' : '',
  ]
  return style.dim(`    ${cells.filter(Boolean).join(' ')}`.slice(0, columns).trimEnd())
}

interface Drawing {
  readonly feed: Feed
  readonly layout: Layout
  readonly columns: number
  readonly isChosen: boolean
  readonly style: ChalkInstance
}

export function itemLine(item: Item, drawing: Drawing): string {
  return 'row' in item ? rowLine(item.row, item.isInner === true, drawing) : groupLine(item, drawing)
}

function rowLine(row: Row, isInner: boolean, { feed, layout, isChosen, style }: Drawing): string {
  const { step } = row
  const isLive = feed.view.state === 'running' || feed.view.state === 'waiting'
  const [sign, colour] =
    row.waits === 'person' && step.state === 'running' ? (['?', 'yellow'] as const) : markOf(step, isLive)
  const { usd, unpriced, calls, input, output } = step.spent
  const until = step.endedAt ?? (step.state === 'running' && isLive ? feed.now : feed.view.updatedAt)
  const name = pad(clip(nameOf({ key: row.key, row, isInner }), layout.name), layout.name)
  const cost = calls === 0 ? '' : unpriced === calls ? '–' : formatDollars(usd)
  const doing = pad(clip(doingOf(row, feed.view.state), layout.doing), layout.doing)
  const isOver = step.state !== 'running' && step.state !== 'failed'
  const cells = [
    isChosen ? style.bold(name) : isOver ? style.dim(name) : name,
    step.state === 'failed'
      ? style.red(doing)
      : row.waits
        ? style.yellow(doing)
        : isOver
          ? style.dim(doing)
          : doing,
    layout.turn ? padStart(row.turn > 0 ? String(row.turn) : '', layout.turn) : '',
    padStart(calls === 0 ? '' : shortCount(input + output), layout.tokens),
    layout.cost ? padStart(cost, layout.cost) : '',
    style.dim(
      padStart(
        step.state === 'running' ? wholeSeconds(until - step.startedAt) : shortTime(until - step.startedAt),
        layout.time,
      ),
    ),
    layout.bar ? timeBar(row, feed, layout.bar, style) : '',
    layout.words ? style.dim(clipStart(row.streamed, layout.words)) : '',
  ]
  const mark = `${isChosen ? style.cyan('›') : ' '} ${style[colour](sign)} `
  return mark + cells.filter(cell => cell !== '').join(' ')
}

function groupLine(
  { name, rows, isOpen }: Extract<Item, { readonly rows: readonly Row[] }>,
  { columns, isChosen, style }: Drawing,
): string {
  const states = new Map<string, number>()
  for (const { step, waits } of rows) {
    const state = step.state === 'running' ? (waits === 'queue' ? 'in a queue' : 'at work') : step.state
    states.set(state, (states.get(state) ?? 0) + 1)
  }
  const counts = [...states].map(([state, number]) => `${formatTokens(number)} ${state}`).join(', ')
  const mark = `${isChosen ? style.cyan('›') : ' '} ${isOpen ? '⊟' : '⊞'} `
  const words = `${name}: ${counts}`
  return mark + (isChosen ? style.bold : style.dim)(clip(words, columns - 4))
}

function nameOf(item: Item): string {
  if (!('row' in item)) return item.name
  const { key, agent } = item.row
  const name = key.split('/').includes(agent) ? key : `${key} ${agent}`
  return item.isInner ? `  ${name}` : name
}

/** What an agent does, or how it ended. */
function doingOf({ step, doing, waits }: Row, run: RunState): string {
  if (step.state === 'running') {
    if (run === 'running' || (run === 'waiting' && waits === 'person')) return doing || 'at work'
    return 'was under way'
  }
  if (step.state === 'failed') return step.error?.code ?? 'failed'
  return step.state
}

/** When in the run it was at work: the whole width is the time of the run so far. */
function timeBar({ step }: Row, feed: Feed, width: number, style: ChalkInstance): string {
  const { view, now } = feed
  const isLive = view.state === 'running'
  const total = Math.max(1, view.active + (isLive ? now - view.updatedAt : 0))
  const until = step.endedAt ?? (isLive ? now : view.updatedAt)
  const at = (time: number) => Math.min(width, Math.max(0, Math.round((time / total) * width)))
  const from = Math.min(width - 1, at(step.activeAt))
  const to = Math.max(from + 1, at(step.activeAt + until - step.startedAt))
  const paint = step.state === 'failed' ? style.red : step.state === 'running' ? style.cyan : style.green
  return style.dim('┈'.repeat(from)) + paint('━'.repeat(to - from)) + style.dim('┈'.repeat(width - to))
}

/** `950`, `12,345`, `1.2M`: never wider than its column. */
function shortCount(count: number): string {
  if (count < 1_000_000) return formatTokens(count)
  return count < 1e9 ? `${(count / 1e6).toFixed(1)}M` : `${(count / 1e9).toFixed(1)}G`
}

/** The time of what is still going on: tenths of seconds would only flicker. */
export function wholeSeconds(milliseconds: number): string {
  return shortTime(Math.floor(Math.max(0, milliseconds) / 1000) * 1000).replace('.0s', 's')
}

/** A duration in at most eight columns: `3.4s`, `2m 5s`, `3h 10m`. */
function shortTime(milliseconds: number): string {
  if (milliseconds < 0) return '0.0s'
  return formatDuration(milliseconds).split(' ').slice(0, 2).join(' ')
}
