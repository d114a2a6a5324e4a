import { readFileSync } from 'node:fs'
import { preloadable } from './preload.ts'

/** The library that watches a disk. */
export const diskLibrary = () => preloadable('disk.c')

interface Disk {
  readonly folder: string
  readonly log?: string
  /** What is not synced although that is asked for: nothing, the log of the database, everything. */
  readonly unsynced?: 'no-wal' | 'no'
  /** As it is written in DISK_FAULT. */
  readonly fault?: string
}

/** The environment of a process whose files below a folder are watched. */
export function onDisk({ folder, log, unsynced, fault }: Disk): Record<string, string> {
  return {
    LD_PRELOAD: diskLibrary() ?? '',
    DISK_FOLDER: folder,
    ...(log !== undefined && { DISK_LOG: log }),
    ...(unsynced !== undefined && { DISK_SYNC: unsynced }),
    ...(fault !== undefined && { DISK_FAULT: fault }),
  }
}

const KINDS = [
  '',
  'create',
  'write',
  'truncate',
  'sync',
  'unlink',
  'rename',
  'mkdir',
  'rmdir',
  'say',
] as const

/** One thing that a process did to a disk, or said. */
export interface DiskRecord {
  readonly what: (typeof KINDS)[number]
  /** `stdout` and `socket` for what it said. */
  readonly path: string
  readonly offset: number
  readonly length: number
  /** What was written or said; the new path, of a rename. */
  readonly data: Buffer
}

const WORDS = 5

export function readDiskLog(path: string): readonly DiskRecord[] {
  const bytes = readFileSync(path)
  const records: DiskRecord[] = []
  let at = 0
  const take = (length: number) => {
    at += length
    return bytes.subarray(at - length, at)
  }
  while (at < bytes.length) {
    const head = take(8 * WORDS)
    const [what = 0, offset = 0, length = 0, ofPath = 0, ofData = 0] = Array.from(
      { length: WORDS },
      (_, word) => Number(head.readBigInt64LE(8 * word)),
    )
    records.push({
      what: KINDS[what] ?? '',
      path: take(ofPath).toString(),
      offset,
      length,
      data: take(ofData),
    })
  }
  return records
}
