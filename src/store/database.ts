import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs'
import { dirname, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { systemClock } from '../clock.ts'
import { CrewError } from '../errors.ts'
import { copyDatabase } from './copy.ts'
import { MIGRATIONS } from './migrations.ts'
import { errorCode, whenFree } from './patience.ts'

/** "crew" in ASCII: marks the file as ours, so that somebody else's database is never touched. */
const APPLICATION_ID = 0x63726577

/** How long one statement may block this process while another one writes. Longer waits are made asynchronously. */
const BUSY_TIMEOUT = 1000

/** File systems on which SQLite's locks and shared memory cannot be relied on: NFS, SMB, CIFS, SMB2. */
const NETWORK_FILESYSTEMS = new Set([0x6969, 0x517b, 0xff534d42, 0xfe534d42])

/**
 * Opens (and creates or migrates) the database file of a store. A commit is on disk when it returns.
 * @throws CrewError `store` or `store-newer`; the file is unchanged then
 */
export async function openDatabase(path: string): Promise<Database.Database> {
  try {
    prepareFolder(path)
    // Others may be creating or migrating it in this moment.
    return await whenFree(systemClock, () => open(path))
  } catch (error) {
    throw explain(error, path)
  }
}

async function open(path: string): Promise<Database.Database> {
  const isNew = !existsSync(path) || statSync(path).size === 0
  if (!isNew) lookAt(path)
  const database = new Database(path, { timeout: BUSY_TIMEOUT })
  try {
    checkOwnership(database, path)
    if (isNew) chmodSync(path, 0o600)
    // So that crew gc can give free pages back a few at a time; it has to be said before there is anything.
    if (isNew) database.pragma('auto_vacuum = INCREMENTAL')
    configure(database, path)
    await migrate(database, path)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function prepareFolder(path: string): void {
  const folder = dirname(path)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (NETWORK_FILESYSTEMS.has(statfsSync(folder).type)) {
    throw new CrewError(
      'store',
      `${path} is on a network filesystem, where SQLite cannot keep its promises`,
      {
        hint: 'name a file on a local disk: --db FILE, or CREW_HOME',
      },
    )
  }
}

/** Whoever may write takes what a killed process left in the log into the file, even if it writes nothing: not before this. */
function lookAt(path: string): void {
  if (!existsSync(`${path}-wal`)) return
  const database = new Database(path, { readonly: true, timeout: BUSY_TIMEOUT })
  try {
    checkOwnership(database, path)
  } finally {
    database.close()
  }
}

/**
 * Makes the names of the folders durable that a new store is in: any of them may be new as well, and after a power cut nobody
 * would find what SQLite has synced in there.
 */
function syncFoldersAbove(path: string): void {
  for (let made = dirname(resolve(path)); made !== dirname(made); made = dirname(made)) {
    try {
      const folder = openSync(dirname(made), 'r')
      try {
        fsyncSync(folder)
      } finally {
        closeSync(folder)
      }
    } catch (error) {
      if (DISK_FAILS.has(errorCode(error))) throw error
      // Nothing can be new in a folder that is not ours to read; and not every system syncs folders.
      return
    }
  }
}

const DISK_FAILS = new Set(['EIO', 'ENOSPC', 'EDQUOT'])

/** Reads only: a file that is newer than this crew, or not crew's, stays as it is to the byte. */
function checkOwnership(database: Database.Database, path: string): void {
  // In one transaction: another process may be creating the store in this moment.
  const read = database.transaction(() => ({
    version: database.pragma('user_version', { simple: true }) as number,
    id: database.pragma('application_id', { simple: true }),
    tables: database.prepare('SELECT count(*) FROM sqlite_master').pluck().get(),
  }))
  const { version, id, tables } = read()
  if (tables !== 0 && id !== APPLICATION_ID) {
    throw new CrewError('store', `${path} is a database, but not one of crew's`, {
      hint: 'name another file with --db',
    })
  }
  if (version > MIGRATIONS.length) {
    throw new CrewError(
      'store-newer',
      `${path} was written by a newer crew (schema ${version}; this crew knows ${MIGRATIONS.length}); nothing was changed`,
      { hint: 'update crew, or name another store with --db FILE' },
    )
  }
}

function configure(database: Database.Database, path: string): void {
  const mode = database.pragma('journal_mode = WAL', { simple: true })
  // WAL falls back to NORMAL by itself; a pragma read before the first page is touched does not show it.
  database.pragma('synchronous = FULL')
  database.pragma('fullfsync = ON')
  const synchronous = database.pragma('synchronous', { simple: true })
  if (mode !== 'wal' || synchronous !== 2) {
    throw new CrewError(
      'store',
      `${path} does not support durable commits (journal ${mode}, synchronous ${synchronous})`,
    )
  }
}

async function migrate(database: Database.Database, path: string): Promise<void> {
  const version = () => database.pragma('user_version', { simple: true }) as number
  const before = version()
  if (before > 0 && before < MIGRATIONS.length) await keepBackup(database, path, before)
  if (before === 0) syncFoldersAbove(path)
  while (version() < MIGRATIONS.length) {
    // The version is read again inside the transaction: another process may be migrating the same file.
    database
      .transaction(() => {
        const next = version()
        const migration = MIGRATIONS[next]
        if (migration === undefined) return
        database.exec(migration)
        database.pragma(`application_id = ${APPLICATION_ID}`)
        database.pragma(`user_version = ${next + 1}`)
      })
      .immediate()
  }
}

/** How many backups of former schemas are kept beside a store. */
const BACKUPS = 2

/** Keeps the store as it is before it is migrated, and drops the oldest of such backups. */
async function keepBackup(database: Database.Database, path: string, schema: number): Promise<void> {
  const nameOf = (schema: number) => `${path}.schema-${schema}.backup`
  // Another process may be faster: what it has migrated is no backup of this schema.
  const isThis = (copy: Database.Database) => copy.pragma('user_version', { simple: true }) === schema
  await copyDatabase(database, nameOf(schema), { replaces: true, isRight: isThis })
  const older = Array.from({ length: schema - 1 }, (_, index) => schema - 1 - index)
  for (const old of older.filter(each => existsSync(nameOf(each))).slice(BACKUPS - 1)) rmSync(nameOf(old))
}

const EXPLANATIONS: readonly [prefix: string, message: string, hint: string][] = [
  ['SQLITE_FULL', 'the disk is full', 'free some space, and try again'],
  // There is no room for the 32 KiB by which the processes that use it find each other.
  [
    'SQLITE_IOERR_SHMSIZE',
    'the disk is full, or does not write',
    'free some space, or check the disk, and try again',
  ],
  [
    'SQLITE_READONLY',
    'it cannot be written',
    'make the file and its folder writable, or name another with --db FILE',
  ],
  ['SQLITE_BUSY', 'another process has kept it locked', 'find out who with: fuser FILE; then try again'],
  ['SQLITE_LOCKED', 'another process has kept it locked', 'find out who with: fuser FILE; then try again'],
  ['SQLITE_NOTADB', 'the file is not a database', 'name another file with --db FILE'],
  [
    'SQLITE_CORRUPT',
    // SQLite says so, too, of a read that failed.
    'the file is damaged, or its disk does not read it',
    'check the disk; save what can be read of it: crew doctor --salvage FILE',
  ],
  [
    'SQLITE_CANTOPEN',
    'the file cannot be opened',
    'check the path, its permissions and the room on its disk, or name another with --db FILE',
  ],
  ['SQLITE_IOERR', 'the disk does not read or write', 'check the disk, and try again'],
  ['EACCES', 'permission denied', 'make the folder writable, or name another store with --db FILE'],
  ['EROFS', 'the filesystem is read-only', 'name another store with --db FILE'],
  ['ENOSPC', 'the disk is full', 'free some space, and try again'],
  ['EDQUOT', 'the disk is full', 'free some space, and try again'],
  ['EIO', 'the disk does not read or write', 'check the disk, and try again'],
  // Node says so of a folder that cannot be made, whatever the reason.
  ['ENOENT', 'its folder cannot be made', 'make that folder, or name another store with --db FILE'],
  ['ENOTDIR', 'its folder is not a folder', 'name another store with --db FILE'],
  ['EEXIST', 'its folder is not a folder', 'name another store with --db FILE'],
]

/** What went wrong with the store, as a CrewError that says what a person can do about it. */
export function explain(error: unknown, path: string): unknown {
  if (error instanceof CrewError) return error
  const code = errorCode(error)
  const known = EXPLANATIONS.find(([prefix]) => code.startsWith(prefix))
  if (known)
    return new CrewError('store', `the store ${path}: ${known[1]} (${code})`, {
      hint: known[2],
      cause: error,
    })
  if (code === 'SQLITE_ERROR' && /^no such (?:table|column)|malformed/.test(String((error as Error).message)))
    return new CrewError('store', `the store ${path}: its schema is damaged (${(error as Error).message})`, {
      hint: 'save what can be read of it: crew doctor --salvage FILE',
      cause: error,
    })
  if (code.startsWith('SQLITE_'))
    return new CrewError('store', `the store ${path}: ${String(error)}`, { cause: error })
  return error
}
