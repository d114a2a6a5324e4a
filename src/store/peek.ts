import { existsSync } from 'node:fs'
import Database from 'better-sqlite3'
import type { Clock } from '../clock.ts'
import { decode, type Row } from './codec.ts'
import type { Event } from './events.ts'
import { type Holder, isAlive } from './lease.ts'
import type { RunState } from './states.ts'

/** How long a statement may wait for who is writing, in milliseconds: somebody waits for a key press to do something. */
const PATIENCE = 50

/** A run in a few words. */
interface RunInShort {
  readonly id: string
  readonly team: string
  readonly state: RunState
  readonly createdAt: number
}

/** A store that is only looked at: it is neither created, nor migrated, nor written. */
export interface Peek {
  /** The newest first; `idPrefix` is the beginning of their ids. */
  runs(query: {
    readonly idPrefix?: string
    readonly limit: number
    readonly clock: Pick<Clock, 'now' | 'uptime'>
  }): readonly RunInShort[]
  /** All events of a run, or the first ones. */
  events(run: string, limit?: number): readonly Event[]
  /** Steps of agents whose keys begin with `prefix`, in the order in which they began. */
  steps(
    run: string,
    prefix: string,
    limit: number,
  ): readonly { readonly key: string; readonly agent: string }[]
  /** Keys of the questions for which somebody has left an answer. */
  answered(run: string): ReadonlySet<string>
  teams(): readonly string[]
  close(): void
}

/** Looks into the store in the file `path`; nothing when there is none. Throws what SQLite throws. */
export function peek(path: string): Peek | undefined {
  if (!existsSync(path)) return undefined
  const database = new Database(path, { readonly: true, fileMustExist: true, timeout: PATIENCE })
  const payload = (id: number) =>
    database.prepare('SELECT json FROM payloads WHERE id = ?').pluck().get(id) as string | undefined
  return {
    runs({ idPrefix = '', limit, clock }) {
      const rows = database
        .prepare(
          `SELECT *, created_at AS createdAt FROM runs
           WHERE id >= ? AND id < ? ORDER BY created_at DESC, id DESC LIMIT ?`,
        )
        .all(idPrefix, `${idPrefix}\uffff`, limit) as RawRun[]
      return rows.map(({ id, team, createdAt, state, ...row }) => {
        // A store of an older crew has fewer columns.
        const holder = { boot: null, born: null, pulse: null, ...row }
        const isHeld = holder.host !== null && isAlive(holder as Holder, clock)
        return { id, team, createdAt, state: state === 'running' && !isHeld ? 'interrupted' : state }
      })
    },
    events(run, limit = -1) {
      const rows = database
        .prepare('SELECT seq, at, type, data, refs FROM events WHERE run = ? ORDER BY seq LIMIT ?')
        .all(run, limit) as Row[]
      return rows.map(row => decode(row, payload))
    },
    steps(run, prefix, limit) {
      return database
        .prepare(
          `SELECT data ->> '$.key' AS key, data ->> '$.agent' AS agent FROM events
           WHERE run = ? AND type = 'step.started' AND data ->> '$.kind' = 'agent' AND key >= ? AND key < ?
           GROUP BY key ORDER BY min(seq) LIMIT ?`,
        )
        .all(run, prefix, `${prefix}\uffff`, limit) as { key: string; agent: string }[]
    },
    answered(run) {
      const keys = database
        .prepare("SELECT key FROM signals WHERE run = ? AND kind = 'answer'")
        .pluck()
        .all(run)
      return new Set(keys as string[])
    },
    teams() {
      return database
        .prepare('SELECT team FROM runs GROUP BY team ORDER BY max(created_at) DESC LIMIT 50')
        .pluck()
        .all() as string[]
    },
    close() {
      database.close()
    },
  }
}

interface RawRun extends RunInShort {
  readonly host: string | null
  readonly pid: number | null
  readonly heartbeat: number
}
