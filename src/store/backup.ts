import { existsSync, realpathSync } from 'node:fs'
import { CrewError } from '../errors.ts'
import { copyDatabase } from './copy.ts'
import { explain, openDatabase } from './database.ts'

/**
 * Copies a store, also one in use, into `file`: as it is in one moment, read through before it is put in place, or not at
 * all. How many runs are in it.
 */
export async function backUp(
  path: string,
  file: string,
  { replaces }: { readonly replaces: boolean },
): Promise<number> {
  if (!existsSync(path))
    throw new CrewError('store', `there is no store ${path}`, {
      hint: 'the first run creates it: crew run TEAM --rehearse',
    })
  for (const own of ['', '-wal', '-shm']) {
    const isOwn =
      existsSync(file) && existsSync(path + own) && realpathSync(file) === realpathSync(path + own)
    if (isOwn) throw new CrewError('usage', `${file} is the store itself`, { hint: 'name another file' })
  }
  const database = await openDatabase(path)
  let runs = 0
  try {
    await copyDatabase(database, file, {
      replaces,
      isRight(copy) {
        const found = copy.pragma('integrity_check(1)', { simple: true })
        if (found !== 'ok')
          throw new CrewError('store', `the store ${path} is damaged, and was not copied: ${found}`, {
            hint: 'see what of it is well with: crew doctor --store',
          })
        runs = copy.prepare('SELECT count(*) FROM runs').pluck().get() as number
        return true
      },
    })
    return runs
  } catch (error) {
    throw explain(error, path)
  } finally {
    database.close()
  }
}
