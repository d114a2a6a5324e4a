import type { ChalkInstance } from 'chalk'
import type { Event } from '../store/events.ts'
import { apply, emptyView, type RunView } from '../store/view.ts'
import { formatDay, formatDollars, formatTime } from './format.ts'
import { formatTable } from './table.ts'
import { howItCame } from './taken-over.ts'

/** A moment of a run: right behind one of its events. */
export interface Moment {
  /** Number of the event. */
  readonly at: number
  /** Milliseconds since the epoch. */
  readonly time: number
  /** Key of the step; empty for the run as a whole. */
  readonly step: string
  readonly what: string
  /** What the run had spent until then. */
  readonly usd: number
  readonly tokens: number
  /** Some of it is crew's own conservative count. */
  readonly estimated: boolean
}

/** Those of agents, questions and the run itself; with `all`, of every step. */
export function momentsOf(events: readonly Event[], { all }: { readonly all: boolean }): Moment[] {
  const view = emptyView()
  return events.flatMap(event => {
    apply(view, event)
    const what = wordsFor(event, view)
    const step = 'key' in event ? event.key : ''
    const isInside = event.type.startsWith('step.') && view.steps.get(step)?.kind !== 'agent'
    if (what === undefined || (isInside && !all)) return []
    const { usd, input, output, estimated } = view.spent
    const cost = { usd, tokens: input + output, estimated: estimated > 0 }
    return [{ at: event.seq, time: event.at, step, what, ...cost }]
  })
}

interface Look {
  readonly style: ChalkInstance
  readonly width: number
  readonly rehearsal: boolean
}

export function formatMoments(moments: readonly Moment[], { style, width, rehearsal }: Look): string[] {
  const [first] = moments
  const days = new Set(moments.map(({ time }) => formatDay(time)))
  const moment = (time: number) => (days.size > 1 ? `${formatDay(time)} ` : '') + formatTime(time)
  const heads = ['event', 'time', 'step', 'what', rehearsal ? 'would cost' : 'cost'].map(text => ({
    text,
    paint: style.dim,
  }))
  const rows = moments.map(({ at, time, step, what, usd, tokens, estimated }) => [
    String(at),
    { text: moment(time), paint: style.dim },
    step || 'run',
    what,
    tokens === 0 ? '\u2013' : `${estimated ? '~' : ''}${formatDollars(usd)}`,
  ])
  const columns = [{ align: 'right' }, {}, { shrinks: true }, {}, { align: 'right' }] as const
  return first ? formatTable(columns, [heads, ...rows], width) : []
}

function wordsFor(event: Event, view: RunView): string | undefined {
  switch (event.type) {
    case 'run.started':
      return event.forked ? `forked from ${event.forked.run}` : 'started'
    case 'run.resumed':
      return 'resumed'
    case 'run.waiting':
      return 'waits'
    case 'run.succeeded':
    case 'run.interrupted':
    case 'run.cancelled':
      return event.type.slice('run.'.length)
    case 'run.failed':
    case 'step.failed':
      return `failed (${event.error.code})`
    case 'step.started': {
      const { starts = 1, inherited } = view.steps.get(event.key) ?? {}
      if (inherited) return undefined
      return starts > 1 ? `begins again (${starts})` : 'begins'
    }
    case 'step.succeeded': {
      const step = view.steps.get(event.key)
      return (step && howItCame(step)) ?? 'done'
    }
    case 'step.skipped':
    case 'step.cancelled':
      return event.type.slice('step.'.length)
    case 'step.unknown':
      return 'nobody knows'
    case 'wait.opened':
      return 'asks'
    case 'wait.answered':
      return `answered by ${event.by}`
    case 'wait.expired':
      return 'not answered in time'
    default:
      return undefined
  }
}
