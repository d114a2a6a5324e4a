import { asText, isObject, type Json } from '../../../json.ts'
import { cell, excerpt } from '../excerpt.ts'
import { joinFitting } from '../fit.ts'
import { type Drawn, labelOf, type Shape } from './standing.ts'

interface Lot {
  task?: string
  winner?: string
  /** How it stands with the work of the winner. */
  state?: string
  readonly bids: Map<string, Json>
}

/** What is auctioned off, who bids, and who has won. */
export const auction: Shape = (team, width) => {
  const { graph, style } = team
  const lots = lotsOf(team)
  const bidders = graph.nodes.map(({ name }) => labelOf(team, name))
  const lines = [...lots].flatMap(([number, lot]) => {
    const { task, winner, state, bids } = lot
    const mark = markFor(state, winner)
    const paint = { '✓': style.green, '▸': style.cyan, '✗': style.red }[mark] ?? style.dim
    const who = winner === undefined ? style.dim('no award yet') : style.bold(excerpt(winner, 24))
    const title = cell(task ?? `task ${number}`, Math.max(8, Math.min(60, width - 34)))
    const offers = [...bids]
      .sort(([a], [b]) => Number(b === winner) - Number(a === winner))
      .map(([name, bid]) => describeBid(name, bid, name === winner, style))
    return [
      `${paint(mark)} ${style.dim(number.padStart(2))} ${title} ${style.dim('─►')} ${who}`,
      `     ${joinFitting(offers, style.dim(' · '), width - 5)}`,
    ]
  })
  const none = lots.size === 0 ? [style.dim('no bids yet')] : []
  return [...none, ...lines, '', joinFitting(bidders, '   ', width)]
}

function markFor(state: string | undefined, winner: string | undefined): string {
  if (state === 'succeeded') return '✓'
  if (state === 'failed') return '✗'
  return winner === undefined ? '○' : '▸'
}

function lotsOf({ view, prefix }: Drawn): Map<string, Lot> {
  const lots = new Map<string, Lot>()
  const lotOf = (number: string): Lot => {
    const lot = lots.get(number) ?? { bids: new Map() }
    lots.set(number, lot)
    return lot
  }
  for (const { key, state, output, notes, kind } of view.steps.values()) {
    if (!key.startsWith(prefix)) continue
    const names = key.slice(prefix === '' ? 0 : prefix.length + 1).split('/')
    const [group, number = '', round = '', winner] = names
    if (group === 'bids' && kind === 'agent' && names.length === 3)
      lotOf(number).bids.set(round, output ?? state)
    if (group !== 'tasks' || number === '') continue
    for (const note of notes)
      if (note.type === 'decision' && note.what === 'award') award(lotOf(number), note.values)
    if (names.length === 4 && kind === 'agent' && winner === lotOf(number).winner) lotOf(number).state = state
  }
  return lots
}

function award(lot: Lot, values: Json | undefined): void {
  if (!isObject(values)) return
  if (typeof values.task === 'string') lot.task = values.task
  else if (values.task !== undefined) lot.task = asText(values.task)
  if (typeof values.winner === 'string') lot.winner = values.winner
  for (const [name, bid] of Object.entries(isObject(values.bids) ? values.bids : {})) lot.bids.set(name, bid)
  delete lot.state
}

function describeBid(name: string, bid: Json, isWinner: boolean, style: Drawn['style']): string {
  const who = excerpt(name, 24)
  if (!isObject(bid)) return style.dim(`${who} ${bid === 'running' ? 'thinks' : '–'}`)
  const { willing, capable, cost, score } = bid
  if (willing === false || capable === false) return style.dim(`${who} declines`)
  const offer = `${who}${typeof cost === 'number' ? ` asks ${cost}` : ''}${typeof score === 'number' ? ` at ${score}` : ''}`
  return isWinner ? style.bold(offer) : style.dim(offer)
}
