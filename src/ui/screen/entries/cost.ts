import type { ChalkInstance } from 'chalk'
import { isObject } from '../../../json.ts'
import { runBudget } from '../../../policies/budget.ts'
import { add, type Spend, type Total, zero } from '../../../spend.ts'
import type { RunView } from '../../../store/view.ts'
import { formatDollars, formatTokens } from '../../format.ts'
import { widthOf } from '../../text.ts'
import { cell, excerpt, shareBar } from '../excerpt.ts'
import type { Row } from '../feed.ts'
import { barOf, padStart } from '../fit.ts'
import type { Entry } from '../pager.ts'

/** What one agent spent with one model. */
interface Share {
  readonly agent: string
  readonly model: string
  readonly total: Total
}

export interface Bill {
  readonly spent: Total
  readonly rehearsal: boolean
  /** It is running: there is a burn, and something ahead. */
  readonly isLive: boolean
  /** Reserved by calls that are under way. */
  readonly reserved: { readonly usd: number; readonly tokens: number; readonly calls: number }
  /** What cost most first. */
  readonly shares: readonly Share[]
  /** What the run, and agents in it, may take. */
  readonly budgets: readonly Budget[]
  /** Dollars a minute. */
  readonly burn: number
  /** Dollars that those at work will still take, when those of their kind that are done tell. */
  readonly ahead?: { readonly usd: number; readonly agents: number }
}

interface Budget {
  readonly of: string
  readonly unit: 'usd' | 'tokens'
  readonly most: number
  readonly spent: number
  readonly reserved: number
}

export function billOf(view: RunView, rows: Iterable<Row>, burn: number): Bill {
  const shares = new Map<string, Share>()
  const reservations: Spend[] = []
  const charge = ({ spent }: { readonly spent?: Spend }) => {
    if (!spent) return
    const { agent = '(not known)', model = '(not known)' } = spent
    const id = JSON.stringify([agent, model])
    const share = shares.get(id) ?? { agent, model, total: zero() }
    add(share.total, spent)
    shares.set(id, share)
  }
  for (const { notes, state, reserved } of view.steps.values()) {
    for (const note of notes) if ('spent' in note) charge(note)
    if (state === 'running' && reserved) reservations.push(reserved)
  }
  for (const note of view.notes) if ('spent' in note) charge(note)
  const isLive = view.state === 'running'
  const ahead = isLive ? aheadOf(rows) : undefined
  return {
    spent: view.spent,
    rehearsal: view.rehearsal,
    isLive,
    reserved: { ...sumOf(reservations), calls: reservations.length },
    shares: [...shares.values()].sort(
      (a, b) => b.total.usd - a.total.usd || tokensOf(b.total) - tokensOf(a.total),
    ),
    budgets: budgetsOf(view, shares.values(), reservations),
    burn,
    ...(ahead && { ahead }),
  }
}

function sumOf(reservations: readonly Spend[]) {
  return {
    usd: reservations.reduce((sum, { usd = 0 }) => sum + usd, 0),
    tokens: reservations.reduce((sum, { input, output }) => sum + input + output, 0),
  }
}

function tokensOf({ input, output }: Total): number {
  return input + output
}

function budgetsOf(view: RunView, shares: Iterable<Share>, reservations: readonly Spend[]): Budget[] {
  const { team } = view.definition
  const declared = isObject(team) && isObject(team.budget) ? team.budget : {}
  const agents = isObject(team) && isObject(team.agents) ? team.agents : {}
  const ofAgents = Object.entries(agents).flatMap(([name, spec]) => {
    if (!isObject(spec) || !isObject(spec.budget)) return []
    const own = [...shares].filter(({ agent }) => agent === name).map(({ total }) => total)
    const spent = {
      usd: own.reduce((sum, { usd }) => sum + usd, 0),
      tokens: own.reduce((sum, total) => sum + tokensOf(total), 0),
    }
    return limitsIn(
      `budget ${name}`,
      spec.budget,
      spent,
      sumOf(reservations.filter(({ agent }) => agent === name)),
    )
  })
  const whole = { usd: view.spent.usd, tokens: tokensOf(view.spent) }
  return [...limitsIn('budget', runBudget([declared], view.limits), whole, sumOf(reservations)), ...ofAgents]
}

