import type { ChalkInstance } from 'chalk'
import { asText, type JsonObject } from '../json.ts'
import type { Event } from '../store/events.ts'
import { isTooLate, openQuestions, type Question } from '../store/questions.ts'
import type { RunRow, Signal } from '../store/store.ts'
import { type RunView, type StepView, viewOf } from '../store/view.ts'
import { formatAge, formatDay, formatDuration, formatReference, formatSpent, formatTime } from './format.ts'
import { describeFork } from './log-line.ts'
import { describeQuestions } from './question.ts'
import { describeRemarks, earlierAnswers, partialSteps } from './remarks.ts'
import { colourOf, describeState, documentOfRow } from './run-list.ts'
import { markOf } from './step-mark.ts'
import { describeCost, forkOf, spendingOf, wayOn } from './summary.ts'
import { type Cell, formatTable } from './table.ts'
import { howItCame } from './taken-over.ts'
import { oneLine, sanitize } from './text.ts'
import { createTimeline } from './timeline.ts'

/** A run with all that is known of it. */
export interface RunRecord {
  readonly row: RunRow
  readonly view: RunView
  /** In milliseconds since the epoch. */
  readonly now: number
  /** Milliseconds that the run has worked until a time. */
  readonly elapsed: (at: number) => number
  /** When it ended, or now while it is being run. */
  readonly end: number
  /** Who ended it, and why, when nothing failed. */
  readonly stopped?: string
  /** What people have left for it. */
  readonly given: readonly Signal[]
}

export function recordOf(
  row: RunRow,
  events: readonly Event[],
  now: number,
  given: readonly Signal[] = [],
): RunRecord {
  const view = viewOf(events)
  const last = events.at(-1)
  const isStopped = last?.type === 'run.interrupted' || last?.type === 'run.cancelled'
  return {
    row,
    view,
    now,
    elapsed: createTimeline(events),
    end: row.owner ? now : view.updatedAt,
    ...(isStopped && { stopped: last.reason }),
    given,
  }
}

export interface PageOptions {
  readonly style: ChalkInstance
  readonly width: number
  /** The store that commands have to name. */
  readonly db?: string | undefined
  /** What is done to the result: it is shown whole, and raw where no terminal reads it. */
  readonly clean: (result: string) => string
}

const INDENT = '  '

/** One run as a page for a person: its facts, agents, open questions, error, result, and the command that goes on. */
export function formatPage(record: RunRecord, { style, width, clean, db }: PageOptions): string {
  const { row, view } = record
  const run = formatReference(row.id, db)
  const table = (rows: Cell[][]) =>
    formatTable([{}, { shrinks: true }], rows, width - INDENT.length).map(line => INDENT + line)
  const sections: [title: string, lines: string[]][] = [
    ['', table(factsOf(record, run).map(([name, value]) => [{ text: name, paint: style.dim }, value]))],
    ['agents', table(agentsOf(view).map(step => agentCells(step, record, style)))],
    ['remarks', describeRemarks(view, style)],
    ['questions', [...describeQuestions(questionsOf(record), run, style), ...questionsPast(record)]],
    ['error', errorLines(record, run, style)],
    ['result', view.output === undefined ? [] : [clean(asText(view.output))]],
    ['', nextOf(record, run, style).map(line => INDENT + line)],
  ]
  const title = `${style.bold(oneLine(row.team, width))} ${colourOf(row, style)(describeState(row))}`
  const filled = sections.filter(([, lines]) => lines.length > 0)
  return [
    title,
    ...filled.flatMap(([name, lines]) => ['', ...(name ? [style.bold(name)] : []), ...lines]),
  ].join('\n')
}

/** The same as JSON. Names are only ever added. */
export function documentOfRun(record: RunRecord): JsonObject {
  const { row, view, elapsed, end, stopped } = record
  const { crew, input, output, error, rehearsal } = view
  return JSON.parse(
    JSON.stringify({
      ...documentOfRow(row),
      ...spendingOf(rehearsal, view.spent),
      ...forkOf(view),
      crew,
      milliseconds: elapsed(end),
      ...{ input, output, error, stopped },
      agents: agentsOf(view).map(step => {
        const { key, agent, state, starts, startedAt, endedAt, tokens, spent, error, reason } = step
        const { takenOver, inherited } = step
        return {
          key,
          agent,
          state,
          starts,
          startedAt,
          endedAt,
          milliseconds: timeOf(step, record),
          tokens,
          ...spendingOf(rehearsal, spent),
          error,
          reason,
          takenOver,
          given: inherited?.set,
        }
      }),
      partial: partialSteps(view),
      earlier: earlierAnswers(view),
      decisions: decisionsOf(view),
      questions: questionsOf(record),
      next: isOver(row) ? undefined : nextCommand(row, row.id),
    }),
  )
}

