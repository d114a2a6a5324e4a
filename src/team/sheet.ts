import { dirname, join, relative } from 'node:path'
import { CrewError } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import { type Included, includeFiles } from './include.ts'
import type { Finding } from './source/problem.ts'
import { parseSource, readText, type Source } from './source/source.ts'

/** One team file, with all that it includes. */
export interface Sheet {
  readonly source: Source
  /** The file's value with included texts in their places, and absolute paths of the team files that it names. */
  readonly value: JsonObject
  /** Folder of the file, without links. */
  readonly root: string
  readonly included: readonly Included[]
  /** Paths of the team files that it names. */
  readonly teams: readonly string[]
  readonly findings: readonly Finding[]
}

/** Team files by their absolute paths; of those that cannot be read, why. */
export type Sheets = ReadonlyMap<string, Sheet | CrewError>

/** More team files than anybody writes by hand. */
const MOST_FILES = 100

export async function readSheet(source: Source, root: string): Promise<Sheet> {
  return { source, root, ...(await includeFiles(source.value, root)) }
}

/** Every team file that a sheet names, and that those name in turn, each once. */
export async function readSheetsOf(top: Sheet): Promise<Sheets> {
  const sheets = new Map<string, Sheet | CrewError>()
  const toRead = [...top.teams]
  for (const path of toRead) {
    if (sheets.has(path)) continue
    if (sheets.size === MOST_FILES) {
      const message = `the team is made of more than ${MOST_FILES} files`
      throw new CrewError('definition', message, { hint: 'nest less' })
    }
    const sheet = await readFileOf(top, path)
    sheets.set(path, sheet)
    if (!(sheet instanceof CrewError)) toRead.push(...sheet.teams)
  }
  return sheets
}

async function readFileOf({ source, root }: Sheet, path: string): Promise<Sheet | CrewError> {
  try {
    // Named as somebody would who stands where the team file was named from.
    const name = join(dirname(source.name), relative(root, path))
    return await readSheet(parseSource(name, await readText(path)), dirname(path))
  } catch (error) {
    if (error instanceof CrewError) return error
    throw error
  }
}

/** A sheet as a run has pinned it: nothing is left in it to be included. */
export function pinnedSheet(name: string, value: JsonObject, root: string): Sheet {
  const source = parseSource(name, JSON.stringify(value, null, 2))
  return { source, value: source.value, root, included: [], teams: [], findings: [] }
}
