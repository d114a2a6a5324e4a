import { statSync } from 'node:fs'
import { sleep } from '../clock.ts'
import type { Connection } from './connection.ts'

/** What nobody refers to any more is taken away, a little at a time: whoever else writes waits only for one portion. */
export interface Sweep {
  /** Events of runs that are gone, and payloads that no event refers to. Bytes, about. */
  clear(): Promise<{ readonly events: number; readonly payloads: number }>
  /**
   * Gives the free pages of the file back to the disk. Bytes of the file, before and after. `later` says that this file,
   * which an older crew made, has to be written anew for that, and that it is too large for those who run now.
   */
  compact(): Promise<{ readonly before: number; readonly after: number; readonly later?: true }>
}

/** How much goes in one transaction. */
const ROWS = 1_000
const PAYLOADS = 200
const PAGES = 500

/** A file without free pages to give back one by one is written anew as a whole, while others run if it is small. */
const SMALL = 64 * 2 ** 20

export function createSweep({ database, clock, read, write }: Connection): Sweep {
  const number = (sql: string) => database.prepare(sql).pluck()
  const nextRun = number('SELECT min(run) FROM events WHERE run > ?')
  const isThere = number('SELECT 1 FROM runs WHERE id = ?')
  const portion = number(
    `SELECT max(seq) FROM (SELECT seq FROM events WHERE run = ? ORDER BY seq LIMIT ${ROWS})`,
  )
  const dropEvents = database.prepare('DELETE FROM events WHERE run = ? AND seq <= ?')
  const dropBills = database.prepare(
    'DELETE FROM spending WHERE run = :run AND NOT EXISTS (SELECT 1 FROM billed WHERE id = :run)',
  )
  const references = number('SELECT value FROM events, json_each(refs) WHERE refs IS NOT NULL')
  const newReferences = number(
    'SELECT value FROM events, json_each(refs) WHERE run = ? AND seq > ? AND refs IS NOT NULL',
  )
  const payloads = number('SELECT id FROM payloads')
  const drop = database.prepare('DELETE FROM payloads WHERE id = ?')
  const heads = database.prepare('SELECT id, (SELECT max(seq) FROM events WHERE run = id) AS seq FROM runs')
  const headsNow = () => new Map((heads.all() as Head[]).map(({ id, seq }) => [id, seq ?? 0]))
  const version = () => database.pragma('data_version', { simple: true })

  /** A transaction, and after it as long a pause as it took: those who wait for the lock look for it only now and then. */
  async function portionOf<T>(body: () => T): Promise<T> {
    const began = clock.uptime()
    const result = await write(body)
    await sleep(clock, Math.max(2, clock.uptime() - began))
    return result
  }

  /** Of runs that are gone. */
  async function clearEvents(): Promise<number> {
    let cleared = 0
    for (let run = nextRun.get(''); typeof run === 'string'; run = nextRun.get(run)) {
      const id = run
      const clear = () => {
        if (isThere.get(id) !== undefined) return 0
        dropBills.run({ run: id })
        const last = portion.get(id) as number | null
        return last === null ? 0 : dropEvents.run(id, last).changes
      }
      if (isThere.get(id) !== undefined) continue
      for (let gone = await portionOf(clear); gone > 0; gone = await portionOf(clear)) cleared += gone
    }
    return cleared
  }

  /** All that nobody refers to, and how far each run was then: only what comes after that can refer to one of them again. */
  function look() {
    const used = new Set(references.iterate() as Iterable<number>)
    const loose = new Set((payloads.all() as number[]).filter(id => !used.has(id)))
    return { loose, seen: headsNow(), at: version() }
  }

  async function clearPayloads(): Promise<number> {
    let { loose, seen, at } = read(() => database.transaction(look)())
    const spare = () => {
      if (version() === at) return
      at = version()
      const now = headsNow()
      for (const [run, seq] of now) {
        const known = seen.get(run) ?? 0
        if (seq > known) for (const id of newReferences.iterate(run, known)) loose.delete(id as number)
      }
      seen = now
    }
    let cleared = 0
    while (loose.size > 0) {
      cleared += await portionOf(() => {
        spare()
        const some = [...loose].slice(0, PAYLOADS)
        for (const id of some) {
          drop.run(id)
          loose.delete(id)
        }
        return some.length
      })
    }
    return cleared
  }

  async function compactSlowly(): Promise<void> {
    const free = () => database.pragma('freelist_count', { simple: true }) as number
    for (let left = free(); left > 0; ) {
      await portionOf(() => database.exec(`PRAGMA incremental_vacuum(${PAGES})`))
      const now = free()
      if (now >= left) break
      left = now
    }
  }

  return {
    clear: async () => ({ events: await clearEvents(), payloads: await clearPayloads() }),
    async compact() {
      const size = () => statSync(database.name).size
      const truncate = () => database.pragma('wal_checkpoint(TRUNCATE)')
      read(truncate)
      const before = size()
      const isIncremental = database.pragma('auto_vacuum', { simple: true }) === 2
      if (!isIncremental && before > SMALL && isBusy()) return { before, after: before, later: true }
      if (isIncremental) await compactSlowly()
      else {
        read(() => {
          database.pragma('auto_vacuum = INCREMENTAL')
          database.exec('VACUUM')
        })
      }
      read(truncate)
      return { before, after: size() }
    },
  }

  function isBusy(): boolean {
    return (
      number("SELECT 1 FROM runs WHERE host IS NOT NULL AND state = 'running' LIMIT 1").get() !== undefined
    )
  }
}

interface Head {
  readonly id: string
  readonly seq: number | null
}
