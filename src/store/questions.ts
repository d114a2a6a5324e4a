import { CrewError } from '../errors.ts'
import { asText, type Json } from '../json.ts'
import type { WaitRequest } from './events.ts'
import type { Signal } from './store.ts'
import type { RunView } from './view.ts'

/** What a run asks of a person. */
export interface Question extends WaitRequest {
  /** Key of the wait; the step that asks is the path before it. */
  readonly key: string
  readonly openedAt: number
}

/** Questions that nobody has answered and that a step still waits for, in the order in which they were asked. */
export function openQuestions({ waits, steps }: RunView): Question[] {
  const isOver = (key: string) => {
    const step = steps.get(key)
    return (
      step !== undefined &&
      (step.state === 'succeeded' ||
        step.state === 'failed' ||
        step.state === 'skipped' ||
        step.final === true)
    )
  }
  return [...waits].flatMap(([key, { request, openedAt, answer, expired }]) =>
    answer || expired || ancestors(key).some(isOver) ? [] : [{ key, openedAt, ...request }],
  )
}

/**
 * The question that an answer is meant for: the one that `step` names (its key, or that of the step that asks), or
 * the only one. `given` are the answers that were left for the run. Throws `usage` when there is no such question, or
 * its time is over.
 */
export function findQuestion(
  view: RunView,
  run: string,
  given: readonly Signal[],
  step: string | undefined,
  now: number,
): Question {
  const open = openQuestions(view)
  if (view.state === 'succeeded' || view.state === 'cancelled' || open.length === 0) {
    throw new CrewError('usage', `run ${run} asks nothing: it is ${view.state}`, {
      hint: `see how it is with: crew show ${run}`,
    })
  }
  const meant =
    step === undefined ? open : open.filter(({ key }) => key === step || key.startsWith(`${step}/`))
  const [question, ...others] = meant
  if (!question || others.length > 0) throw ambiguous(open, run, step)
  const answered = given.find(({ key }) => key === question.key)
  if (!answered && question.until !== undefined && question.until < now) throw tooLate(question, run)
  if (!answered) return question
  throw new CrewError(
    'usage',
    `${question.key} was answered already, by ${answered.by}: ${asText(answered.value)}`,
    { hint: `go on with: crew resume ${run}` },
  )
}

/** `answer`, when the question allows it. A choice like `done=OUTPUT` stands for `done=` and any text. */
export function readAnswer({ key, choices }: Question, answer: string): Json {
  const allows = (choice: string) => {
    const form = /^[^=]+=(?=[A-Z]+$)/.exec(choice)?.[0]
    return form === undefined ? answer === choice : answer.startsWith(form)
  }
  if (choices === undefined || choices.some(allows)) return answer
  throw new CrewError('usage', `"${answer}" is no answer to ${key}`, {
    hint: `answer with one of: ${choices.join(', ')}`,
  })
}

function tooLate({ key, until = 0 }: Question, run: string): CrewError {
  return new CrewError('usage', `${key} could be answered until ${new Date(until).toISOString()}`, {
    hint: `the run goes on without an answer: crew resume ${run}`,
  })
}

function ambiguous(open: readonly Question[], run: string, step: string | undefined): CrewError {
  const list = open.map(({ key, question }) => `\n  ${key}: ${question}`).join('')
  const message =
    step === undefined ? `run ${run} asks ${open.length} questions` : `${step} is not one question`
  return new CrewError('usage', `${message}; open are:${list}`, {
    hint: `say which: crew answer ${run} ANSWER --step ${open[0]?.key}`,
  })
}

function ancestors(key: string): string[] {
  const names = key.split('/')
  return names.map((_, index) => names.slice(0, index + 1).join('/'))
}
