import type { Connection } from './connection.ts'

/** What people call runs by. A run that has a tag is kept. */
export interface Tags {
  add(run: string, tags: readonly string[]): Promise<void>
  remove(run: string, tags: readonly string[]): Promise<void>
  /** Of one run, or of all that have any; runs and tags in order. */
  all(run?: string): Promise<ReadonlyMap<string, readonly string[]>>
}

export function createTags({ database, read, write }: Connection): Tags {
  const insert = database.prepare(
    'INSERT OR IGNORE INTO tags (run, tag) SELECT id, :tag FROM runs WHERE id = :run',
  )
  const remove = database.prepare('DELETE FROM tags WHERE run = :run AND tag = :tag')
  const select = database.prepare(
    'SELECT run, tag FROM tags WHERE run = coalesce(:run, run) ORDER BY run, tag',
  )
  return {
    async add(run, tags) {
      await write(() => {
        for (const tag of tags) insert.run({ run, tag })
      })
    },
    async remove(run, tags) {
      await write(() => {
        for (const tag of tags) remove.run({ run, tag })
      })
    },
    async all(run) {
      const found = new Map<string, string[]>()
      for (const row of read(() => select.all({ run: run ?? null })) as { run: string; tag: string }[])
        found.set(row.run, [...(found.get(row.run) ?? []), row.tag])
      return found
    },
  }
}