type Amounts = { readonly usd: number; readonly tokens: number }

function limitsIn(of: string, declared: object, spent: Amounts, reserved: Amounts): Budget[] {
  return (['usd', 'tokens'] as const).flatMap(unit => {
    const most: unknown = Reflect.get(declared, unit)
    return typeof most === 'number' ? [{ of, unit, most, spent: spent[unit], reserved: reserved[unit] }] : []
  })
}

/** Those of a kind that are done and say what the others will take. */
const ENOUGH = 3

/** Nothing, where not all that are at work have enough of their kind behind them: it would be a guess. */
function aheadOf(rows: Iterable<Row>): Bill['ahead'] {
  const done = new Map<string, number[]>()
  const working: Row[] = []
  for (const row of rows) {
    const { state, spent } = row.step
    if (state === 'succeeded') {
      const known = done.get(row.agent) ?? []
      known.push(spent.usd)
      done.set(row.agent, known)
    } else if (state === 'running') working.push(row)
  }
  let usd = 0
  for (const { agent, step } of working) {
    const known = done.get(agent) ?? []
    if (known.length < ENOUGH) return undefined
    const mean = known.reduce((sum, each) => sum + each, 0) / known.length
    usd += Math.max(0, mean - step.spent.usd)
  }
  return usd > 0 ? { usd, agents: working.length } : undefined
}

/** All about the money, as lines that can be gone through. */
export function costEntries(bill: Bill, style: ChalkInstance): Entry[] {
  const { spent, shares, budgets } = bill
  const line = (id: string, draw: (width: number) => string): Entry => ({ id, head: draw })
  const gap = (id: string) => line(id, () => '')
  return [
    line('spent', width => drawSpent(bill, width, style)),
    ...(bill.reserved.calls > 0 ? [line('reserved', width => drawReserved(bill, width, style))] : []),
    ...(bill.isLive && !bill.rehearsal ? [line('burn', width => drawBurn(bill, width, style))] : []),
    ...(budgets.length > 0 ? [gap('gap-1')] : []),
    ...budgets.map(budget =>
      line(`budget ${budget.of} ${budget.unit}`, width => drawBudget(budget, width, style)),
    ),
    ...(shares.length > 0 ? [gap('gap-2'), line('head', width => style.dim(drawHead(width)))] : []),
    ...shares.map(share => ({
      ...line(`${share.agent} ${share.model}`, width => drawShare(share, spent, width, style)),
      text: `${share.agent} ${share.model}`,
    })),
  ]
}

function about({ estimated }: Total): string {
  return estimated > 0 ? '~' : ''
}

function drawSpent({ spent, rehearsal }: Bill, width: number, style: ChalkInstance): string {
  const calls = `${formatTokens(spent.calls)} ${spent.calls === 1 ? 'call' : 'calls'}`
  const tokens = `${about(spent)}${formatTokens(tokensOf(spent))} tokens`
  const money = spent.calls > 0 && spent.unpriced === spent.calls ? 'price unknown' : moneyOf(spent)
  const unpriced =
    spent.unpriced > 0 && spent.unpriced < spent.calls ? `, ${spent.unpriced} of unknown price` : ''
  const what = rehearsal ? 'would cost' : 'spent'
  return `${label(what, style)}${style.bold(money)}${style.dim(` ${excerpt(`· ${tokens} · ${calls}${unpriced}`, width - LABEL - 2 - money.length)}`)}`
}

function moneyOf(total: Total): string {
  return `${about(total)}${formatDollars(total.usd)}`
}

/** Columns of what a line is about. */
const LABEL = 16

function label(text: string, style: ChalkInstance): string {
  return `${style.dim(cell(text, LABEL))} `
}

