import { constants, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, realpath } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import { CrewError } from '../errors.ts'
import { lookalikeOf, quoted, spellingOf } from './names.ts'
import { holds, isOwn, ownFolders, type Top, topOf, topsOf } from './roots.ts'
import { type Ground, type Plan, toolFailed } from './tool.ts'

/** A place in the file system that was found to lie under one of the roots. */
export interface Place {
  /** Without links and in the spelling of the disk. */
  readonly real: string
  /** Relative to its root, with forward slashes; `.` for the working folder itself. */
  readonly shown: string
  readonly kind: 'file' | 'folder' | 'other'
}

/** A place that somebody asked for. */
export interface Found extends Place {
  /** What permission rules match: where it really is, and how it was called, where that is something else. */
  readonly touches: Plan['touches']
}

/** How far a path leads. */
export interface Way extends Omit<Found, 'kind'> {
  /** What does not exist of the path below that place. */
  readonly rest: readonly string[]
}

/** What a path can be, for the model. */
export const PATH_HINT = "relative to the team's folder; in another declared folder: NAME:/path"

/** As long as a path can be, in bytes. */
const LONGEST = 4095

export function kindOf(entry: Pick<Stats, 'isFile' | 'isDirectory'>): Place['kind'] {
  return entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : 'other'
}

/**
 * Where `path`, as a model gave it, leads to. Rejects with `tool-failed` unless it exists and lies under a root after
 * all links are followed.
 */
export async function resolveUnder(ground: Ground, path: string): Promise<Found> {
  const { rest, ...found } = await follow(ground, path)
  if (rest.length > 0) throw toolFailed(`${quoted(path)} does not exist: see what there is with list_files.`)
  try {
    return { ...found, kind: kindOf(await lstat(found.real)) }
  } catch (error) {
    throw unreachable(path, error)
  }
}

/** What the plan of a tool says that looks at one file or folder. */
export async function planFor(path: string, ground: Ground): Promise<Plan> {
  return { touches: (await resolveUnder(ground, path)).touches }
}

/**
 * Follows a path and its links as far as it exists. Rejects with `tool-failed` where it leads out of all roots, to what
 * is crew's own, or to a link that leads nowhere.
 */
export async function follow(ground: Ground, path: string): Promise<Way> {
  try {
    return await followWay(ground, path)
  } catch (error) {
    throw unreachable(path, error)
  }
}

async function followWay(ground: Ground, path: string): Promise<Way> {
  if (path.includes('\0')) throw toolFailed('A path cannot contain a NUL character.')
  if (Buffer.byteLength(path) > LONGEST) throw toolFailed(`${quoted(path)} is too long for a path.`)
  const tops = await topsOf(ground)
  const { top, parts } = aim(tops, path)
  let real = top.real
  let rest: readonly string[] = []
  for (const [index, part] of parts.entries()) {
    const next = await step(real, part, path)
    if (next === undefined) {
      rest = parts.slice(index)
      break
    }
    if (topOf(tops, next) === undefined) throw outside(tops, path)
    real = next
  }
  const place = await placeAt(tops, real, path)
  const canonical = [...place.parts, ...rest]
  if (place.label === '' && tops.some(({ label }) => label !== '' && label === canonical[0]))
    throw toolFailed(`${quoted(path)} cannot be told from the other folder of that name: rename this one.`)
  const called = [...(top.label ? [top.label] : []), ...parts]
  const isCalledSo = canonical.join('/') === called.join('/')
  const touches = [canonical, ...(isCalledSo ? [] : [called])].map(way => (way.length > 0 ? way : ['.']))
  return { real: place.real, shown: place.shown, rest, touches }
}

/** The root that a path begins in, and its parts below that, as they are called. */
function aim(tops: readonly Top[], path: string): { top: Top; parts: readonly string[] } {
  const [, name, below = ''] = /^([^/\\]+):(?:[/\\]+(.*))?$/s.exec(path) ?? []
  const declared = tops.find(({ label }) => label !== '' && label === `${name}:`)
  if (!declared && name !== undefined && /^[^/\\]+:[/\\]/.test(path)) {
    const known = tops.flatMap(({ label }) => (label ? `${label}/` : []))
    const others = known.length > 0 ? `; besides that there is ${known.join(', ')}` : ''
    throw toolFailed(
      `${quoted(path)} is in no folder that is declared: give a path relative to the team's folder${others}.`,
    )
  }
  if (!declared && isAbsolute(path))
    throw toolFailed(`${quoted(path)} is absolute: give a path relative to the team's folder.`)
  const [working] = tops as [Top]
  const from = declared ?? working
  const wanted = resolve(from.real, declared ? below : path)
  // A path that leaves its root by `..` may come to another one, which then names it.
  const top = holds(from.real, wanted) ? from : topOf(tops, wanted)
  if (!top) throw outside(tops, path)
  const way = relative(top.real, wanted)
  return { top, parts: way === '' ? [] : way.split(sep) }
}

