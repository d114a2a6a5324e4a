import type { ChalkInstance } from 'chalk'
import { CrewError } from '../errors.ts'
import { asText, type JsonObject } from '../json.ts'
import { add, zero } from '../spend.ts'
import type { Event, FactOf, Fork, Message } from '../store/events.ts'
import type { RunRow } from '../store/store.ts'
import { apply, emptyView, type RunView, type StepView } from '../store/view.ts'
import { agentsIn } from '../team/agents.ts'
import { formatDay, formatDuration, formatSpent, formatTime } from './format.ts'
import { howItCame } from './taken-over.ts'
import { oneLine } from './text.ts'

/** How much an event matters, most first. */
const LEVELS = ['error', 'warn', 'info', 'debug'] as const
export type Level = (typeof LEVELS)[number]

export interface LogFilter {
  readonly level: Level
  /** Keep only what belongs to this agent. */
  readonly agent?: string | undefined
}

/** An event as a person reads it. */
export interface LogLine {
  readonly at: number
  readonly level: Level
  /** Key of the step that it is about; `run` for the run itself. */
  readonly key: string
  readonly words: string
}

/** Turns the events of a run, given one after the other from the first, into lines; undefined: filtered out. */
export function createLog({ level, agent }: LogFilter): (event: Event) => LogLine | undefined {
  const view = emptyView()
  return event => {
    apply(view, event)
    if (LEVELS.indexOf(levelOf(event, view)) > LEVELS.indexOf(level)) return undefined
    if (agent !== undefined && !belongsTo(agent, keyOf(event), view)) return undefined
    return logLineOf(event, view)
  }
}

/** An event as a line; `view` is that of the run up to it. */
export function logLineOf(event: Event, view: RunView): LogLine {
  return {
    at: event.at,
    level: levelOf(event, view),
    key: keyOf(event) || 'run',
    words: wordsFor(event, view),
  }
}

/**
 * Throws `usage` when the agent has done nothing in these events, saying which agents have. In a run that somebody runs
 * one that is declared may still come.
 */
export function requireAgent(
  agent: string,
  { id, owner }: Pick<RunRow, 'id' | 'owner'>,
  events: readonly Event[],
): void {
  const agents = new Set(
    events.flatMap(event => {
      if (event.type === 'run.started' && owner)
        return [...agentsIn(event.definition)].map(({ name }) => name)
      return event.type === 'step.started' ? (event.agent ?? []) : []
    }),
  )
  if (agents.has(agent)) return
  const did = owner ? 'does' : 'did'
  throw new CrewError('usage', `no agent ${agent} ${did} anything in run ${id}`, {
    hint:
      agents.size > 0 ? `there are: ${[...agents].join(', ')}` : `see what happened with: crew logs ${id}`,
  })
}

/** Decisions that were taken because something went wrong, and may be worth a look. */
const WORRYING = new Set(['retry', 'halt', 'partial', 'cached'])

/** Longest text of somebody else's in a line, in columns. */
const EXCERPT = 500
const KEY_WIDTH = 24

export function formatLine({ at, level, key, words }: LogLine, style: ChalkInstance): string {
  const colour = { error: style.red, warn: style.yellow, info: style.green, debug: style.dim }[level]
  const where = oneLine(key, EXCERPT).padEnd(KEY_WIDTH)
  return `${style.dim(formatMoment(at))} ${colour(level.padEnd(5))} ${where} ${oneLine(words, EXCERPT)}`
}

/** The values behind a decision: `attempt=1 error=timeout`. */
export function formatValues(values: JsonObject | undefined): string {
  return Object.entries(values ?? {})
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ')
}

function formatMoment(at: number): string {
  return `${formatTime(at)}.${String(at % 1000).padStart(3, '0')}`
}

function keyOf(event: Event): string {
  if (event.type === 'step.chosen') return event.scope
  return 'key' in event ? event.key : ''
}

function levelOf(event: Event, view: RunView): Level {
  switch (event.type) {
    case 'run.failed':
    case 'step.failed':
      return 'error'
    case 'step.unknown':
    case 'wait.opened':
    case 'run.waiting':
    case 'run.interrupted':
    case 'run.cancelled':
    case 'standstill':
    case 'wait.expired':
    case 'alert':
      return 'warn'
    case 'decision':
      return WORRYING.has(event.what) ? 'warn' : 'info'
    case 'message.dead':
      return 'warn'
    case 'message.acknowledged':
      return event.missing.length > 0 ? 'warn' : 'debug'
    case 'board.written':
    case 'message.sent':
    case 'run.started':
    case 'run.resumed':
    case 'run.succeeded':
    case 'step.skipped':
    case 'wait.answered':
    case 'guidance.heard':
      return 'info'
    case 'step.started':
    case 'step.succeeded':
    case 'step.cancelled':
      return view.steps.get(event.key)?.kind === 'agent' ? 'info' : 'debug'
    default:
      return 'debug'
  }
}

/** Whether `key` is a step of the agent, or inside of one. */
function belongsTo(agent: string, key: string, { steps }: RunView): boolean {
  const names = key.split('/')
  return names.some((_, index) => steps.get(names.slice(0, index + 1).join('/'))?.agent === agent)
}

