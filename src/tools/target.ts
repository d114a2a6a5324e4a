import { type BigIntStats, constants } from 'node:fs'
import { access, lstat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { flawOf, quoted } from './names.ts'
import { follow, unreachable } from './path.ts'
import { type Ground, type Plan, toolFailed } from './tool.ts'
import type { Target } from './write-whole.ts'

/** The most that a tool writes into a file, in bytes. */
export const LARGEST = 1024 ** 2
/** Folders that one call makes. */
const MOST_FOLDERS = 20

/** A file that is to be written, and what permission rules match. */
export interface Found extends Target, Pick<Plan, 'touches'> {
  readonly was?: BigIntStats
  /** Where it is or will be. */
  readonly real: string
}

/** Where a file would be written. Rejects with `tool-failed` when it cannot be: nothing may be there but a file. */
export async function findTarget(ground: Ground, path: string): Promise<Found> {
  if (/(^|[/\\])\.{0,2}$/.test(path))
    throw toolFailed(`${quoted(path)} is the name of a folder: name a file.`)
  // A link is never written to, nor replaced: what it leads to has a name of its own.
  const { real: folder, shown: there, rest, touches } = await follow(ground, path)
  if (touches.length > 1 && rest.length === 0) await refuseLink(ground, path, there)
  const shown = rest.length === 0 ? there : [...(there === '.' ? [] : [there]), ...rest].join('/')
  const was = await lstat(folder, { bigint: true }).catch(error => {
    throw unreachable(path, error)
  })
  if (rest.length === 0) {
    await refuseSpecial(folder, was, shown)
    return { shown, real: folder, folder: dirname(folder), missing: [], name: basename(folder), was, touches }
  }
  if (!was.isDirectory())
    throw toolFailed(`${quoted(path)} cannot be written: ${quoted(there)} is not a folder.`)
  refuseNames(path, rest)
  const missing = rest.slice(0, -1)
  return { shown, real: join(folder, ...rest), folder, missing, name: rest.at(-1) as string, touches }
}

/** Whether no rule forbids a tool to touch any of it. */
export function mayAll({ mayTouch }: Ground, tool: string, touches: Plan['touches']): boolean {
  return mayTouch === undefined || touches.every(parts => mayTouch(tool, parts))
}

async function refuseLink(ground: Ground, path: string, there: string): Promise<void> {
  const { real } = await follow(ground, parentOf(path))
  const last = await lstat(join(real, basename(path))).catch(() => undefined)
  if (last?.isSymbolicLink())
    throw toolFailed(`${quoted(path)} is a link: write the file that it leads to, ${quoted(there)}.`)
}

function parentOf(path: string): string {
  const end = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'))
  return end < 0 ? '.' : path.slice(0, end + 1)
}

async function refuseSpecial(real: string, was: BigIntStats, shown: string): Promise<void> {
  if (was.isDirectory()) throw toolFailed(`${quoted(shown)} is a folder: name a file in it.`)
  if (!was.isFile()) throw toolFailed(`${quoted(shown)} is a device, a pipe or a socket, and no file.`)
  // A new file in its place would need no right to the old one.
  const isWritable = await access(real, constants.W_OK).then(
    () => (was.mode & 0o222n) !== 0n,
    () => false,
  )
  if (!isWritable) throw toolFailed(`${quoted(shown)} is read-only for crew, and stays as it is.`)
}

function refuseNames(path: string, names: readonly string[]): void {
  for (const name of names) {
    const flaw = flawOf(name)
    if (flaw !== undefined) throw toolFailed(`${quoted(path)} cannot be made: ${quoted(name)} ${flaw}.`)
  }
  if (names.length - 1 > MOST_FOLDERS)
    throw toolFailed(`${quoted(path)} cannot be made: it needs more than ${MOST_FOLDERS} new folders.`)
}

/** Nobody else in this process comes between the reading of a file and the writing of it. */
const lines = new Map<string, Promise<unknown>>()

/** Has `change` wait until those before it are done with the same file. */
export async function inLineFor<T>(file: string, change: () => Promise<T>): Promise<T> {
  const before = lines.get(file) ?? Promise.resolve()
  const mine = before.then(change, change)
  const settled = mine.catch(() => {})
  lines.set(file, settled)
  try {
    return await mine
  } finally {
    if (lines.get(file) === settled) lines.delete(file)
  }
}
