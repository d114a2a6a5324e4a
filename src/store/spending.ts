import { localDay } from '../calendar.ts'
import { type Amount, addTotal, type Limits, type Total, UNITS, type Unit, zero } from '../spend.ts'
import type { Connection } from './connection.ts'
import type { Fact } from './events.ts'

/** What all runs of the store have spent, rehearsals apart. */
export interface Spending {
  /** What was spent from `since` on, in groups. */
  totals(query: SpendingQuery): Promise<readonly Group[]>
  /**
   * Reserves the most that a call can take, if it fits into what was spent since `day` began, together with all that
   * is reserved, by whatever process: checked and made in one transaction. It counts until the step of the call has
   * ended in the journal, or until it expires: its process may be gone.
   */
  reserve(call: Reservation, day: { readonly since: number; readonly limits: Limits }): Promise<Standing>
  /** Ends the reservation of a call whose step ends with `fact`. For use inside of the transaction that writes it. */
  settle(run: string, fact: Fact): void
}

/** By what money is added up. Days are local ones. */
export type Grouping = 'day' | 'team' | 'agent' | 'model' | 'run'

interface SpendingQuery {
  readonly by: readonly Grouping[]
  /** Milliseconds since the epoch. */
  readonly since: number
  readonly team?: string | undefined
}

export interface Group extends Total {
  /** What they have in common; null: not known, in runs of older crews. */
  readonly of: Readonly<Partial<Record<Grouping, string | null>>>
}

interface Reservation {
  readonly run: string
  /** Key of the step that the call is. */
  readonly key: string
  readonly asked: Amount
  readonly expires: number
}

/** How it stands with a day; the call was granted what it asked for when nothing is `short`. */
interface Standing {
  readonly short?: Unit
  readonly spent: Amount
  readonly reserved: Amount
}

/** Steps end with one of these. */
const ENDS: ReadonlySet<Fact['type']> = new Set<Fact['type']>([
  'step.succeeded',
  'step.failed',
  'step.cancelled',
  'step.unknown',
])

export function createSpending({ database, clock, read, write }: Connection): Spending {
  const expire = database.prepare('DELETE FROM reservations WHERE expires <= ?')
  const reserved = database.prepare(
    'SELECT coalesce(sum(usd), 0) AS usd, coalesce(sum(tokens), 0) AS tokens FROM reservations',
  )
  // Every amount is rounded like those of a run's own accounts: they add up to the same.
  const spent = database.prepare(
    `SELECT coalesce(sum(CAST(round(spending.usd * 1e12) AS INTEGER)), 0) AS usd,
       coalesce(sum(input + output), 0) AS tokens
     FROM spending WHERE at >= ? AND EXISTS (SELECT 1 FROM billed WHERE id = run)`,
  )
  const insert = database.prepare(
    'INSERT OR REPLACE INTO reservations (run, key, usd, tokens, expires) VALUES (?, ?, ?, ?, ?)',
  )
  const remove = database.prepare('DELETE FROM reservations WHERE run = ? AND key = ?')
  /** What this process has reserved: most never does, and need not look. */
  const held = new Set<string>()

  return {
    async totals(query) {
      const rows = read(() => database.prepare(selectionOf(query)).all(query) as Row[])
      return addUp(
        rows.filter(({ calls }) => calls > 0),
        query.by,
      )
    },
    reserve: ({ run, key, asked, expires }, { since, limits }) =>
      write(() => {
        expire.run(clock.now())
        const standing = { spent: spent.get(since) as Amount, reserved: reserved.get() as Amount }
        const short = UNITS.find(unit => {
          const { [unit]: limit = Number.POSITIVE_INFINITY } = limits
          return standing.spent[unit] + standing.reserved[unit] + asked[unit] > limit
        })
        if (short) return { ...standing, short }
        insert.run(run, key, asked.usd, asked.tokens, expires)
        held.add(`${run}/${key}`)
        return standing
      }),
    settle(run, fact) {
      if (!('key' in fact) || !ENDS.has(fact.type)) return
      if (held.delete(`${run}/${fact.key}`) || fact.type === 'step.unknown') remove.run(run, fact.key)
    },
  }
}

/** Time is cut into quarters of an hour, which no midnight of any time zone divides. */
const QUARTER = 900_000

/** Has of the groupings what was selected. */
interface Row extends Total, Partial<Record<Exclude<Grouping, 'day'>, string | null>> {
  readonly quarter?: number
}

/** Each run is summed up by itself first, in the order of the table: a million calls have only so many runs. */
function selectionOf({ by, team }: SpendingQuery): string {
  const names = by.map(grouping => (grouping === 'day' ? 'quarter' : grouping))
  const inRun = ['run', ...names.filter(name => name !== 'run' && name !== 'team')]
  const columns = inRun.map(name => (name === 'quarter' ? `at / ${QUARTER} AS quarter` : name))
  const groups = names.map(name => (name === 'team' ? 'billed.team' : name))
  return `
    SELECT ${groups.map(name => `${name}, `).join('')} sum(calls) AS calls, sum(input) AS input, sum(output) AS output,
      sum(cached) AS cached, total(dollars) AS usd, sum(parts.unpriced) AS unpriced, sum(estimated) AS estimated
    FROM (
      SELECT ${columns.join(', ')}, count(*) AS calls, sum(input) AS input, sum(output) AS output,
        sum(cached) AS cached, total(usd) AS dollars, count(*) - count(usd) AS unpriced, sum(estimated) AS estimated
      FROM spending WHERE at >= :since GROUP BY ${inRun.join(', ')}
    ) AS parts JOIN billed ON billed.id = run
    ${team === undefined ? '' : 'WHERE billed.team = :team'}
    ${groups.length > 0 ? `GROUP BY ${groups.join(', ')}` : ''}`
}

/** Puts quarters of an hour together to days. */
function addUp(rows: readonly Row[], by: readonly Grouping[]): Group[] {
  const groups = new Map<string, Group>()
  for (const row of rows) {
    const of = Object.fromEntries(
      by.map(grouping => [
        grouping,
        grouping === 'day' ? localDay((row.quarter ?? 0) * QUARTER) : (row[grouping] ?? null),
      ]),
    )
    const key = JSON.stringify(Object.values(of))
    const group = groups.get(key) ?? { of, ...zero() }
    addTotal(group, row)
    groups.set(key, group)
  }
  return [...groups.values()]
}