function drawReserved({ reserved }: Bill, width: number, style: ChalkInstance): string {
  const { usd, tokens, calls } = reserved
  const words = `at most ${formatDollars(usd)}, ${formatTokens(tokens)} tokens, by ${calls} ${calls === 1 ? 'call' : 'calls'} under way`
  return label('reserved', style) + excerpt(words, width - LABEL - 1)
}

function drawBurn({ burn, ahead }: Bill, width: number, style: ChalkInstance): string {
  const now = `${formatDollars(burn)} in the last minute`
  const more = ahead
    ? ` · about ${formatDollars(ahead.usd)} more by the ${formatTokens(ahead.agents)} under way, if they are like the others`
    : ''
  return label('burn', style) + excerpt(now + more, width - LABEL - 1)
}

function drawBudget(budget: Budget, width: number, style: ChalkInstance): string {
  const { of, unit, most, spent, reserved } = budget
  const show = unit === 'usd' ? formatDollars : formatTokens
  const share = most > 0 ? spent / most : 1
  const paint = share >= 0.9 ? style.red : share >= 0.7 ? style.yellow : style.green
  const bar = Math.max(10, Math.min(40, width - 60))
  const { full, held, empty } = barOf(share, bar, most > 0 ? reserved / most : 0)
  const aside = reserved > 0 ? `, ${show(reserved)} reserved` : ''
  const words = `${show(spent)} of ${show(most)}${unit === 'tokens' ? ' tokens' : ''} (${percent(share)})${aside}`
  return `${label(of, style)}${paint(full + held)}${style.dim(empty)} ${excerpt(words, width - bar - LABEL - 2)}`
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

function widthsFor(width: number) {
  if (width >= 100) return { agent: 28, model: 30, bar: 20, numbers: [9, 8, 8, 9] }
  // In narrow ones the model is left out, and what was cached.
  if (width >= 76) return { agent: 16, model: 13, bar: 5, numbers: [8, 7, 7, 9] }
  return { agent: 16, model: 0, bar: 6, numbers: [8, 7, 0, 9] }
}

/** A number of tokens in at most seven columns. */
function shortTokens(count: number): string {
  if (count < 1_000_000) return formatTokens(count)
  return `${(count / 1_000_000).toFixed(count < 100_000_000 ? 2 : 0)}M`
}

function drawHead(width: number): string {
  const { agent, model, numbers } = widthsFor(width)
  const names = `${'agent'.padEnd(agent)} ${model > 0 ? `${'model'.padEnd(model)} ` : ''}`
  return `${names}${columnsOf(['in', 'out', 'cached', 'cost'], numbers)}  share`.slice(0, width)
}

/** The name of a model, without its provider where there is no room for both. */
function modelIn(model: string, width: number): string {
  return widthOf(model) <= width ? model : model.slice(model.indexOf('/') + 1)
}

/** Those for which there is room, aligned to the right. */
function columnsOf(texts: readonly string[], widths: readonly number[]): string {
  const shown = texts.flatMap((text, index) => (widths[index] ? [padStart(text, widths[index])] : []))
  return shown.join(' ')
}

function drawShare({ agent, model, total }: Share, all: Total, width: number, style: ChalkInstance): string {
  const widths = widthsFor(width)
  const share = all.usd > 0 ? total.usd / all.usd : tokensOf(total) / Math.max(1, tokensOf(all))
  const cost = total.unpriced === total.calls ? '?' : moneyOf(total)
  const cached = total.cached > 0 ? shortTokens(total.cached) : '–'
  const numbers = columnsOf(
    [shortTokens(total.input), shortTokens(total.output), cached, cost],
    widths.numbers,
  )
  const names = `${cell(agent, widths.agent)} ${widths.model > 0 ? `${style.dim(cell(modelIn(model, widths.model), widths.model))} ` : ''}`
  const bar = style.cyan(shareBar(share, widths.bar))
  return `${names}${numbers}  ${bar}${percent(share).padStart(6)}`
}
