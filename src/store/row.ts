import type { Clock } from '../clock.ts'
import { type Holder, isAlive } from './lease.ts'
import type { RunState } from './states.ts'
import type { RunRow } from './store.ts'

/** A row of the table of runs. */
export interface RawRun {
  id: string
  team: string
  path: string
  rehearsal: number
  created_at: number
  updated_at: number
  state: RunState
  stop: string | null
  tokens: number
  usd: number
  unpriced: number
  parent: string | null
  epoch: number
  host: string | null
  pid: number | null
  heartbeat: number
  boot: string | null
  born: string | null
  pulse: number | null
  /** Its last event elsewhere, when it came from another store. */
  imported: number
}

export function holderOf({ host, pid, ...row }: RawRun): Holder | undefined {
  return host === null || pid === null ? undefined : { ...row, host, pid }
}

export function toRunRow(row: RawRun, clock: Clock): RunRow {
  const holder = holderOf(row)
  const isHeld = holder !== undefined && isAlive(holder, clock)
  return {
    id: row.id,
    team: row.team,
    path: row.path,
    rehearsal: row.rehearsal === 1,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    state: row.state === 'running' && !isHeld ? 'interrupted' : row.state,
    ...(row.stop !== null && { stop: row.stop }),
    tokens: row.tokens,
    usd: row.usd,
    unpriced: row.unpriced === 1,
    ...(row.parent !== null && { parent: row.parent }),
    ...(isHeld &&
      (row.state === 'running' || row.state === 'waiting') && {
        owner: { host: holder.host, pid: holder.pid },
      }),
  }
}
