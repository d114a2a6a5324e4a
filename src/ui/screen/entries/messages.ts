import type { ChalkInstance } from 'chalk'
import { formatTime } from '../../format.ts'
import { describeDeliveries, type MessageRow } from '../../messages.ts'
import { cell, inShort, textOf } from '../excerpt.ts'
import type { Entry } from '../pager.ts'

/** Who has to do with messages, in the order in which they came into it. */
export function partiesOf(rows: readonly MessageRow[]): string[] {
  return [...new Set(rows.flatMap(({ from, to }) => (to === undefined ? [from] : [from, to])))]
}

/** Messages that `party` sent or got; all of them without one. */
export function messageEntries(
  rows: readonly MessageRow[],
  party: string | undefined,
  style: ChalkInstance,
): Entry[] {
  const isMeant = ({ from, to, deliveries }: MessageRow) =>
    party === undefined || from === party || to === party || deliveries.some(({ to }) => to === party)
  return rows.filter(isMeant).map(row => ({
    id: row.id,
    head: width => drawMessage(row, width, style),
    text: `${row.from} ${targetOf(row)} ${row.type}`,
    body: () => bodyOf(row),
  }))
}

export function targetOf({ to, topic }: Pick<MessageRow, 'to' | 'topic'>): string {
  return to ?? (topic === undefined ? 'everybody' : `#${topic}`)
}

export function messageHead(width: number): string {
  const { names, type } = widthsFor(width)
  return `${'time'.padEnd(8)} ${'from → to'.padEnd(2 * names + 3)} ${'type'.padEnd(type)} message`
}

function widthsFor(width: number) {
  if (width >= 110) return { names: 18, type: 14 }
  return width >= 76 ? { names: 12, type: 13 } : { names: 10, type: 0 }
}

function drawMessage(row: MessageRow, width: number, style: ChalkInstance): string {
  const { names, type } = widthsFor(width)
  const { bad, waits } = standing(row)
  const mark = bad ? style.red('✗ ') : waits ? style.yellow('… ') : ''
  const ways = `${cell(row.from, names)} ${style.dim('→')} ${cell(targetOf(row), names)}`
  const left = 8 + 1 + 2 * names + 3 + 1 + (type > 0 ? type + 1 : 0) + (bad || waits ? 2 : 0)
  const kind = type > 0 ? `${style.dim(cell(row.type, type))} ` : ''
  return `${style.dim(formatTime(row.at))} ${ways} ${kind}${mark}${inShort(row.payload, Math.max(1, width - left))}`
}

function standing({ deliveries }: MessageRow) {
  return {
    bad: deliveries.some(({ state, reason }) => state === 'dead' || reason !== undefined),
    waits: deliveries.length === 0,
  }
}

function bodyOf({ deliveries, to, payload, step, replyTo }: MessageRow): string {
  const reasons = deliveries.flatMap(({ to, reason }) => (reason === undefined ? [] : [`${to}: ${reason}`]))
  const facts = [describeDeliveries(deliveries, to), ...reasons, ...(replyTo ? [`answers ${replyTo}`] : [])]
  return `${facts.join(' · ')}\nsent in ${step}\n\n${textOf(payload)}`
}