function wordsFor(event: Event, view: RunView): string {
  switch (event.type) {
    case 'run.started':
      return `started ${event.team} on ${formatDay(event.at)}${event.rehearsal ? ', as a rehearsal' : ''}${event.forked ? `, ${describeFork(event.forked)}` : ''}`
    case 'run.resumed':
      return describeResume(event)
    case 'run.waiting':
      return describeWait(event, view)
    case 'run.succeeded':
      return `succeeded in ${formatDuration(view.active)}, ${formatSpent(view.spent)}`
    case 'run.failed':
      return `failed (${event.error.code}): ${event.error.message}`
    case 'standstill':
      return `stood still for ${formatDuration(event.milliseconds)}: the machine slept, or its clock was set`
    case 'run.interrupted':
      return `interrupted: ${event.reason}`
    case 'run.cancelled':
      return `cancelled: ${event.reason}`
    case 'guidance.heard':
      return `is told: ${event.words.map(({ text, by }) => `${text} (${by})`).join('; ')}`
    case 'wait.opened':
      return `asks: ${event.request.question}${choicesIn(event)}`
    case 'wait.answered':
      return `answered by ${event.by}${event.via ? ` with ${event.via}` : ''}: ${asText(event.value)}`
    case 'timer.set':
      return `pauses until ${formatMoment(event.until)}`
    case 'model.replied':
      return `${event.model} replied in ${formatDuration(event.milliseconds)}, ${spentOn(event)}`
    case 'model.failed':
      return `${event.model} failed after ${formatDuration(event.milliseconds)} (${event.error.code}): ${event.error.message}`
    case 'decision':
      return `${event.what}: ${event.reason}${event.values ? ` (${formatValues(event.values)})` : ''}`
    case 'alert':
      return `alert (${event.what}): ${event.reason}${event.values ? ` (${formatValues(event.values)})` : ''}`
    case 'model.delta':
      return event.text
    case 'activity':
      return 'is at work'
    case 'queued':
      return `waits for ${event.place} behind ${event.ahead} others`
    case 'wait.expired':
      return 'was not answered in time'
    case 'board.written':
      return `${event.by} writes ${event.name} (version ${event.version}): ${asText(event.value)}`
    case 'message.sent':
      return describeMessage(event.message)
    case 'message.delivered':
      return `${event.id} delivered to ${event.to}${event.attempt > 1 ? ` again (${event.attempt})` : ''}`
    case 'message.acknowledged':
      return event.missing.length > 0
        ? `${event.by} misses in ${event.id}: ${event.missing.join(', ')}`
        : `${event.id} acknowledged by ${event.by}`
    case 'message.dead':
      return `${event.id} is a dead letter for ${event.to}: ${event.reason}`
    case 'step.chosen':
      return `went on with ${event.key}, which ended first`
    default:
      return describeStep(event, view.steps.get(event.key))
  }
}

function describeMessage({ type, from, to, topic, payload }: Message): string {
  return `${from} → ${to ?? topic ?? 'everybody'} (${type}): ${asText(payload)}`
}

type StepEvent = Extract<Event, { type: `step.${string}` }>

function describeStep(
  event: Exclude<StepEvent, { type: 'step.chosen' }>,
  step: StepView | undefined,
): string {
  switch (event.type) {
    case 'step.started': {
      if (event.inherited) return `${event.kind} ${event.inherited.set ? 'given by hand' : 'taken over'}`
      const again = step && step.starts > 1 ? ` again (${step.starts})` : ''
      return `${event.kind} ${event.agent && event.agent !== event.key ? `${event.agent} ` : ''}started${again}`
    }
    case 'step.succeeded': {
      const spent = step && step.spent.calls > 0 ? `, ${formatSpent(step.spent)}` : ''
      const origin = step && howItCame(step)
      if (origin) return `succeeded, ${origin}`
      return `succeeded in ${formatDuration(event.at - (step?.startedAt ?? event.at))}${spent}`
    }
    case 'step.failed': {
      const { code, message, step: innermost = event.key } = event.error
      return `failed (${code})${innermost === event.key ? `: ${message}` : ` because of ${innermost}`}`
    }
    case 'step.skipped':
      return `skipped: ${event.reason}`
    case 'step.cancelled':
      return `cancelled: ${event.reason}`
    case 'step.unknown':
      return 'was under way when crew stopped; nobody knows whether it happened'
  }
}

function describeWait({ on, until }: FactOf<'run.waiting'>, { waits }: RunView): string {
  const what = on.every(key => waits.has(key)) ? 'an answer to ' : ''
  return `waits for ${what}${on.join(', ')}${until === undefined ? '' : ` until ${formatMoment(until)}`}`
}

/** Where a run was forked from another one. */
export function describeFork({ run, at, step }: Fork): string {
  return `forked from ${run} ${step === undefined ? `behind event ${at}` : `before ${step}`}`
}

function describeResume({ at, owner, reopened }: FactOf<'run.resumed'> & { at: number }): string {
  const again = reopened.length > 0 ? `; enters again: ${reopened.join(', ')}` : ''
  return `resumed on ${formatDay(at)} by process ${owner.pid} on ${owner.host}${again}`
}

function choicesIn({ request }: FactOf<'wait.opened'>): string {
  return request.choices ? ` (${request.choices.join(', ')})` : ''
}

function spentOn({ spent }: FactOf<'model.replied'>): string {
  const total = zero()
  add(total, spent)
  return formatSpent(total)
}
