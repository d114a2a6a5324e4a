import { isObject } from '../../json.ts'
import type { Event } from '../../store/events.ts'
import type { RunView, StepView } from '../../store/view.ts'
import { agentAround } from './sources.ts'

/** What somebody did from one moment to another, in milliseconds since the epoch. */
export interface Span {
  readonly what: 'work' | 'queue' | 'pause' | 'person'
  readonly key: string
  readonly from: number
  readonly to: number
  readonly hasFailed?: boolean
  /** It has not ended. */
  readonly isOpen?: boolean
}

export interface Lane {
  readonly agent: string
  /** What it did at the same time stands in several rows. */
  readonly rows: readonly (readonly Span[])[]
  /** How often it tried again. */
  readonly tries: number
}

interface Drawn {
  readonly works: Span[]
  /** What interrupted each work, by its key. */
  readonly others: Map<string, Span[]>
  tries: number
}

/** A lane for each agent, in the order in which they first had something to do. */
export function lanesOf(events: readonly Event[], view: RunView, end: number): Lane[] {
  const lanes = new Map<string, Drawn>()
  const laneOf = (agent: string) => {
    const lane: Drawn = lanes.get(agent) ?? { works: [], others: new Map(), tries: 0 }
    lanes.set(agent, lane)
    return lane
  }
  for (const step of view.steps.values()) {
    if (step.kind !== 'agent' || step.agent === undefined) continue
    const lane = laneOf(step.agent)
    const { key, startedAt: from, endedAt } = step
    if (step.starts === 0) continue
    const hasFailed = step.state === 'failed' && { hasFailed: true }
    lane.works.push({
      what: 'work',
      key,
      from,
      to: endedAt ?? end,
      ...hasFailed,
      ...(endedAt === undefined && { isOpen: true }),
    })
  }
  for (const { step, span, isRetry } of interruptions(events, view, end)) {
    if (step.agent === undefined) continue
    const lane = laneOf(step.agent)
    if (isRetry) lane.tries += 1
    if (span) lane.others.set(step.key, [...(lane.others.get(step.key) ?? []), span])
  }
  return [...lanes].map(([agent, { works, others, tries }]) => ({
    agent,
    tries,
    rows: inRows(works, others),
  }))
}

/** Each work in the first row that is free then; what interrupted it stands in the same row. */
function inRows(works: readonly Span[], others: ReadonlyMap<string, readonly Span[]>): Span[][] {
  const rows: Span[][] = []
  const free: number[] = []
  for (const work of [...works].sort((a, b) => a.from - b.from)) {
    const found = free.findIndex(until => until <= work.from)
    const index = found < 0 ? rows.length : found
    free[index] = work.to
    const row = rows[index] ?? []
    rows[index] = row
    row.push(work, ...(others.get(work.key) ?? []))
  }
  return rows
}

interface Interruption {
  readonly step: StepView
  readonly span?: Span
  readonly isRetry?: true
}

/** Queues, pauses before a further try, and questions to people, in the agents that had to wait. */
function* interruptions(events: readonly Event[], view: RunView, end: number): Generator<Interruption> {
  for (const event of events) {
    if (!('key' in event)) continue
    const step = agentAround(event.key, view.steps)
    if (!step) continue
    if (event.type === 'timer.set' && event.key.includes('pause')) {
      yield {
        step,
        span: {
          what: 'pause',
          key: event.key,
          from: event.at,
          to: Math.min(event.until, step.endedAt ?? end),
        },
      }
    }
    if (event.type === 'decision' && event.what === 'retry') yield { step, isRetry: true }
    if (event.type === 'decision' && event.what === 'queued') {
      const { milliseconds } = isObject(event.values) ? event.values : {}
      const waited = typeof milliseconds === 'number' ? milliseconds : 0
      yield { step, span: { what: 'queue', key: event.key, from: event.at - waited, to: event.at } }
    }
    if (event.type === 'wait.opened') {
      const wait = view.waits.get(event.key)
      const to = wait?.answer?.at ?? step.endedAt ?? end
      yield { step, span: { what: 'person', key: event.key, from: event.at, to } }
    }
  }
}
