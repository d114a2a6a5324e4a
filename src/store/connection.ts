import type Database from 'better-sqlite3'
import { type Clock, sleep } from '../clock.ts'
import { errorCode, explain, openDatabase } from './database.ts'

/** How long a write waits for another process to let go of the database, in milliseconds. */
const PATIENCE = 30_000

/** The one way to the database of a store, for all that is kept in it. Rejects with a CrewError `store`. */
export interface Connection {
  readonly database: Database.Database
  readonly clock: Clock
  /** One transaction that takes the write lock at its start, so that it can never fail half-way for being late. */
  write<T>(body: () => T): Promise<T>
  read<T>(body: () => T): T
}

export async function connect(path: string, clock: Clock, { readOnly = false } = {}): Promise<Connection> {
  const database = await openDatabase(path)
  if (readOnly) database.pragma('query_only = ON')
  return {
    database,
    clock,
    async write(body) {
      const giveUpAt = clock.now() + PATIENCE
      for (;;) {
        try {
          return database.transaction(body).immediate()
        } catch (error) {
          const isBusy = errorCode(error).startsWith('SQLITE_BUSY')
          if (!isBusy || clock.now() >= giveUpAt) throw explain(error, path)
          await sleep(clock, 50)
        }
      }
    },
    read(body) {
      try {
        return body()
      } catch (error) {
        throw explain(error, path)
      }
    },
  }
}
