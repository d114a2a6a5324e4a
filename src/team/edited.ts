import { basename, join, relative } from 'node:path'
import { CrewError } from '../errors.ts'
import { canonical, type JsonObject } from '../json.ts'
import type { Pinned, Team } from './load.ts'
import { readSheet, readSheetsOf } from './sheet.ts'
import { parseSource, readText } from './source/source.ts'

/** The team file that a team is pinned from, as one would name it from here. Throws `usage` when it came on stdin. */
export function fileOf({ path, root }: Pick<Team, 'path' | 'root'>): string {
  if (path === '-') {
    throw new CrewError('usage', 'the team of this run came on stdin, and has no file', {
      hint: 'name one, like --team team.yaml',
    })
  }
  return relative('.', join(root, basename(path)))
}

/**
 * Whether the file of a pinned team, or one that it includes, has been changed since, so that it says something else now.
 * What is gone or cannot be read is no other team.
 */
export async function isEdited(team: Pinned & Pick<Team, 'path'>): Promise<boolean> {
  try {
    const file = fileOf(team)
    const sheet = await readSheet(parseSource(file, await readText(file)), team.root)
    const files: Record<string, JsonObject> = {}
    for (const [path, inner] of await readSheetsOf(sheet)) {
      if (inner instanceof Error) return false
      files[path] = inner.value
    }
    return canonical([sheet.value, files]) !== canonical([team.pinned, team.files])
  } catch {
    return false
  }
}
