import type Database from 'better-sqlite3'
import type { Clock } from '../clock.ts'
import { explain, openDatabase } from './database.ts'
import { whenFree } from './patience.ts'

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
  const immediately = database.transaction((body: () => unknown) => body()).immediate
  return {
    database,
    clock,
    async write(body) {
      try {
        return await whenFree(clock, () => immediately(body) as ReturnType<typeof body>)
      } catch (error) {
        throw explain(error, path)
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