/** Where an entry of a folder really is; undefined when there is none. */
async function step(folder: string, part: string, path: string): Promise<string | undefined> {
  try {
    return await realpath(join(folder, part))
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
  if (await lstat(join(folder, part)).catch(() => undefined))
    throw toolFailed(`${quoted(path)} leads through a link to something that does not exist.`)
  const alike = await lookalikeOf(folder, part).catch(() => undefined)
  return alike === undefined ? undefined : realpath(join(folder, alike)).catch(() => undefined)
}

/** A real path by its one name: that in the innermost root, in the spelling of the disk. */
async function placeAt(tops: readonly Top[], real: string, path: string) {
  const top = topOf(tops, real)
  if (!top) throw outside(tops, path)
  let folder = top.real
  const parts: string[] = []
  for (const part of relative(top.real, real).split(sep).filter(Boolean)) {
    const name = await spellingOf(folder, part)
    parts.push(name)
    folder = join(folder, name)
  }
  if (isOwn(await ownFolders(), top, folder))
    throw toolFailed(`${quoted(path)} belongs to crew itself, which no tool may touch.`)
  const named = top.label === '' ? parts : [top.label, ...parts]
  return { real: folder, shown: named.join('/') || '.', label: top.label, parts: named }
}

function outside(tops: readonly Top[], path: string): CrewError {
  const others = tops.flatMap(({ label }) => (label ? ` and ${label}/` : [])).join('')
  return toolFailed(
    `${quoted(path)} is outside of the team's folder${others}, which is all that tools may touch.`,
  )
}

/**
 * Opens for reading the file that `place` is, and no other that was put there in the meantime, hands it to `use` and
 * closes it.
 */
export async function withFile<T>(
  place: Pick<Place, 'real' | 'shown'>,
  use: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants
  const found = await lstat(place.real).catch(error => {
    throw unreachable(place.shown, error)
  })
  // Opening a device can do something already.
  if (!found.isFile() && !found.isSymbolicLink()) throw toolFailed(`${quoted(place.shown)} is not a file.`)
  // Without O_NONBLOCK, opening a pipe would wait for somebody to write into it.
  const file = await open(place.real, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(error => {
    throw unreachable(place.shown, error)
  })
  try {
    const opened = await file.stat()
    if (!opened.isFile()) throw toolFailed(`${quoted(place.shown)} is not a file.`)
    if (!(await isStill(place.real, opened)))
      throw toolFailed(`${quoted(place.shown)} was replaced while it was opened.`)
    return await use(file)
  } finally {
    await file.close()
  }
}

/** Whether the path still leads to what was opened, with no link on the way. */
export async function isStill(real: string, opened: Pick<Stats, 'ino' | 'dev'>): Promise<boolean> {
  try {
    const now = await lstat(real)
    return (await realpath(real)) === real && now.ino === opened.ino && now.dev === opened.dev
  } catch {
    return false
  }
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist: see what there is with list_files',
  ENOTDIR: 'does not exist: a part of the path is not a folder',
  EACCES: 'may not be read: crew has no right to it',
  EPERM: 'may not be read: crew has no right to it',
  ELOOP: 'is a link that leads nowhere',
  ENAMETOOLONG: 'is too long for a path',
}

/** What the model is told when the system refuses something. Anything else is a defect, and stays one. */
export function unreachable(path: string, error: unknown): unknown {
  const code = codeOf(error)
  if (error instanceof CrewError || code === undefined) return error
  return toolFailed(`${quoted(path)} ${PROBLEMS[code] ?? `cannot be read (${code})`}.`, error)
}

/** What the system says is wrong; undefined when it was not the system. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'syscall' in error && 'code' in error ? String(error.code) : undefined
}
