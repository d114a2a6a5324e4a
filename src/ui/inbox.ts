import type { ChalkInstance } from 'chalk'
import { isTooLate, type Question } from '../store/questions.ts'
import type { RunRow } from '../store/store.ts'
import { formatAge, formatDay, formatReference, formatTime } from './format.ts'
import { answersTo } from './question.ts'
import { type Cell, type Column, formatTable } from './table.ts'

/** A question with the run that asks it. */
export interface Waiting {
  readonly run: RunRow
  readonly question: Question
}

const COLUMNS: readonly Column[] = [{}, {}, { align: 'right' }, {}, {}, { shrinks: true }, {}]

interface Options {
  readonly style: ChalkInstance
  readonly width: number
  /** In milliseconds since the epoch. */
  readonly now: number
  readonly db?: string | undefined
}

/** All that waits for a person, the oldest first, and below it how the first one is answered. */
export function formatInbox(waiting: readonly Waiting[], { style, width, now, db }: Options): string[] {
  const heads = ['age', 'run', '#', 'team', 'who', 'question', 'until'].map(text => ({
    text,
    paint: style.dim,
  }))
  const rows = waiting.map(({ run, question }): Cell[] => [
    formatAge(now - question.openedAt),
    run.id,
    String(question.number),
    run.team,
    question.agent ?? question.key,
    question.question,
    question.until === undefined ? '' : deadline(question.until, now),
  ])
  const first = waiting.find(({ question }) => !isTooLate(question, now))
  const how = first ? answersTo(first.question, formatReference(first.run.id, db), true) : []
  const late = waiting.find(({ run, question }) => !run.owner && isTooLate(question, now))
  return [
    ...formatTable(COLUMNS, [heads, ...rows], width),
    ...(first ? ['', `see one in full with: ${style.cyan(inbox(first, db))}`] : []),
    ...how.map(
      (answer, index) =>
        `${index === 0 ? 'answer the first with:' : '                   or:'} ${style.cyan(answer)}`,
    ),
    ...(late
      ? ['', `too late means that the run goes on without an answer: ${style.cyan(goOn(late, db))}`]
      : []),
  ]
}

function inbox({ run, question }: Waiting, db: string | undefined): string {
  return `crew inbox ${formatReference(run.id, db)} ${question.number}`
}

function goOn({ run }: Waiting, db: string | undefined): string {
  return `crew resume ${formatReference(run.id, db)}`
}

function deadline(until: number, now: number): string {
  return until < now ? 'too late' : `${formatDay(until)} ${formatTime(until).slice(0, 5)}`
}

/** The same as JSON. Names are only ever added. */
export function documentOfInbox(waiting: readonly Waiting[]) {
  return waiting.map(({ run, question: { key, question, openedAt, saw, ...more } }) => ({
    run: run.id,
    team: run.team,
    state: run.state,
    key,
    question,
    askedAt: new Date(openedAt).toISOString(),
    ...more,
    answers: answersTo({ key, question, openedAt, saw, ...more }, run.id, true),
  }))
}
