import type { Json } from '../../json.ts'
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

/** A lane for each agent, in the order in which they first had something to do. */
export function lanesOf(view: RunView, end: number): Lane[] {
  const others = interruptionsIn(view, end)
  const works = new Map<string, Span[]>()
  for (const step of view.steps.values()) {
    if (step.kind !== 'agent' || step.agent === undefined) continue
    const known = works.get(step.agent) ?? []
    works.set(step.agent, known)
    if (step.starts > 0) known.push(workOf(step, end))
  }
  return [...works].map(([agent, own]) => {
    const rows = inRows(own, others)
    return { agent, rows, tries: rows.flat().filter(({ what }) => what === 'pause').length }
  })
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

/**
 * What interrupted agents, by the keys of their invocations: queues, pauses before a further try, and questions to people.
 * There may be thousands of steps, ten times a second: only what was noted in them is looked at.
 */
export function interruptionsIn(view: RunView, end: number): Map<string, Span[]> {
  const found = new Map<string, Span[]>()
  const add = (what: Span['what'], key: string, from: number, to: number) => {
    const agent = agentAround(key, view.steps)
    if (!agent) return
    const spans = found.get(agent.key) ?? []
    found.set(agent.key, spans)
    spans.push({ what, key, from, to: Math.min(to, agent.endedAt ?? end) })
  }
  for (const { key, notes } of view.steps.values())
    for (const note of notes) {
      if (note.type !== 'decision') continue
      const { milliseconds, pause } = note.values ?? {}
      if (note.what === 'queued') add('queue', key, note.at - numberOf(milliseconds), note.at)
      if (note.what === 'retry') add('pause', key, note.at, note.at + numberOf(pause))
    }
  for (const [key, { openedAt, answer, expired }] of view.waits)
    add('person', key, openedAt, answer?.at ?? (expired ? view.updatedAt : end))
  return found
}

function numberOf(value: Json | undefined): number {
  return typeof value === 'number' ? value : 0
}

/** A step of an agent as a span, without what interrupted it. */
export function workOf({ key, startedAt: from, endedAt, state }: StepView, end: number): Span {
  return {
    ...{ what: 'work', key, from, to: endedAt ?? end },
    ...(state === 'failed' && { hasFailed: true }),
    ...(endedAt === undefined && { isOpen: true }),
  }
}
