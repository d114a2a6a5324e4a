import type { ChalkInstance } from 'chalk'
import { asText } from '../json.ts'
import type { Question } from '../store/questions.ts'
import { formatDay, formatTime } from './format.ts'
import { oneLine, sanitize } from './text.ts'

/** Longest excerpt of what a question is about, in columns. */
const DETAIL = 200

/** Open questions of a run as lines: who asks what, and the commands that answer. */
export function describeQuestions(
  questions: readonly Question[],
  run: string,
  style: ChalkInstance,
): string[] {
  return questions.flatMap(({ key, question, choices, detail, until }) => {
    const step = questions.length > 1 ? ` --step ${key}` : ''
    const answers = (choices ?? ['"…"']).map(choice =>
      style.cyan(sanitize(`crew answer ${run} ${choice}${step}`)),
    )
    return [
      `  ${style.cyan('?')} ${sanitize(key)}: ${sanitize(question)}`,
      ...(until === undefined ? [] : [`    until ${formatDay(until)} ${formatTime(until)}`]),
      ...(detail === undefined ? [] : [`    ${style.dim(oneLine(asText(detail), DETAIL))}`]),
      ...answers.map((answer, index) => `    ${index === 0 ? 'answer with:' : '         or:'} ${answer}`),
    ]
  })
}
