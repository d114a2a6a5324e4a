import type { ChalkInstance } from 'chalk'
import type { RunState } from '../../store/states.ts'
import { formatDollars, formatDuration, formatTokens } from '../format.ts'
import { markOf } from '../step-mark.ts'
import { widthOf } from '../text.ts'
import type { Feed, Row } from './feed.ts'
import { clip, ending, pad, padStart } from './fit.ts'
import type { Item } from './list.ts'

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

/**
 * Narrow terminals do without the cost and the turn first, wide ones have room for time bars and, where they have no other
 * place, for words.
 */
export function layoutOf(columns: number, items: readonly Item[], hasWords = true): Layout {
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
  const words = hasWords && left >= 12 ? Math.min(left - 1, 28) : 0
  left -= words
  const bar = left >= 13 ? Math.min(24, left - 1) : 0
  left -= bar
  if (words > 0) return { name, ...fixed, cost, turn, bar, words: words + Math.max(0, left - 2) }
  const more = Math.max(0, Math.min(longest - name, left - (bar > 0 ? 1 : 0)))
  return { name: name + more, ...fixed, cost, turn, bar, words }
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
  const [sign, colour] = markOfRow(row, feed)
  const { usd, unpriced, calls, input, output } = step.spent
  const until = step.endedAt ?? (step.state === 'running' && isLive ? feed.now : feed.view.updatedAt)
  const name = pad(ending(nameOf({ key: row.key, row, isInner }), layout.name), layout.name)
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
    layout.words ? style.dim(saidOf(row, layout.words, style)) : '',
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

/** Sign and colour for how it stands with an agent; who asks a person has one of their own. */
export function markOfRow({ step, waits }: Row, { view: { state } }: Feed) {
  if (waits === 'person' && step.state === 'running') return ['?', 'yellow'] as const
  return markOf(step, state === 'running' || state === 'waiting')
}

/** The end of what it says, or why it failed. */
export function saidOf({ step, streamed }: Row, width: number, style: ChalkInstance): string {
  if (step.state === 'failed') return style.red(clip(step.error?.message ?? '', width))
  return step.state === 'running' ? ending(streamed, width) : ''
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
