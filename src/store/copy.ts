import Database from 'better-sqlite3'
import { writeWhole } from '../draft.ts'

interface Placing {
  /** A file that is there is replaced. */
  readonly replaces: boolean
  /** A copy that is not right is dropped, and nothing is put in place. */
  readonly isRight: (copy: Database.Database) => boolean
}

/** Copies a database that may be in use, as it is in one moment, into `file`. */
export async function copyDatabase(
  database: Database.Database,
  file: string,
  { replaces, isRight }: Placing,
): Promise<void> {
  await writeWhole(file, { replaces }, async draft => {
    // All pages in one step: a copy in several begins anew whenever another process has written.
    await database.backup(draft, { progress: () => ALL_PAGES })
    const copy = new Database(draft)
    try {
      // A single file, that can be moved like any other.
      copy.pragma('journal_mode = DELETE')
      return isRight(copy)
    } finally {
      copy.close()
    }
  })
}

const ALL_PAGES = 2 ** 31 - 1
