import { CrewError } from '../errors.ts'
import { asText, canonical, hash, type Json, parseJson } from '../json.ts'
import { validator } from '../json-schema.ts'
import { outwards } from '../step-key.ts'
import type { WaitRequest } from './events.ts'
import type { Signal, Store } from './store.ts'
import { pathTo, type RunView } from './view.ts'

/** What a run asks of a person. */
export interface Question extends WaitRequest {
  /** Key of the wait; the step that asks is the path before it. */
  readonly key: string
  readonly openedAt: number
  /** Among all that the run has asked, from 1: it stays the same when others are answered. */
  readonly number: number
  /** Who asks. */
  readonly agent?: string
  /** Hash of all that the person is shown. */
  readonly saw: string
}

/** Questions that nobody has answered and that a step still waits for, in the order in which they were asked. */
export function openQuestions(view: RunView): Question[] {
  const { waits, steps } = view
  const isOver = (key: string) => {
    const step = steps.get(key)
    return (
      step !== undefined &&
      // A call of a tool has its key below the turn that asked for it, and begins when that is over.
      step.kind !== 'model' &&
      (step.state === 'succeeded' ||
        step.state === 'failed' ||
        step.state === 'skipped' ||
        step.final === true)
    )
  }
  return [...waits].flatMap(([key, { request, openedAt, answer, expired }], index) => {
    if (answer || expired || [...outwards(key)].some(isOver)) return []
    const agent = pathTo(view, key).findLast(step => step.agent !== undefined)?.agent
    const saw = hash(canonical(request))
    return [{ ...request, key, openedAt, number: index + 1, ...(agent !== undefined && { agent }), saw }]
  })
}

/**
 * The question that an answer is meant for: the one that `gate` names (its key, that of the step that asks, its number,
 * or a part that no other has), or the only one. `given` is what was left for the run. Throws `usage` when there is no
 * such question, when somebody else has answered it, or when its time is over.
 */
export function findQuestion(
  view: RunView,
  run: string,
  given: readonly Signal[],
  gate: string | undefined,
  now: number,
): Question {
  const open = openQuestions(view)
  // What somebody else has answered meanwhile must not be taken for a part of another key.
  if (gate !== undefined && namedBy(gate, open).length === 0) refuseAnswered(view, run, gate)
  if (view.state === 'succeeded' || view.state === 'cancelled' || open.length === 0) {
    throw new CrewError('usage', `run ${run} asks nothing: it is ${view.state}`, {
      hint: `see how it is with: crew show ${run}`,
    })
  }
  const meant = gate === undefined ? open : meantBy(gate, open)
  const [question, ...others] = meant
  if (!question || others.length > 0) throw ambiguous(open, run, gate)
  const answered = answerTo(question, given)
  if (answered) throw alreadyAnswered(question.key, answered, run)
  if (isTooLate(question, now)) throw tooLate(question, run)
  return question
}

/** Whether its time is over at `now`, in milliseconds since the epoch. */
export function isTooLate({ until }: Pick<Question, 'until'>, now: number): boolean {
  return until !== undefined && until < now
}

/** Those that `gate` may mean: what names one goes before what is a part of its key. */
function meantBy(gate: string, open: readonly Question[]): Question[] {
  const named = namedBy(gate, open)
  return named.length > 0 ? named : open.filter(({ key }) => key.includes(gate))
}

