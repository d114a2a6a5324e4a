import { opendir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { kindOf, type Place } from './path.ts'

/** Large, and nothing that somebody wrote. */
const SKIPPED = new Set(['node_modules', '.git'])

/**
 * What lies in a folder and in its folders down to `depth` levels, each folder sorted by name, a folder before what
 * it holds. Links are named but not followed; folders that may not be read are taken for empty.
 */
export async function* walk(folder: Place, depth: number, signal: AbortSignal): AsyncGenerator<Place> {
  for (const entry of await readFolder(folder)) {
    signal.throwIfAborted()
    yield entry
    if (entry.kind === 'folder' && depth > 1) yield* walk(entry, depth - 1, signal)
  }
}

async function readFolder(folder: Place): Promise<Place[]> {
  const entries: Place[] = []
  try {
    for await (const entry of await opendir(folder.real)) {
      if (SKIPPED.has(entry.name)) continue
      entries.push({
        real: join(folder.real, entry.name),
        shown: folder.shown === '.' ? entry.name : `${folder.shown}/${entry.name}`,
        kind: kindOf(entry),
      })
    }
    // Somebody may have put a link in the place of the folder since it was found.
    if ((await realpath(folder.real)) !== folder.real) return []
  } catch {
    return []
  }
  return entries.sort((a, b) => (a.shown < b.shown ? -1 : 1))
}
