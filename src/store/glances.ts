import { outwards } from '../step-key.ts'
import { decode, type Row } from './codec.ts'
import type { Connection } from './connection.ts'
import type { Event, FactOf } from './events.ts'

/** What can be said of a run without reading all of it. */
export interface Glance {
  /** Names of the agents that are in the middle of something, in the order in which they began. */
  readonly atWork: readonly string[]
  /** What nobody has answered yet, in the order in which it was asked. */
  readonly questions: readonly Asked[]
  /** How many questions have an answer that the run has not taken up yet. */
  readonly answered: number
}

/** A question in short. */
interface Asked {
  readonly key: string
  readonly agent?: string
  readonly question: string
  readonly openedAt: number
}

/** Looks at many runs again and again: of each only what is new since the last time is read. */
export interface Glances {
  of(run: string): Promise<Glance>
}

/** What a run is in the middle of, as far as its events were read. */
interface Known {
  seq: number
  /** Names, by the keys of their invocations. */
  readonly working: Map<string, string>
  readonly asked: Map<string, Asked>
}

/** Kinds of events that decide what a run is in the middle of. */
const TYPES = [
  'step.started',
  'step.succeeded',
  'step.failed',
  'step.cancelled',
  'step.skipped',
  'step.unknown',
  'wait.opened',
  'wait.answered',
  'wait.expired',
]

interface Brief {
  readonly seq: number
  readonly at: number
  readonly type: Event['type']
  readonly key: string
  readonly agent: string | null
  /** Of a question, all of it. */
  readonly data: string | null
  readonly refs: string | null
}

/** A call of a tool has its key below the turn that asked for it, and its questions outlive that. */
const TURN = /\/turn-\d+(?:\/model-[^/]+)?(?:\/attempt-\d+)?$/

export function createGlances({ database, read }: Connection): Glances {
  const news = database.prepare(
    `SELECT seq, at, type, data ->> '$.key' AS key, data ->> '$.agent' AS agent,
       CASE type WHEN 'wait.opened' THEN data END AS data, refs
     FROM events
     WHERE run = ? AND seq > ? AND type IN (${TYPES.map(type => `'${type}'`)})
       AND (type <> 'step.started' OR data ->> '$.kind' = 'agent')
     ORDER BY seq`,
  )
  const payload = database.prepare('SELECT json FROM payloads WHERE id = ?').pluck()
  const answers = database.prepare("SELECT key FROM signals WHERE run = ? AND kind = 'answer'").pluck()
  const known = new Map<string, Known>()

  function take(run: Known, event: Brief): void {
    const { seq, at, type, key, agent, data } = event
    run.seq = seq
    if (type === 'step.started') run.working.set(key, agent ?? key)
    else if (type === 'wait.opened') {
      const row: Row = { seq, at, type, data: data ?? '{}', refs: event.refs }
      const { request } = decode(row, id => payload.get(id) as string | undefined) as Event &
        FactOf<'wait.opened'>
      const who = agentAt(key, run)
      const { question } = request
      run.asked.set(key, { key, question, openedAt: at, ...(who !== undefined && { agent: who }) })
    } else if (type.startsWith('wait.')) run.asked.delete(key)
    else {
      run.working.delete(key)
      if (type !== 'step.unknown' && !TURN.test(`/${key}`))
        for (const asked of run.asked.keys()) if (asked.startsWith(`${key}/`)) run.asked.delete(asked)
    }
  }

  return {
    async of(id) {
      return read(() => {
        const run = known.get(id) ?? { seq: 0, working: new Map(), asked: new Map() }
        known.set(id, run)
        for (const event of news.iterate(id, run.seq)) take(run, event as Brief)
        const given = new Set(run.asked.size > 0 ? (answers.all(id) as string[]) : [])
        const questions = [...run.asked.values()].filter(({ key }) => !given.has(key))
        const waiting = new Set([...run.asked.keys()].map(key => invocationOf(key, run)))
        const working = [...run.working].filter(([key]) => !waiting.has(key))
        return {
          atWork: [...new Set(working.map(([, name]) => name))],
          questions,
          answered: run.asked.size - questions.length,
        }
      })
    },
  }
}

/** The innermost invocation of an agent to which `key` belongs. */
function invocationOf(key: string, { working }: Known): string | undefined {
  for (const outer of outwards(key)) if (working.has(outer)) return outer
  return undefined
}

function agentAt(key: string, run: Known): string | undefined {
  return run.working.get(invocationOf(key, run) ?? '')
}