function factsOf(
  { row, view, now, elapsed, end, stopped }: RunRecord,
  run: string,
): [name: string, value: string][] {
  const { id, path, createdAt } = row
  const decisions = decisionsOf(view).length
  return [
    ['run', id],
    ...(view.forked ? [['from', describeFork(view.forked)] satisfies [string, string]] : []),
    ['file', path],
    ['started', `${formatDay(createdAt)} ${formatTime(createdAt)}, ${formatAge(now - createdAt)}`],
    ['took', formatDuration(elapsed(end))],
    ...(stopped === undefined ? [] : [['stopped', stopped] satisfies [string, string]]),
    ['spent', describeCost(view)],
    ['decisions', decisions === 0 ? 'none' : `${decisions}, shown by: crew logs ${run} --trace`],
    ...Object.entries(view.input).map(([name, value]): [string, string] => [`input.${name}`, asText(value)]),
  ]
}

function agentCells(step: StepView, record: RunRecord, style: ChalkInstance): Cell[] {
  const [mark, colour] = markOf(step, record.row.owner !== undefined)
  const took = howItCame(step) ?? (step.starts > 0 ? formatDuration(timeOf(step, record)) : '')
  const spent = step.spent.calls > 0 ? formatSpent(step.spent) : ''
  const why = step.error?.message ?? step.reason ?? ''
  const agent = step.agent !== undefined && step.agent !== step.key ? `(${step.agent})` : ''
  const facts = [agent, took, record.view.rehearsal ? '' : spent, why].filter(fact => fact !== '')
  return [{ text: `${mark} ${step.key}`, paint: style[colour] }, facts.join(' · ')]
}

function timeOf({ startedAt, endedAt }: StepView, { elapsed, end }: RunRecord): number {
  return elapsed(endedAt ?? end) - elapsed(startedAt)
}

/** Agents in the order in which they started, and what was skipped instead of being started. */
function agentsOf({ steps }: RunView): StepView[] {
  return [...steps.values()].filter(({ kind, starts }) => kind === 'agent' || starts === 0)
}

function decisionsOf({ notes, steps }: RunView) {
  const all = [...notes, ...[...steps.values()].flatMap(step => step.notes)]
  return all.filter(note => note.type === 'decision').sort((a, b) => a.at - b.at)
}

function errorLines({ view: { error } }: RunRecord, run: string, style: ChalkInstance): string[] {
  if (!error) return []
  const lines = sanitize(error.message).split('\n')
  const hint = error.hint && sanitize(error.hint.replaceAll('RUN', run))
  return [...lines.map(line => INDENT + line), ...(hint ? [`${INDENT}${style.cyan('→')} ${hint}`] : [])]
}

/** What is asked, and can still be answered. */
function questionsOf({ row, view, given, now }: RunRecord): Question[] {
  if (isOver(row)) return []
  return openQuestions(view).filter(question => !answerIn(given, question) && !isTooLate(question, now))
}

/** A line for each question that the run waits for and that nobody can answer any more, until it is resumed. */
function questionsPast({ row, view, given, now }: RunRecord): string[] {
  if (isOver(row)) return []
  return openQuestions(view).flatMap(question => {
    const answer = answerIn(given, question)
    if (answer) return [`  ✓ ${oneLine(question.key, 200)}: answered by ${oneLine(answer.by, 60)}`]
    return isTooLate(question, now) ? [`  ✗ ${oneLine(question.key, 200)}: nobody answered in time`] : []
  })
}

function answerIn(given: readonly Signal[], { key }: Question): Signal | undefined {
  return given.find(signal => signal.kind === 'answer' && signal.key === key)
}

function isOver({ state }: RunRow): boolean {
  return state === 'succeeded' || state === 'cancelled'
}

/** What can be done about a run that is not over. */
function nextOf({ row, view }: RunRecord, run: string, style: ChalkInstance): string[] {
  if (isOver(row)) return []
  const command = style.cyan(sanitize(nextCommand(row, run)))
  if (row.owner) return [`watch it with: ${command}`]
  if (view.state !== 'failed' || !view.error) return [`go on with: ${command}`]
  return [wayOn(view.error.code, run, style)].filter(line => line !== undefined)
}

function nextCommand({ owner }: RunRow, run: string): string {
  return owner ? `crew logs ${run} --follow` : `crew resume ${run}`
}
