import { realpath, stat } from 'node:fs/promises'
import { basename, isAbsolute, relative, resolve, sep } from 'node:path'
import * as z from 'zod'
import { CrewError } from '../errors.ts'
import { homeFolder } from '../home.ts'
import { quoted } from './names.ts'
import type { Ground, Root } from './tool.ts'

const rootName = z.string().regex(/^[A-Za-z0-9][\w.-]+$/, 'a name is two or more letters, digits, ., - and _')

/** Folders that a team file declares besides its own. */
export const roots = z
  .array(z.union([z.string().min(1), z.strictObject({ name: rootName, path: z.string().min(1) })]))
  .describe(
    "Folders besides the team's that file tools may touch, relative to the team file: PATH, or {name, path}",
  )

/** The working folder (without label), or a further one, and where it really is. */
export interface Top {
  /** How paths in it begin: `NAME:`, or nothing. */
  readonly label: string
  readonly real: string
}

/**
 * The declared folders, as tools are handed them. One is called by the last part of its path unless it has a name.
 * No two may hold the same file, for a rule about one of its names would not hold for the other: one that lies in
 * another, or in the team's folder, is refused. Only the team's folder may lie in one of them: it keeps its own names.
 * Throws a CrewError `definition`.
 */
export async function openRoots(declared: z.infer<typeof roots>, teamFolder: string): Promise<Root[]> {
  const own = await realpath(teamFolder)
  const homes = await ownFolders()
  const opened: Root[] = []
  for (const entry of declared) {
    const path = typeof entry === 'string' ? entry : entry.path
    const folder = await folderAt(resolve(own, path), path)
    const name = typeof entry === 'string' ? basename(folder) : entry.name
    if (!rootName.safeParse(name).success)
      throw refused(path, `has the name ${quoted(name)}`, 'give it another one: { name: NAME, path: … }')
    if (holds(own, folder))
      throw refused(path, "lies in the team's folder, which tools may touch anyway", 'leave it out')
    if (homes.some(home => holds(home, folder)))
      throw refused(path, 'belongs to crew itself', 'name another folder')
    for (const other of opened) {
      if (other.name.toLowerCase() === name.toLowerCase())
        throw refused(
          path,
          `has the same name as ${other.folder}`,
          'give it another: { name: NAME, path: … }',
        )
      if (holds(other.folder, folder) || holds(folder, other.folder))
        throw refused(path, `and ${other.folder} lie one in the other`, 'name only one of them')
    }
    opened.push({ name, folder })
  }
  return opened
}

async function folderAt(folder: string, path: string): Promise<string> {
  try {
    if ((await stat(folder)).isDirectory()) return await realpath(folder)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const problem = code === 'ENOENT' ? 'does not exist' : `cannot be reached (${code})`
    throw refused(path, problem, 'make the folder, or leave it out')
  }
  throw refused(path, 'is not a folder', 'name the folder that the file is in')
}

function refused(path: string, problem: string, hint: string): CrewError {
  return new CrewError('definition', `permissions.roots: ${quoted(path)} ${problem}`, { hint })
}

/** All folders that tools may touch, the working folder first. One that is gone by now holds nothing. */
export async function topsOf({ root, roots: further = [] }: Ground): Promise<Top[]> {
  const working = { label: '', real: await realpath(root) }
  const declared = further.map(async ({ name, folder }) => {
    const real = await realpath(folder).catch(() => undefined)
    return real === undefined ? [] : [{ label: `${name}:`, real }]
  })
  return [working, ...(await Promise.all(declared)).flat()]
}

/** The innermost of the folders that hold something: the one that names it. */
export function topOf(tops: readonly Top[], place: string): Top | undefined {
  return tops
    .filter(({ real }) => holds(real, place))
    .sort((a, b) => b.real.length - a.real.length)
    .at(0)
}

/** Where crew keeps its store, copies and settings: no business of a tool, wherever its roots are. */
export async function ownFolders(): Promise<string[]> {
  const folders = [...new Set([homeFolder('data'), homeFolder('config')])]
  const found = await Promise.all(folders.map(folder => realpath(folder).catch(() => undefined)))
  return found.filter(folder => folder !== undefined)
}

/**
 * Whether something in `top` belongs to crew itself. A working folder that lies in crew's own folder does not: the
 * copies in which agents work side by side are kept there.
 */
export function isOwn(own: readonly string[], { label, real: folder }: Top, real: string): boolean {
  return own.some(home => holds(home, real) && !(label === '' && folder !== home && holds(home, folder)))
}

/** Whether `place` is `folder` or lies in it. */
export function holds(folder: string, place: string): boolean {
  const way = relative(folder, place)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}
