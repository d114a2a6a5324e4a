import { constants, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, realpath } from 'node:fs/promises'
import { isAbsolute, relative, resolve, sep } from 'node:path'
import { CrewError } from '../errors.ts'
import { toolFailed } from './tool.ts'

/** A place in the file system that was found to lie under the root. */
export interface Place {
  /** Without links and in the spelling of the disk. */
  readonly real: string
  /** Relative to the root, with forward slashes; `.` for the root itself. */
  readonly shown: string
  readonly kind: 'file' | 'folder' | 'other'
}

export function kindOf(entry: Pick<Stats, 'isFile' | 'isDirectory'>): Place['kind'] {
  return entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : 'other'
}

/**
 * Where `path`, as a model gave it, leads to. Rejects with `tool-failed` unless it exists and lies under `root` after
 * all links are followed.
 */
export async function resolveUnder(root: string, path: string): Promise<Place> {
  if (path.includes('\0')) throw toolFailed('A path cannot contain a NUL character.')
  if (isAbsolute(path)) throw toolFailed(`"${path}" is absolute: give a path relative to the team's folder.`)
  const top = await realpath(root)
  const wanted = resolve(top, path)
  refuseOutside(top, wanted, path)
  try {
    const real = await realpath(wanted)
    refuseOutside(top, real, path)
    return { real, shown: relative(top, real).split(sep).join('/') || '.', kind: kindOf(await lstat(real)) }
  } catch (error) {
    throw unreachable(path, error)
  }
}

/**
 * Opens for reading the file that `place` is, and no other that was put there in the meantime, hands it to `use` and
 * closes it.
 */
export async function withFile<T>(place: Place, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants
  // Without O_NONBLOCK, opening a pipe would wait for somebody to write into it.
  const file = await open(place.real, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(error => {
    throw unreachable(place.shown, error)
  })
  try {
    const opened = await file.stat()
    if (!opened.isFile()) throw toolFailed(`"${place.shown}" is not a file.`)
    if (!(await isStill(place.real, opened)))
      throw toolFailed(`"${place.shown}" was replaced while it was opened.`)
    return await use(file)
  } finally {
    await file.close()
  }
}

/** Whether the path still leads to what was opened, with no link on the way. */
async function isStill(real: string, opened: Stats): Promise<boolean> {
  try {
    const now = await lstat(real)
    return (await realpath(real)) === real && now.ino === opened.ino && now.dev === opened.dev
  } catch {
    return false
  }
}

function refuseOutside(top: string, place: string, path: string): void {
  const way = relative(top, place)
  if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)) {
    throw toolFailed(`"${path}" is outside of the team's folder, which is all that can be read.`)
  }
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist: a part of the path is not a folder',
  EACCES: 'may not be read',
  EPERM: 'may not be read',
  ELOOP: 'is a link that leads nowhere',
  ENAMETOOLONG: 'is too long for a path',
}

function unreachable(path: string, error: unknown): CrewError {
  if (error instanceof CrewError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason'
  return toolFailed(`"${path}" ${PROBLEMS[code] ?? `cannot be read (${code})`}.`, error)
}
