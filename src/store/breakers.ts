import type { BreakerSettings } from '../traffic.ts'
import type { Connection } from './connection.ts'
import { Nothing } from './nothing.ts'

/** Failures in a row of somebody who is called `name` in all runs. What is well has no record. */
export interface BreakerRecord {
  readonly name: string
  readonly failures: number
  /** The last of them. */
  readonly reason: string
  /** What mends it. */
  readonly hint?: string
  /** Present while it is open: for how long, and until when, in milliseconds since the epoch. Then one may try. */
  readonly open?: { readonly cooldown: number; readonly until: number }
}

/** What all runs of the store know of those who fail again and again. */
export interface Breakers {
  /** Cheap: asked before every act. */
  find(name: string): Promise<BreakerRecord | undefined>
  /** True for exactly one of all who ask after the cooldown: that one tries, and says how it went before `until`. */
  claim(name: string, until: number): Promise<boolean>
  /** The one who tries needs longer, or with 0 lets somebody else try. */
  hold(name: string, until: number): Promise<void>
  /** Counts a failure. While the breaker is open only that of the one who tries counts. */
  fail(name: string, failure: Failed, settings: BreakerSettings): Promise<Counted>
  /** Forgets all failures, and gives what was recorded. Writes nothing when there was nothing to forget. */
  succeed(name: string, isTrial: boolean): Promise<BreakerRecord | undefined>
  all(): Promise<readonly BreakerRecord[]>
}

/** What is recorded after a failure, and whether this one has opened the breaker. */
interface Counted extends BreakerRecord {
  readonly hasOpened: boolean
}

interface Failed {
  readonly reason: string
  readonly hint?: string | undefined
  readonly isTrial: boolean
}

/** However often it fails, it is tried again after so many milliseconds. */
const LONGEST_COOLDOWN = 600_000

export function createBreakers({ database, clock, read, write }: Connection): Breakers {
  const select = database.prepare('SELECT * FROM breakers WHERE name = ?')
  const selectAll = database.prepare('SELECT * FROM breakers ORDER BY name')
  const remove = database.prepare('DELETE FROM breakers WHERE name = ?')
  const claimed = database.prepare(
    'UPDATE breakers SET tried_until = :until WHERE name = :name AND open_until <= :now AND tried_until <= :now',
  )
  const held = database.prepare('UPDATE breakers SET tried_until = ? WHERE name = ?')
  const upsert = database.prepare(
    `INSERT INTO breakers (name, failures, reason, hint, cooldown, open_until, tried_until)
     VALUES (:name, :failures, :reason, :hint, :cooldown, :open_until, 0)
     ON CONFLICT (name) DO UPDATE SET failures = :failures, reason = :reason, hint = :hint, cooldown = :cooldown,
       open_until = :open_until, tried_until = 0`,
  )
  const find = (name: string) => {
    const row = select.get(name) as Row | undefined
    return row && toRecord(row)
  }

  const nothing = new Nothing(clock)
  const known = (name: string) => nothing.unless(name, () => read(() => find(name)))

  return {
    async find(name) {
      return known(name)
    },
    claim: (name, until) => write(() => claimed.run({ name, until, now: clock.now() }).changes === 1),
    async hold(name, until) {
      await write(() => held.run(until, name))
    },
    fail: (name, { reason, hint, isTrial }, settings) =>
      write(() => {
        nothing.isOver(name)
        const before = find(name)
        if (before?.open && !isTrial) return { ...before, hasOpened: false }
        const failures = (before?.failures ?? 0) + 1
        const cooldown = cooldownAfter(before, failures, settings)
        const until = cooldown === undefined ? undefined : clock.now() + cooldown
        const failed = {
          name,
          failures,
          reason,
          hint: hint ?? null,
          cooldown: cooldown ?? null,
          open_until: until ?? null,
        }
        upsert.run(failed)
        return { ...toRecord(failed), hasOpened: until !== undefined }
      }),
    async succeed(name, isTrial) {
      const isRecorded = (record: BreakerRecord | undefined) => record && (isTrial || !record.open)
      if (!isRecorded(known(name))) return undefined
      return write(() => {
        const before = find(name)
        if (!isRecorded(before)) return undefined
        remove.run(name)
        return before
      })
    },
    async all() {
      return read(() => (selectAll.all() as Row[]).map(toRecord))
    },
  }
}

/** How long it is left alone after so many failures; undefined when it is called on. */
function cooldownAfter(
  before: BreakerRecord | undefined,
  failures: number,
  settings: BreakerSettings,
): number | undefined {
  if (before?.open) return Math.min(LONGEST_COOLDOWN, before.open.cooldown * 2)
  return failures >= settings.failures ? settings.cooldown : undefined
}

interface Row {
  readonly name: string
  readonly failures: number
  readonly reason: string
  readonly hint: string | null
  readonly cooldown: number | null
  readonly open_until: number | null
}

function toRecord({ name, failures, reason, hint, cooldown, open_until: until }: Row): BreakerRecord {
  const open = cooldown !== null && until !== null && { open: { cooldown, until } }
  return { name, failures, reason, ...(hint !== null && { hint }), ...open }
}
