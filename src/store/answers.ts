import type { Json } from '../json.ts'
import type { Connection } from './connection.ts'

/** An answer that was good once, kept for whoever asks the same. */
export interface Answer {
  readonly output: Json
  /** The run that it comes from. */
  readonly run: string
  /** When it was given, in milliseconds since the epoch. */
  readonly at: number
  /** What it took to get it. */
  readonly took: Took
}

export interface Took {
  readonly tokens: number
  /** US dollars; absent when nobody knows the price. */
  readonly usd?: number
  readonly milliseconds: number
}

/** Answers by what they depend on: shared by all runs of the store. */
export interface Answers {
  /** The answer under `key`, unless it is older than `since`. */
  find(key: string, since: number): Promise<Answer | undefined>
  /** Keeps an answer, and drops what is kept for too long or is too much: the oldest first. */
  keep(key: string, answer: Answer, keeping: Keeping): Promise<void>
}

interface Keeping {
  /** Whose answers are counted together. */
  readonly owner: string
  /** How many of them are kept. */
  readonly entries: number
  /** When it is dropped in any case. */
  readonly until: number
}

/** All answers together, in bytes. */
const MOST_BYTES = 64 * 1024 * 1024

export function createAnswers({ database, read, write }: Connection, mostBytes = MOST_BYTES): Answers {
  const select = database.prepare('SELECT * FROM answers WHERE key = ? AND at >= ?')
  const upsert = database.prepare(
    `INSERT INTO answers (key, owner, run, at, until, bytes, output, tokens, usd, milliseconds)
     VALUES (:key, :owner, :run, :at, :until, length(CAST(:output AS BLOB)), :output, :tokens, :usd, :milliseconds)
     ON CONFLICT (key) DO UPDATE SET owner = :owner, run = :run, at = :at, until = max(until, :until),
       bytes = excluded.bytes, output = :output, tokens = :tokens, usd = :usd, milliseconds = :milliseconds`,
  )
  const dropOld = database.prepare('DELETE FROM answers WHERE until < ?')
  const dropMany = database.prepare(
    `DELETE FROM answers WHERE rowid IN (
       SELECT rowid FROM answers WHERE owner = :owner ORDER BY at DESC, rowid DESC LIMIT -1 OFFSET :entries)`,
  )
  const dropLarge = database.prepare(
    `DELETE FROM answers WHERE rowid IN (
       SELECT rowid FROM (
         SELECT rowid, sum(bytes) OVER (ORDER BY at DESC, rowid DESC) AS total FROM answers)
       WHERE total > ?)`,
  )
  return {
    async find(key, since) {
      const row = read(() => select.get(key, since)) as Row | undefined
      if (!row) return undefined
      const { output, run, at, tokens, usd, milliseconds } = row
      return {
        output: JSON.parse(output),
        run,
        at,
        took: { tokens, ...(usd !== null && { usd }), milliseconds },
      }
    },
    async keep(key, { output, run, at, took }, { owner, entries, until }) {
      await write(() => {
        upsert.run({ key, owner, run, at, until, output: JSON.stringify(output), usd: null, ...took })
        dropOld.run(at)
        dropMany.run({ owner, entries })
        dropLarge.run(mostBytes)
      })
    },
  }
}

interface Row extends Pick<Took, 'tokens' | 'milliseconds'> {
  readonly usd: number | null
  readonly output: string
  readonly run: string
  readonly at: number
}
