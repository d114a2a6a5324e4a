import type { ChalkInstance } from 'chalk'
import { teamOf } from '../../../exchange/exchange.ts'
import type { FactOf } from '../../../store/events.ts'
import type { RunView } from '../../../store/view.ts'
import { formatTime } from '../../format.ts'
import { cell, inShort, textOf } from '../excerpt.ts'
import type { Entry } from '../pager.ts'

type Write = FactOf<'board.written'> & { readonly at: number }

/** What was ever written under one name, oldest first. */
export interface Slot {
  readonly name: string
  /** The step of the team whose board it is; empty for that of the run. */
  readonly team: string
  readonly writes: Write[]
}

/** Everything on the boards of a run, in the order in which it first came there. */
export function slotsOf({ exchanged, steps }: Pick<RunView, 'exchanged' | 'steps'>): Slot[] {
  const slots = new Map<string, Slot>()
  for (const fact of exchanged) {
    if (fact.type !== 'board.written') continue
    const team = teamOf(fact.key, steps)
    const id = `${team}/${fact.name}`
    const slot = slots.get(id) ?? { name: fact.name, team, writes: [] }
    slot.writes.push(fact)
    slots.set(id, slot)
  }
  return [...slots.values()]
}

/** A line for each name; the one that was written last is lit, and each unfolds to all that it ever was. */
export function boardEntries(slots: readonly Slot[], style: ChalkInstance): Entry[] {
  const latest = Math.max(0, ...slots.flatMap(({ writes }) => writes.map(({ at }) => at)))
  return slots.flatMap(slot => {
    const last = slot.writes.at(-1)
    if (!last) return []
    return [
      {
        id: `${slot.team}/${slot.name}`,
        head: width => drawSlot(slot, last, last.at === latest, width, style),
        text: `${slot.name} ${last.by}`,
        body: () => historyOf(slot),
      },
    ]
  })
}

export function boardHead(width: number): string {
  const { name, by } = widthsFor(width)
  return `${'  name'.padEnd(name)} ${'version'.padStart(7)}  ${'by'.padEnd(by)} ${'when'.padEnd(8)}  value`
}

function widthsFor(width: number) {
  return width >= 110 ? { name: 26, by: 20 } : { name: 16, by: 12 }
}

function drawSlot(
  { name, team, writes }: Slot,
  { version, by, at, value }: Write,
  isLit: boolean,
  width: number,
  style: ChalkInstance,
): string {
  const widths = widthsFor(width)
  const paint = isLit ? style.cyan : style.reset
  const changes = writes.length > 1 ? `${version}↑` : `${version} `
  const title = cell(team === '' ? name : `${team}: ${name}`, widths.name - 2)
  const left = widths.name + 1 + 7 + 2 + widths.by + 1 + 8 + 2
  const said = inShort(value, Math.max(1, width - left))
  return `${paint(`${isLit ? '•' : ' '} ${title}`)} ${changes.padStart(7)}  ${cell(by, widths.by)} ${style.dim(formatTime(at))}  ${paint(said)}`
}

/** The newest first. */
function historyOf({ writes }: Slot): string {
  return writes
    .toReversed()
    .map(
      ({ version, by, at, value, key }) =>
        `version ${version} by ${by} at ${formatTime(at)} in ${key}\n${textOf(value)}`,
    )
    .join('\n\n')
}
