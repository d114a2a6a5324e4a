import { teamOf } from '../exchange/exchange.ts'
import { asText, type Json } from '../json.ts'
import type { RunView } from '../store/view.ts'
import { formatTime } from './format.ts'
import { defineListing } from './listing.ts'

interface Row {
  readonly name: string
  readonly version: number
  readonly by: string
  /** When it was written, in milliseconds since the epoch, and in which step. */
  readonly at: number
  readonly step: string
  /** The step in which the team works whose board it is; absent for that of the run itself. */
  readonly team?: string
  readonly value: Json
}

/** What stands on the boards of a run. */
export const board = defineListing<Row>({
  columns: { name: {}, version: { align: 'right' }, by: {}, when: {}, value: { shrinks: true } },
  none: 'nothing stands on the board',

  rows({ exchanged, steps }: RunView) {
    const latest = new Map<string, Row>()
    for (const fact of exchanged) {
      if (fact.type !== 'board.written') continue
      const { key: step, name, version, by, at, value } = fact
      const team = teamOf(step, steps)
      latest.set(`${team}/${name}`, { name, version, by, at, step, ...(team && { team }), value })
    }
    return [...latest].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
  },

  cells: ({ name, version, by, at, team, value }) => [
    team === undefined ? name : `${team}: ${name}`,
    String(version),
    by,
    formatTime(at),
    asText(value),
  ],
})
