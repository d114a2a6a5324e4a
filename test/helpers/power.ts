import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { DiskRecord } from './disk.ts'

/** A file as the disk has it, and all that may have become of it since it was last synced. */
class Inode {
  /** What programs see. */
  private live = Buffer.alloc(0)
  private durable = Buffer.alloc(0)
  /** Of each sector that was changed, all that stood there since, the oldest first. */
  private readonly versions = new Map<number, Buffer[]>()
  private sizes = [0]
  private readonly sector: number

  constructor(sector: number) {
    this.sector = sector
  }

  write(offset: number, data: Buffer): void {
    this.resize(Math.max(this.live.length, offset + data.length))
    data.copy(this.live, offset)
    this.keepVersions(offset, offset + data.length)
  }

  truncate(length: number): void {
    const before = this.live.length
    this.resize(length)
    this.keepVersions(Math.min(before, length), Math.max(before, length))
  }

  sync(): void {
    this.durable = Buffer.from(this.live)
    this.versions.clear()
    this.sizes = [this.live.length]
  }

  /** What is there after the power was cut: of each sector any version, and any size that the file had. */
  afterCut(fate: Fate): Buffer {
    if (fate.unsynced === 'lost') return this.durable
    if (fate.unsynced === 'kept') return this.live
    const size = fate.pick(this.sizes)
    const content = Buffer.alloc(Math.ceil(Math.max(size, this.durable.length) / this.sector) * this.sector)
    this.durable.copy(content)
    for (const [sector, versions] of this.versions) {
      const version = fate.pick([undefined, ...versions])
      if (sector * this.sector < size) version?.copy(content, sector * this.sector)
    }
    return content.subarray(0, size)
  }

  private resize(length: number): void {
    if (length === this.live.length) return
    const resized = Buffer.alloc(length)
    this.live.copy(resized)
    this.live = resized
    this.sizes.push(length)
  }

  private keepVersions(from: number, to: number): void {
    for (let sector = Math.floor(from / this.sector); sector * this.sector < to; sector += 1) {
      const version = Buffer.alloc(this.sector)
      this.live.subarray(sector * this.sector).copy(version)
      this.versions.set(sector, [...(this.versions.get(sector) ?? []), version])
    }
  }
}

type Entries = Map<string, Inode | 'folder'>
type FolderChange = { readonly folder: string; readonly apply: (entries: Entries) => void }

interface Fate {
  readonly unsynced: 'lost' | 'kept' | 'torn'
  pick<T>(choices: readonly T[]): T
}

/**
 * Something that a disk can hold when the power is cut right after the first `count` of what was done to it: all that was
 * synced by then, and of all else nothing, everything, or any sectors of any age. A name in a folder is durable when that
 * folder was synced, as POSIX has it; real file systems keep more.
 */
export function cutPower(records: readonly DiskRecord[], count: number, random: () => number) {
  const pick = <T>(choices: readonly T[]) => choices[Math.floor(random() * choices.length)] as T
  const fate: Fate = { unsynced: pick(['lost', 'kept', 'torn', 'torn']), pick }
  const sector = pick([512, 4096])
  const live: Entries = new Map()
  const durable: Entries = new Map()
  let changes: FolderChange[] = []
  const inode = (path: string) => live.get(path) as Inode
  const change = (path: string, apply: FolderChange['apply']) => {
    apply(live)
    changes.push({ folder: dirname(path), apply })
  }
  for (const { what, path, offset, length, data } of records.slice(0, count)) {
    if (what === 'create') {
      const created = new Inode(sector)
      change(path, entries => entries.set(path, created))
    } else if (what === 'mkdir') change(path, entries => entries.set(path, 'folder'))
    else if (what === 'unlink' || what === 'rmdir') change(path, entries => entries.delete(path))
    else if (what === 'rename') {
      const moved = live.get(path)
      change(path, entries => {
        entries.delete(path)
        if (moved) entries.set(data.toString(), moved)
      })
    } else if (what === 'write') inode(path).write(offset, data)
    else if (what === 'truncate') inode(path).truncate(length)
    else if (what === 'sync') {
      const synced = live.get(path)
      if (synced instanceof Inode) synced.sync()
      else {
        for (const { folder, apply } of changes) if (folder === path) apply(durable)
        changes = changes.filter(({ folder }) => folder !== path)
      }
    }
  }
  if (fate.unsynced === 'kept') for (const { apply } of changes) apply(durable)
  // File systems write the changes of their folders in order: some of the last ones are missing.
  if (fate.unsynced === 'torn')
    for (const { apply } of changes.slice(0, Math.floor(random() * (changes.length + 1)))) apply(durable)
  return { unsynced: fate.unsynced, sector, put: (from: string, to: string) => put(durable, fate, from, to) }
}

/** Records that have a file durably on the disk, in folders below the folder `root`, before anything else happens. */
export function inPlace(root: string, path: string, data: Buffer): DiskRecord[] {
  const act = (what: DiskRecord['what'], path: string, data: Buffer = Buffer.alloc(0)): DiskRecord => {
    return { what, path, offset: 0, length: data.length, data }
  }
  const made = (folder: string): DiskRecord[] =>
    folder === root ? [] : [...made(dirname(folder)), act('mkdir', folder), act('sync', dirname(folder))]
  return [
    ...made(dirname(path)),
    act('create', path),
    act('write', path, data),
    act('sync', path),
    act('sync', dirname(path)),
  ]
}

/** Writes the files that were in the folder `from` to the folder `to`; what is in no folder any more is lost. */
function put(entries: Entries, fate: Fate, from: string, to: string): void {
  const isThere = (path: string): boolean => path === from || (entries.has(path) && isThere(dirname(path)))
  for (const [path, entry] of [...entries].sort(([one], [other]) => (one < other ? -1 : 1))) {
    if (!isThere(path)) continue
    const target = join(to, relative(from, path))
    if (entry === 'folder') mkdirSync(target, { mode: 0o700 })
    else writeFileSync(target, entry.afterCut(fate), { mode: 0o600 })
  }
}
