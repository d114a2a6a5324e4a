import type { Rate } from '../traffic.ts'
import type { Connection } from './connection.ts'
import { Nothing } from './nothing.ts'

/** What a call to an endpoint takes of what all runs share. */
export interface Need {
  readonly endpoint: string
  /** Calls at once. */
  readonly concurrency?: number | undefined
  readonly rate?: Rate | undefined
  readonly tokens: number
  /** For how long a place is kept for somebody who does not give it back, in milliseconds. */
  readonly lease: number
  /** The number under which it waits already. */
  readonly ticket?: number | undefined
}

/** What a call was given: to be given back. */
export interface Grant {
  readonly slot?: number
  /** Tokens that were taken as an estimate, where they are limited. */
  readonly tokens?: number
  /** Calls had to pause before: if this one ends well, that is over. */
  readonly isTrial: boolean
}

type Lack =
  | 'a pause that it asked for'
  | 'concurrency'
  | 'requests per minute'
  | 'tokens per minute'
  | 'others first'

/** It is not the turn of this call yet. */
export interface Queued {
  readonly ticket: number
  readonly lacks: Lack
  /** Milliseconds after which it may be there. */
  readonly wait: number
  /** Other processes that have waited for longer. */
  readonly ahead: number
}

/** Rates and places of endpoints, shared by all runs of the store. */
export interface Rates {
  /** Something was learned of the endpoint, or it has asked for a pause. Cheap: asked before every call. */
  isLimited(endpoint: string): Promise<boolean>
  /** All that a call needs or nothing, in the order of tickets. */
  take(need: Need): Promise<Grant | Queued>
  /** Does not wait any more. */
  leave(ticket: number): Promise<void>
  /** @param tokens what it has really used */
  giveBack(
    need: Need,
    grant: Grant,
    end: { readonly tokens: number; readonly isWell: boolean },
  ): Promise<void>
  /** Keeps what a provider says may be asked of it in a minute; writes only what is new. */
  learn(endpoint: string, rate: Rate): Promise<void>
  /** Nobody calls before `until`. */
  pause(endpoint: string, until: number): Promise<void>
}

const MINUTE = 60_000
const RESOURCES = ['requests', 'tokens'] as const
/** After a pause calls go out one by one, so many milliseconds apart, until one has ended well. */
const AFTER_PAUSE = 250
/** Who has not asked for so many milliseconds is gone, and waits no more. */
const GONE = 5_000

/**
 * The Generic Cell Rate Algorithm (ITU-T Recommendation I.371), as virtual scheduling: `arrival` is the theoretical
 * arrival time, and a minute's worth may come at once. A call that needs more than a minute's worth takes just that.
 * @returns the time from which on the call may go, and the arrival time after it
 */
export function schedule(arrival: number, limit: number, amount: number, now: number) {
  const next = Math.max(arrival, now) + (Math.min(amount, limit) * MINUTE) / limit
  return { from: next - MINUTE, arrival: next }
}

