import type { Connection } from './connection.ts'

/** What former runs of a team took: rehearsals and forks do not count, nor does the run `except`. */
export interface History {
  /** Milliseconds that its agents took for work that went well, by agent, the newest first and not more than 50. */
  durations(team: string, except: string): Promise<ReadonlyMap<string, readonly number[]>>
  /** Of its newest 20 runs that succeeded. */
  totals(team: string, except: string): Promise<readonly RunTotal[]>
}

export interface RunTotal {
  readonly tokens: number
  /** Absent when some of the calls have no known price. */
  readonly usd?: number
}

/** Decisions by which an agent's work is done in another way: how long that took says nothing about the agent. */
export const NOT_ITS_OWN: ReadonlySet<string> = new Set(['cache', 'cached', 'fallback', 'partial', 'repair'])

const RUNS = 50
const DURATIONS = 50
/** Rows that are read at the most, so that whoever asks does not wait for long. */
const ROWS = 20_000

export function createHistory({ database, read }: Connection): History {
  const runs = database
    .prepare(
      'SELECT id FROM runs WHERE team = ? AND id <> ? AND rehearsal = 0 AND parent IS NULL ORDER BY created_at DESC LIMIT ?',
    )
    .pluck()
  const steps = database.prepare(
    `SELECT at, type, data ->> '$.key' AS key, data ->> '$.agent' AS agent FROM events
     WHERE run = ? AND (type IN ('step.succeeded', 'run.resumed', 'wait.opened')
       OR type = 'step.started' AND data ->> '$.kind' = 'agent'
       OR type = 'decision' AND data ->> '$.what' IN (${[...NOT_ITS_OWN].map(what => `'${what}'`)}))
     ORDER BY seq LIMIT ?`,
  )
  const totals = database.prepare(
    `SELECT tokens, usd, unpriced FROM runs
     WHERE team = ? AND id <> ? AND rehearsal = 0 AND parent IS NULL AND state = 'succeeded' ORDER BY created_at DESC LIMIT 20`,
  )
  return {
    async durations(team, except) {
      return read(() => {
        const found = new Map<string, number[]>()
        let left = ROWS
        for (const run of runs.all(team, except, RUNS)) {
          const rows = steps.all(run, left) as StepRow[]
          left -= rows.length
          for (const [agent, took] of durationsIn(rows)) {
            const known = found.get(agent)
            if (!known) found.set(agent, [took])
            else if (known.length < DURATIONS) known.push(took)
          }
          if (left <= 0) break
        }
        return found
      })
    },
    async totals(team, except) {
      return read(() =>
        (totals.all(team, except) as TotalRow[]).map(({ tokens, usd, unpriced }) => ({
          tokens,
          ...(unpriced === 0 && { usd }),
        })),
      )
    },
  }
}

interface StepRow {
  readonly at: number
  readonly type: string
  readonly key: string | null
  readonly agent: string | null
}

interface TotalRow {
  readonly tokens: number
  readonly usd: number
  readonly unpriced: number
}

/** Of one run, the last first. What the run stopped in, or a person was waited for in, took nobody knows how long. */
function durationsIn(rows: readonly StepRow[]): [agent: string, took: number][] {
  const begun = new Map<string, StepRow>()
  const found: [string, number][] = []
  for (const row of rows) {
    const start = row.key === null ? undefined : begun.get(row.key)
    if (row.type === 'run.resumed') begun.clear()
    else if (row.type === 'decision') begun.delete(row.key ?? '')
    else if (row.type === 'wait.opened') dropAround(row.key ?? '', begun)
    else if (row.type === 'step.started' && row.key !== null) begun.set(row.key, row)
    else if (start?.agent) found.push([start.agent, row.at - start.at])
  }
  return found.reverse()
}

function dropAround(key: string, begun: Map<string, StepRow>): void {
  for (const outer of begun.keys()) if (key.startsWith(`${outer}/`)) begun.delete(outer)
}
