import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { explain, openDatabase } from './database.ts'

/** The file of a store as it is found. Sizes in bytes. */
export interface StoreFile {
  /** Version of its schema; absent when there is no file yet. */
  readonly schema?: number
  readonly size: number
  /** What is left on its disk. */
  readonly free: number
  /** Whether it was read through, and what SQLite said; absent for a file that is too large for that. */
  readonly integrity?: string
}

/** Reading through a gigabyte takes about a second. */
const LARGEST_CHECKED = 200 * 2 ** 20

/** Looks at a store without creating it. Throws `store` or `store-newer` when it could not be used. */
export async function inspectStore(path: string): Promise<StoreFile> {
  try {
    const folder = existingFolder(path)
    const { bavail, bsize } = statfsSync(folder)
    const free = bavail * bsize
    accessSync(folder, constants.W_OK)
    if (!existsSync(path)) return { size: 0, free }
    const { size } = statSync(path)
    const database = await openDatabase(path)
    try {
      const schema = database.pragma('user_version', { simple: true }) as number
      const checked = size < LARGEST_CHECKED && {
        integrity: String(database.pragma('quick_check', { simple: true })),
      }
      return { schema, size, free, ...checked }
    } finally {
      database.close()
    }
  } catch (error) {
    throw explain(error, path)
  }
}

/** The folder that the file is in, or the nearest one above that exists. */
function existingFolder(path: string): string {
  let folder = dirname(resolve(path))
  while (!existsSync(folder)) folder = dirname(folder)
  return folder
}