function namedBy(gate: string, open: readonly Question[]): Question[] {
  const ways = [
    ({ key }: Question) => key === gate,
    ({ number }: Question) => String(number) === gate.replace(/^#/, ''),
    ({ key }: Question) => key.startsWith(`${gate}/`),
    ({ agent, key }: Question) => agent === gate || key.split('/').includes(gate),
  ]
  for (const isMeant of ways) {
    const found = open.filter(isMeant)
    if (found.length > 0) return found
  }
  return []
}

/**
 * Checks an answer, which is text. A choice like `done=OUTPUT` stands for `done=` and any text. Resolves with what counts
 * as the answer; rejects with `usage` when it is none of the choices or does not satisfy the schema of the question.
 */
export async function readAnswer(
  question: Pick<Question, 'key' | 'choices' | 'editable' | 'schema'>,
  answer: string,
): Promise<Json> {
  const { key, choices, editable, schema } = question
  const allows = (choice: string) => {
    const form = /^[^=]+=(?=[A-Z]+$)/.exec(choice)?.[0]
    return form === undefined ? answer === choice : answer.startsWith(form)
  }
  if (choices !== undefined && !choices.some(allows)) {
    throw new CrewError('usage', `"${answer}" is no answer to ${key}`, {
      hint: `answer with one of: ${choices.join(', ')}`,
    })
  }
  const edited = editable !== undefined && answer.startsWith('edit=') ? answer.slice(5) : undefined
  const given = edited ?? (choices === undefined ? answer : undefined)
  const isText = edited === undefined ? !schema || schema.type === 'string' : typeof editable === 'string'
  if (given === undefined || (isText && !schema)) return answer
  const value = isText ? given : parseJson(given)
  const problem = value === undefined ? 'it is not JSON' : schema && (await validator(schema))(value)
  if (problem === undefined) return answer
  throw new CrewError('usage', `this is no answer to ${key}: ${problem}`, {
    hint: schema ? `it has to satisfy: ${JSON.stringify(schema)}` : 'write it as JSON',
  })
}

/** Who answers, and how. */
export interface Answering extends Required<Pick<Signal, 'by' | 'at' | 'via'>> {
  readonly value: Json
}

/**
 * Leaves an answer for a run. Rejects with `usage` when somebody was faster, or the run does not ask it any more: the
 * first answer counts, and this one does nothing.
 */
export async function leaveAnswer(
  store: Store,
  run: string,
  { key, saw, until }: Pick<Question, 'key' | 'saw' | 'until'>,
  answer: Answering,
): Promise<void> {
  if (until !== undefined && until < answer.at) throw tooLate({ key, until }, run)
  const row = await store.run(run)
  if (row?.state === 'succeeded' || row?.state === 'cancelled')
    throw new CrewError('usage', `run ${run} asks nothing any more: it is ${row.state}`)
  if (await store.signal(run, { kind: 'answer', key, saw, ...answer })) return
  const first = answerTo({ key }, await store.signals(run, 0))
  throw alreadyAnswered(key, first ?? answer, run)
}

function answerTo({ key }: Pick<Question, 'key'>, given: readonly Signal[]): Signal | undefined {
  return given.find(signal => signal.kind === 'answer' && signal.key === key)
}

type Given = Pick<Signal, 'value' | 'by' | 'at'>

/** Says of a question that is not open any more what has become of it. */
function refuseAnswered({ waits }: RunView, run: string, gate: string): void {
  const number = Number(gate.replace(/^#/, ''))
  const [key, wait] =
    [...waits].findLast(([key], index) => key === gate || index + 1 === number) ??
    [...waits].findLast(([key]) => key.startsWith(`${gate}/`)) ??
    []
  if (key !== undefined && wait?.answer) throw alreadyAnswered(key, wait.answer, run)
  if (key !== undefined && wait?.expired) throw tooLate({ key, until: wait.request.until ?? 0 }, run)
}

function alreadyAnswered(key: string, { by, value, at }: Given, run: string): CrewError {
  const when = new Date(at).toISOString()
  return new CrewError('usage', `${key} was answered already, by ${by} at ${when}: ${asText(value)}`, {
    hint: `go on with: crew resume ${run}`,
  })
}

function tooLate({ key, until = 0 }: Pick<Question, 'key' | 'until'>, run: string): CrewError {
  return new CrewError('usage', `${key} could be answered until ${new Date(until).toISOString()}`, {
    hint: `the run goes on without an answer: crew resume ${run}`,
  })
}

function ambiguous(open: readonly Question[], run: string, gate: string | undefined): CrewError {
  const list = open.map(({ number, key, question }) => `\n  ${number}  ${key}: ${inShort(question)}`).join('')
  const message =
    gate === undefined ? `run ${run} asks ${open.length} questions` : `${gate} is not one question`
  return new CrewError('usage', `${message}; open are:${list}`, {
    hint: `say which, by its number or its key; see them in full with: crew inbox ${run}`,
  })
}

/** The beginning of a text, as one line. */
function inShort(text: string): string {
  const line = text
    .slice(0, 10 * LONGEST)
    .replace(/\s+/g, ' ')
    .trim()
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line
}

/** Characters of a question in a list of several. */
const LONGEST = 100

/** All words by which a question of the run, also one that is answered, is named for certain. */
export function namesOf(view: RunView): ReadonlySet<string> {
  return new Set(
    [...view.waits.keys()].flatMap((key, index) => {
      const agents = pathTo(view, key).flatMap(({ agent }) => agent ?? [])
      return [String(index + 1), `#${index + 1}`, ...outwards(key), ...key.split('/'), ...agents]
    }),
  )
}