export function createRates({ database, clock, read, write }: Connection): Rates {
  const sql = prepare(database)
  const nothing = new Nothing(clock)

  const limitsOf = ({ endpoint, rate = {}, tokens }: Need) => {
    const rows = sql.rates.all(endpoint) as { resource: string; arrival: number; learned: number | null }[]
    return RESOURCES.flatMap(resource => {
      const { arrival = 0, learned } = rows.find(row => row.resource === resource) ?? {}
      const limit = Math.min(rate[resource] ?? Number.POSITIVE_INFINITY, learned ?? Number.POSITIVE_INFINITY)
      if (limit === Number.POSITIVE_INFINITY) return []
      return [
        { resource, limit, ...schedule(arrival, limit, resource === 'tokens' ? tokens : 1, clock.now()) },
      ]
    })
  }

  /** What is missing, if something is. */
  const lackOf = (need: Need, limits: ReturnType<typeof limitsOf>, paused: number) => {
    const now = clock.now()
    const { endpoint, concurrency = Number.POSITIVE_INFINITY } = need
    if (paused > now) return { lacks: 'a pause that it asked for', wait: paused - now } as const
    const late = limits.find(({ from }) => from > now)
    if (late) return { lacks: `${late.resource} per minute`, wait: late.from - now } as const
    const taken = (sql.slots.get(endpoint, now) as number) >= concurrency
    return taken ? ({ lacks: 'concurrency', wait: MINUTE } as const) : undefined
  }

  const occupy = (endpoint: string, lease: number): number => {
    const now = clock.now()
    sql.removeExpired.run(now)
    return Number(sql.insertSlot.run(endpoint, now + lease).lastInsertRowid)
  }

  /** Draws a ticket, or says that the one who holds it is still there. */
  const wait = (endpoint: string, ticket: number | undefined): number => {
    const now = clock.now()
    sql.removeGone.run(now - GONE)
    const { lastInsertRowid } = sql.keepTicket.run({
      ticket: ticket ?? null,
      endpoint,
      now,
      old: now - GONE / 5,
    })
    return ticket ?? Number(lastInsertRowid)
  }

  return {
    isLimited: async endpoint =>
      nothing.unless(endpoint, () => read(() => sql.isLimited.get({ endpoint }) === 1) || undefined) ?? false,

    take: need =>
      write(() => {
        const { endpoint, ticket, concurrency, tokens, lease } = need
        const now = clock.now()
        const limits = limitsOf(need)
        const paused = sql.pause.get(endpoint) as number | undefined
        const ahead = sql.ahead.get(endpoint, ticket ?? Number.MAX_SAFE_INTEGER, now - GONE) as number
        const first = ahead === 0 ? undefined : ({ lacks: 'others first', wait: MINUTE } as const)
        const lack = lackOf(need, limits, paused ?? 0) ?? first
        if (lack) return { ...lack, ahead, ticket: wait(endpoint, ticket) }
        if (ticket !== undefined) sql.removeTicket.run(ticket)
        for (const { resource, arrival } of limits) sql.setArrival.run({ endpoint, resource, arrival })
        if (paused !== undefined) sql.setPause.run({ endpoint, until: now + AFTER_PAUSE })
        const isCounted = limits.some(({ resource }) => resource === 'tokens')
        return {
          isTrial: paused !== undefined,
          ...(isCounted && { tokens }),
          ...(concurrency !== undefined && { slot: occupy(endpoint, lease) }),
        }
      }),

    leave: async ticket => {
      await write(() => sql.removeTicket.run(ticket))
    },

    async giveBack(need, { slot, tokens: taken, isTrial }, { tokens, isWell }) {
      if (slot === undefined && taken === undefined && !isTrial) return
      await write(() => {
        const { endpoint } = need
        if (slot !== undefined) sql.removeSlot.run(slot)
        if (isTrial && isWell) sql.removePause.run(endpoint, clock.now() + AFTER_PAUSE)
        const limit = limitsOf(need).find(({ resource }) => resource === 'tokens')?.limit
        if (limit === undefined || taken === undefined || tokens === taken) return
        const more = ((tokens - Math.min(taken, limit)) * MINUTE) / limit
        sql.addArrival.run({ endpoint, more })
      })
    },

    learn: async (endpoint, rate) => {
      const known = read(() => sql.rates.all(endpoint)) as { resource: string; learned: number | null }[]
      const fresh = RESOURCES.filter(resource => {
        const learned = known.find(row => row.resource === resource)?.learned
        return rate[resource] !== undefined && rate[resource] !== learned
      })
      if (fresh.length === 0) return
      nothing.isOver(endpoint)
      await write(() => {
        for (const resource of fresh) sql.setLearned.run({ endpoint, resource, learned: rate[resource] })
      })
    },

    pause: async (endpoint, until) => {
      nothing.isOver(endpoint)
      await write(() => sql.setPause.run({ endpoint, until }))
    },
  }
}

function prepare(database: Connection['database']) {
  const number = (text: string) => database.prepare(text).pluck()
  return {
    isLimited: number(
      `SELECT EXISTS (SELECT 1 FROM rates WHERE endpoint = :endpoint AND learned IS NOT NULL)
         OR EXISTS (SELECT 1 FROM pauses WHERE endpoint = :endpoint)`,
    ),
    rates: database.prepare('SELECT resource, arrival, learned FROM rates WHERE endpoint = ?'),
    setArrival: database.prepare(
      `INSERT INTO rates (endpoint, resource, arrival) VALUES (:endpoint, :resource, :arrival)
       ON CONFLICT DO UPDATE SET arrival = :arrival`,
    ),
    addArrival: database.prepare(
      "UPDATE rates SET arrival = arrival + :more WHERE endpoint = :endpoint AND resource = 'tokens'",
    ),
    setLearned: database.prepare(
      `INSERT INTO rates (endpoint, resource, arrival, learned) VALUES (:endpoint, :resource, 0, :learned)
       ON CONFLICT DO UPDATE SET learned = :learned`,
    ),
    pause: number('SELECT until FROM pauses WHERE endpoint = ?'),
    setPause: database.prepare(
      `INSERT INTO pauses (endpoint, until) VALUES (:endpoint, :until)
       ON CONFLICT DO UPDATE SET until = max(until, :until)`,
    ),
    removePause: database.prepare('DELETE FROM pauses WHERE endpoint = ? AND until <= ?'),
    slots: number('SELECT count(*) FROM slots WHERE endpoint = ? AND expires > ?'),
    insertSlot: database.prepare('INSERT INTO slots (endpoint, expires) VALUES (?, ?)'),
    removeSlot: database.prepare('DELETE FROM slots WHERE id = ?'),
    removeExpired: database.prepare('DELETE FROM slots WHERE expires <= ?'),
    keepTicket: database.prepare(
      `INSERT INTO tickets (id, endpoint, seen) VALUES (:ticket, :endpoint, :now)
       ON CONFLICT DO UPDATE SET seen = :now WHERE seen < :old`,
    ),
    removeGone: database.prepare('DELETE FROM tickets WHERE seen <= ?'),
    removeTicket: database.prepare('DELETE FROM tickets WHERE id = ?'),
    ahead: number('SELECT count(*) FROM tickets WHERE endpoint = ? AND id < ? AND seen > ?'),
  }
}
