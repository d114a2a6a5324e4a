import { opendir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { kindOf, type Place } from './path.ts'
import { isOwn, ownFolders, topOf, topsOf } from './roots.ts'
import type { Ground } from './tool.ts'
import { isTemporary } from './write-whole.ts'

/** Large, and nothing that somebody wrote. */
const SKIPPED = new Set(['node_modules', '.git'])

interface Walk {
  /**
   * What lies in a folder and in its folders down to `depth` levels, each folder sorted by name, a folder before what
   * it holds. Links are named but not followed; folders that may not be read are taken for empty.
   */
  walk(folder: Place, depth: number, signal: AbortSignal): AsyncGenerator<Place>
  /** What was left out, so that nobody takes it for all that there is. */
  notes(): string[]
}

/** A walk that leaves out what is crew's own, and what one of `tools` may not touch. */
export async function openWalk(tools: readonly string[], ground: Ground): Promise<Walk> {
  const [tops, own] = await Promise.all([topsOf(ground), ownFolders()])
  let left = 0
  const mayShow = ({ real, shown }: Place) => {
    const top = topOf(tops, real)
    if (!top || isOwn(own, top, real)) return false
    const isAllowed = tools.every(tool => ground.mayTouch?.(tool, shown.split('/')) ?? true)
    if (!isAllowed) left += 1
    return isAllowed
  }
  /** Where one root lies in another one, what is in it has the names of the inner one. */
  const named = (place: Place): Place => {
    const inner = tops.find(({ real }) => real === place.real)
    return inner ? { ...place, shown: inner.label || '.' } : place
  }
  async function* walk(folder: Place, depth: number, signal: AbortSignal): AsyncGenerator<Place> {
    for (const found of await readFolder(folder)) {
      signal.throwIfAborted()
      const entry = named(found)
      if (!mayShow(entry)) continue
      yield entry
      if (entry.kind === 'folder' && depth > 1) yield* walk(entry, depth - 1, signal)
    }
  }
  return {
    walk,
    notes: () => (left > 0 ? [`[Not shown, because it may not be touched: ${left} of them.]`] : []),
  }
}

async function readFolder(folder: Place): Promise<Place[]> {
  const entries: Place[] = []
  try {
    for await (const entry of await opendir(folder.real)) {
      if (SKIPPED.has(entry.name) || isTemporary(entry.name)) continue
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
