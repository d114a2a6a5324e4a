import { type BigIntStats, constants, existsSync } from 'node:fs'
import { type FileHandle, link, lstat, mkdir, open, realpath, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { CrewError } from '../errors.ts'
import { quoted } from './names.ts'
import { codeOf, isStill } from './path.ts'
import { toolFailed } from './tool.ts'

/** Where a file is to be: found once, and looked at again at every step from there. */
export interface Target {
  readonly shown: string
  /** An existing folder, without links. */
  readonly folder: string
  /** Folders below it that have to be made. */
  readonly missing: readonly string[]
  readonly name: string
  /** The file that is there. */
  readonly was?: BigIntStats
}

/** A folder that is held, so that it stays the same one whatever is put in its place. */
interface Held {
  readonly real: string
  /** Leads into it, also when its name does no more. */
  readonly via: string
  /** Whether its name still leads to it. */
  isThere(): Promise<boolean>
  close(): Promise<void>
}

/** Where an open folder has a path of its own: there nobody can come between a check and an act. */
const DESCRIPTORS = '/proc/self/fd'

/** Names the temporary files of this process, one after the other. */
let written = 0

/** A file that is being written, or that a process left behind when it was killed. */
export function isTemporary(name: string): boolean {
  return /^\.crew-\d+-\d+\.tmp$/.test(name)
}

/**
 * Puts a file with these bytes there: all of them or, also when the process is killed, what was there before. Rejects
 * with `tool-failed` when something else is there by now than was found, and leaves nothing behind then.
 */
export async function writeWhole(
  target: Target,
  bytes: Uint8Array,
  signal: AbortSignal,
  descriptors = DESCRIPTORS,
): Promise<void> {
  const held: Held[] = []
  try {
    held.push(await hold(target.folder, target.folder, descriptors))
    for (const name of target.missing) held.push(await makeFolder(held.at(-1) as Held, name, descriptors))
    await replaceIn(held.at(-1) as Held, target, bytes, signal)
  } catch (error) {
    if (error instanceof CrewError || signal.aborted) throw error
    throw unwritable(target.shown, error)
  } finally {
    for (const folder of held) await folder.close()
  }
}

async function hold(via: string, real: string, descriptors: string): Promise<Held> {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants
  if (!existsSync(descriptors)) {
    const found = await lstat(via)
    const folder = { real, via: real, isThere: () => isStill(real, found), close: async () => {} }
    if (found.isDirectory() && (await folder.isThere())) return folder
    throw moved(real)
  }
  const handle = await open(via, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  const path = `${descriptors}/${handle.fd}`
  const isThere = async () => (await realpath(path).catch(() => undefined)) === real
  if (await isThere()) return { real, via: path, isThere, close: () => handle.close() }
  await handle.close()
  throw moved(real)
}

async function makeFolder(parent: Held, name: string, descriptors: string): Promise<Held> {
  if (!(await parent.isThere())) throw moved(parent.real)
  await mkdir(join(parent.via, name)).catch(error => {
    if (codeOf(error) !== 'EEXIST') throw error
  })
  return hold(join(parent.via, name), join(parent.real, name), descriptors)
}

async function replaceIn(
  folder: Held,
  target: Target,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  const temporary = join(folder.via, `.crew-${process.pid}-${++written}.tmp`)
  const file = await openNew(temporary)
  try {
    await fill(file, bytes, target.was)
    if (!(await folder.isThere())) throw moved(target.shown)
    // Whoever gave up waiting was told that nothing happened.
    signal.throwIfAborted()
    await put(temporary, join(folder.via, target.name), target)
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw error
  }
  await syncFolder(folder)
}

/** One of an earlier process with the same number may have been left behind. */
async function openNew(path: string): Promise<FileHandle> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW = 0 } = constants
  const create = () => open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o666)
  return create().catch(async error => {
    if (codeOf(error) !== 'EEXIST') throw error
    await unlink(path)
    return create()
  })
}

async function fill(file: FileHandle, bytes: Uint8Array, was: BigIntStats | undefined): Promise<void> {
  try {
    await file.writeFile(bytes)
    if (was) {
      // Only an administrator can give a file away; for everybody else it is their own already, or becomes so.
      await file.chown(Number(was.uid), Number(was.gid)).catch(() => {})
      await file.chmod(Number(was.mode & 0o777n))
    }
    await file.sync()
  } finally {
    await file.close()
  }
}

async function put(temporary: string, path: string, { was, shown }: Target): Promise<void> {
  const now = await lstat(path, { bigint: true }).catch(() => undefined)
  const isSame = was ? now !== undefined && isUnchanged(was, now) : now === undefined
  if (!isSame)
    throw toolFailed(`${quoted(shown)} was changed by somebody else in the meantime: read it again.`)
  if (was) return rename(temporary, path)
  try {
    // Unlike a renamed file, a link never takes the place of one that somebody else makes in this moment.
    await link(temporary, path)
  } catch (error) {
    if (codeOf(error) === 'EEXIST')
      throw toolFailed(`${quoted(shown)} was made by somebody else in the meantime.`)
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(codeOf(error) ?? '')) throw error
    return rename(temporary, path)
  }
  await unlink(temporary)
}

function isUnchanged(was: BigIntStats, now: BigIntStats): boolean {
  return was.ino === now.ino && was.dev === now.dev && was.size === now.size && was.mtimeNs === now.mtimeNs
}

/** Makes the new name last. Some systems cannot do that for a folder; there it lasts when they think so. */
async function syncFolder({ via }: Held): Promise<void> {
  const folder = await open(via, constants.O_RDONLY).catch(() => undefined)
  await folder?.sync().catch(() => {})
  await folder?.close()
}

function moved(shown: string): CrewError {
  return toolFailed(`${quoted(shown)}: its folder was replaced while it was written. Nothing was written.`)
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk has no more room for this user',
  EACCES: 'crew has no right to write there',
  EPERM: 'crew has no right to write there',
  EROFS: 'the disk is read-only',
  ENAMETOOLONG: 'the path is too long',
  ENOENT: 'its folder is gone',
  ELOOP: 'its folder is a link now',
  ENOTDIR: 'a part of the path is not a folder',
  EMFILE: 'too many files are open: try again',
  EFBIG: 'the file would be too large for the disk',
}

function unwritable(shown: string, error: unknown): unknown {
  const code = codeOf(error)
  if (code === undefined) return error
  return toolFailed(`${quoted(shown)} was not written: ${PROBLEMS[code] ?? code}.`, error)
}
