import type { Connection } from './connection.ts'
import { isAlive } from './lease.ts'
import { holderOf, type RawRun, toRunRow } from './row.ts'
import type { RunState } from './states.ts'

/** Which runs are to go: those that any of the three names, less those that are kept. */
export interface Choice {
  /** Nothing happened in them since then, in milliseconds since the epoch. */
  readonly before?: number
  /** All but the newest so many. */
  readonly beyond?: number
  /** The oldest, until the store needs no more bytes than this. */
  readonly bytes?: number
  /** Also those that have a tag. */
  readonly tagged?: boolean
  /** Also those that could go on. */
  readonly resumable?: boolean
}

/** Why a run stays that was named. */
type Reason = 'live' | 'tagged' | 'resumable' | 'forked'

interface Candidate {
  readonly id: string
  readonly team: string
  readonly state: RunState
  readonly createdAt: number
  readonly updatedAt: number
  /** What goes with it: its events, and the payloads that nobody else refers to who stays. */
  readonly bytes: number
}

export interface Plan {
  /** The oldest first. */
  readonly runs: readonly Candidate[]
  /** How many were named and stay. */
  readonly kept: Readonly<Partial<Record<Reason, number>>>
  /** Of what is left of runs that were removed, and of payloads that no run refers to. */
  readonly loose: number
}

/** Takes runs out of the store. What they leave behind is swept away afterwards; what they cost stays on the bill. */
export interface Removal {
  /** What would go. Reads all events, and changes nothing. */
  plan(choice: Choice): Promise<Plan>
  /** False: it has changed since it was looked at, or somebody runs it; it stays. */
  remove(run: Pick<Candidate, 'id' | 'updatedAt'>): Promise<boolean>
}

/** What a row of a table takes besides its values, about. */
const ROW = 24

const IS_OVER: ReadonlySet<RunState> = new Set<RunState>(['succeeded', 'cancelled'])

export function createRemoval({ database, clock, read, write }: Connection): Removal {
  const oldestFirst = database.prepare('SELECT * FROM runs ORDER BY updated_at, id')
  const tagged = database.prepare('SELECT DISTINCT run FROM tags').pluck()
  const events = database.prepare(
    `SELECT run, sum(octet_length(run) + octet_length(type) + octet_length(data) + coalesce(octet_length(refs), 0) + ${ROW})
       AS bytes FROM events GROUP BY run`,
  )
  const references = database.prepare(
    'SELECT run, value AS payload FROM events, json_each(refs) WHERE refs IS NOT NULL',
  )
  const payloads = database.prepare(
    `SELECT id, octet_length(json) + 2 * octet_length(hash) + 2 * ${ROW} AS bytes FROM payloads`,
  )
  const inUse = database
    .prepare(
      `SELECT (SELECT page_count FROM pragma_page_count) - (SELECT freelist_count FROM pragma_freelist_count)`,
    )
    .pluck()
  const row = database.prepare('SELECT * FROM runs WHERE id = ?')
  /** Forks that are not over may still take something over from where they come from. */
  const parents = database
    .prepare("SELECT parent FROM runs WHERE parent IS NOT NULL AND state NOT IN ('succeeded', 'cancelled')")
    .pluck()
  const removal = [
    // Somebody may remove a run, import it, and remove it again.
    `INSERT OR IGNORE INTO removed (id, team) SELECT id, team FROM runs
     WHERE id = :id AND rehearsal = 0 AND EXISTS (SELECT 1 FROM spending WHERE run = :id)`,
    'DELETE FROM tags WHERE run = :id',
    'DELETE FROM signals WHERE run = :id',
    'DELETE FROM reservations WHERE run = :id',
    'DELETE FROM runs WHERE id = :id',
  ].map(sql => database.prepare(sql))

  const isLive = (run: RawRun) => {
    const holder = holderOf(run)
    return holder !== undefined && isAlive(holder, clock)
  }

  /** What each run takes along when they go in this order; under undefined, what belongs to none any more. */
  const weigh = (order: readonly RawRun[], staying: ReadonlySet<string>) => {
    const ranks = new Map(order.map(({ id }, rank) => [id, rank]))
    const sizes = new Map<string | undefined, number>()
    const charge = (run: string | undefined, size: number) => sizes.set(run, (sizes.get(run) ?? 0) + size)
    for (const { run, bytes } of events.iterate() as Iterable<{ run: string; bytes: number }>)
      if (!staying.has(run)) charge(ranks.has(run) ? run : undefined, bytes)
    /** Whoever refers to a payload and goes last takes it along. */
    const last = new Map<number, number>()
    for (const { run, payload } of references.iterate() as Iterable<{ run: string; payload: number }>) {
      const rank = staying.has(run) ? Number.POSITIVE_INFINITY : ranks.get(run)
      if (rank !== undefined) last.set(payload, Math.max(rank, last.get(payload) ?? 0))
    }
    for (const { id, bytes } of payloads.iterate() as Iterable<{ id: number; bytes: number }>) {
      const rank = last.get(id)
      if (rank !== Number.POSITIVE_INFINITY) charge(rank === undefined ? undefined : order[rank]?.id, bytes)
    }
    return sizes
  }

  const plan = ({ before = 0, beyond, bytes: most, tagged: alsoTagged, resumable }: Choice): Plan => {
    const all = oldestFirst.all() as RawRun[]
    const names = new Set(tagged.all() as string[])
    const needed = new Set(parents.all() as string[])
    const reasonToKeep = (run: RawRun): Reason | undefined => {
      if (isLive(run)) return 'live'
      if (needed.has(run.id)) return 'forked'
      if (!alsoTagged && names.has(run.id)) return 'tagged'
      return !resumable && !IS_OVER.has(run.state) ? 'resumable' : undefined
    }
    const reasons = new Map(all.map(run => [run.id, reasonToKeep(run)]))
    const order = all.filter(({ id }) => reasons.get(id) === undefined)
    const sizes = weigh(order, new Set(all.map(({ id }) => id).filter(id => reasons.get(id) !== undefined)))
    const tooMany = beyond === undefined ? 0 : all.length - beyond
    const page = database.pragma('page_size', { simple: true }) as number
    let left = (inUse.get() as number) * page - (sizes.get(undefined) ?? 0)
    const isNamed = (run: RawRun, index: number) =>
      run.updated_at < before || index < tooMany || (most !== undefined && left > most)
    const runs: Candidate[] = []
    const kept: Partial<Record<Reason, number>> = {}
    for (const [index, run] of all.entries()) {
      if (!isNamed(run, index)) continue
      const reason = reasons.get(run.id)
      if (reason !== undefined) kept[reason] = (kept[reason] ?? 0) + 1
      else {
        const size = sizes.get(run.id) ?? 0
        left -= size
        const { id, team, state, createdAt, updatedAt } = toRunRow(run, clock)
        runs.push({ id, team, state, createdAt, updatedAt, bytes: size })
      }
    }
    return { runs, kept, loose: sizes.get(undefined) ?? 0 }
  }

  return {
    // In one transaction: what is counted is the store of one moment.
    plan: async choice => read(() => database.transaction(() => plan(choice))()),
    remove: ({ id, updatedAt }) =>
      write(() => {
        const run = row.get(id) as RawRun | undefined
        if (!run || run.updated_at !== updatedAt || isLive(run) || parents.all().includes(id)) return false
        for (const statement of removal) statement.run({ id })
        return true
      }),
  }
}
