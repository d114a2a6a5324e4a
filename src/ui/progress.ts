import type { ChalkInstance } from 'chalk'
import type { Event, FactOf } from '../store/events.ts'
import type { TimedFact } from '../store/store.ts'
import { apply, emptyView, type RunView, type StepView } from '../store/view.ts'
import { formatDuration, formatSpent } from './format.ts'
import { howItCame } from './taken-over.ts'
import { oneLine } from './text.ts'

/** Longest text of somebody else's in a progress line, in columns. */
const EXCERPT = 160

/** Milliseconds after which it is said once more that somebody waits for the same thing. */
const WAITS_AGAIN = 10_000

/**
 * A run as plain lines, one fact a line, for terminals without a screen, logs and CI.
 * @param write gets one line, without its end; nothing is shown without it
 */
export function createProgress(write: ((line: string) => void) | undefined, style: ChalkInstance) {
  let view = emptyView()
  /** When it was last said that somebody waits, by what for. */
  const waits = new Map<string, number>()
  const isNews = ({ place, at }: FactOf<'queued'> & TimedFact) => {
    const isOld = at - (waits.get(place) ?? Number.NEGATIVE_INFINITY) < WAITS_AGAIN
    if (!isOld) waits.set(place, at)
    return !isOld
  }
  return {
    get view(): RunView {
      return view
    },
    /** What happened before anybody watched; taken over. */
    recall(past: RunView): void {
      view = past
    },
    /** Of what is not kept only shows who waits in a queue, of many for the same thing the first. */
    show(event: Event | TimedFact): void {
      if (!('seq' in event)) {
        if (event.type === 'queued' && isNews(event))
          write?.(
            style.dim(`… ${event.key} waits for ${oneLine(event.place, EXCERPT)}${behind(event.ahead)}`),
          )
        return
      }
      apply(view, event)
      const line = write && describe(event, view, style)
      if (line !== undefined) write?.(line)
    },
  }
}

function behind(ahead: number): string {
  return ahead > 0 ? `, behind ${ahead} more` : ''
}

function describe(event: Event, view: RunView, style: ChalkInstance): string | undefined {
  switch (event.type) {
    case 'step.started':
      return event.kind === 'agent' ? style.dim(`▸ ${event.key}`) : undefined
    case 'step.succeeded':
    case 'step.failed':
    case 'step.cancelled':
      return describeEnd(view.steps.get(event.key), style)
    case 'step.skipped':
      return style.dim(`- ${event.key} skipped (${oneLine(event.reason, EXCERPT)})`)
    case 'step.unknown':
      return style.yellow(`? ${event.key} was under way when crew stopped; nobody knows whether it happened`)
    case 'decision':
      // Who waits was said while they did, once for all; how long each did is in the trace.
      if (event.what === 'queued') return undefined
      return style.yellow(
        `  ${event.key ? `${event.key}: ` : ''}${event.what}: ${oneLine(event.reason, EXCERPT)}${pauseIn(event.values)}`,
      )
    case 'standstill':
      return style.yellow(
        `  stood still for ${formatDuration(event.milliseconds)}: the machine slept, or its clock was set`,
      )
    case 'alert':
      return style.red(
        `! ${event.key ? `${event.key}: ` : ''}${event.what}: ${oneLine(event.reason, EXCERPT)}`,
      )
    case 'wait.opened':
      return style.cyan(`? ${event.key}: ${oneLine(event.request.question, EXCERPT)}`)
    case 'wait.expired':
      return style.yellow(`  ${event.key}: nobody answered in time`)
    case 'wait.answered':
      return style.cyan(`  ${event.key}: answered by ${oneLine(event.by, 40)}`)
    default:
      return undefined
  }
}

function describeEnd(step: StepView | undefined, style: ChalkInstance): string | undefined {
  if (step?.kind !== 'agent') return undefined
  const took = howItCame(step) ?? formatDuration((step.endedAt ?? step.startedAt) - step.startedAt)
  if (step.state === 'succeeded') {
    const cost = step.spent.calls > 0 ? ` · ${formatSpent(step.spent)}` : ''
    return `${style.green('✓')} ${step.key} ${style.dim(`${took}${cost}`)}`
  }
  const why = oneLine(step.error?.message ?? step.reason ?? '', EXCERPT)
  const mark = step.state === 'failed' ? style.red('✗') : style.yellow('∅')
  return `${mark} ${step.key} ${style.dim(took)} ${why}`
}

function pauseIn(values: { readonly [name: string]: unknown } | undefined): string {
  return typeof values?.pause === 'number' ? ` (again in ${formatDuration(values.pause)})` : ''
}
