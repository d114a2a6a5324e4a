import type { ChalkInstance } from 'chalk'
import { asText, isObject, type Json } from '../json.ts'
import { shellWord } from '../shell-word.ts'
import type { Question } from '../store/questions.ts'
import { formatDay, formatTime } from './format.ts'
import { oneLine, reveal, sanitize } from './text.ts'

/** Longest question, and longest line of what it is about, in columns; lines of what it is about. */
const QUESTION = 300
const LINE = 74
const LINES = 12

/** Open questions of a run in short: who asks what, one line each, and the commands that answer. */
export function describeQuestions(
  questions: readonly Question[],
  run: string,
  style: ChalkInstance,
): string[] {
  return questions.flatMap(question => {
    const { key, question: words, until, number } = question
    const detail = detailOf(question)
    const shown = detail.slice(0, LINES).map(line => `    ${style.dim(cut(line))}`)
    const isCut =
      detail.length > LINES ||
      detail.some(line => cut(line).endsWith('…')) ||
      oneLine(words, QUESTION).endsWith('…')
    const answers = answersTo(question, run, questions.length > 1).map(answer => style.cyan(sanitize(answer)))
    return [
      `  ${style.cyan('?')} ${oneLine(key, QUESTION)}: ${oneLine(words, QUESTION)}`,
      ...(until === undefined ? [] : [`    until ${formatDay(until)} ${formatTime(until)}`]),
      ...shown,
      ...(isCut ? [`    see all of it with: ${style.cyan(sanitize(`crew inbox ${run} ${number}`))}`] : []),
      ...answers.map((answer, index) => `    ${index === 0 ? 'answer with:' : '         or:'} ${answer}`),
    ]
  })
}

/** One question with all that there is to decide about, nothing left out. */
export function describeInFull(question: Question, style: ChalkInstance): string[] {
  const { key, question: words, until, agent } = question
  return [
    `${style.cyan('?')} ${style.bold(sanitize(key))}${agent === undefined ? '' : ` ${style.dim(`asked by ${oneLine(agent, QUESTION)}`)}`}`,
    ...sanitize(words).split('\n').map(indented),
    ...(until === undefined ? [] : [`  until ${formatDay(until)} ${formatTime(until)}`]),
    ...detailOf(question).map(indented),
  ]
}

/** The commands that answer, as they are typed. */
export function answersTo({ key, choices, gate }: Question, run: string, isOneOfMany: boolean): string[] {
  if (gate !== undefined) {
    const which = isOneOfMany ? ` ${key}` : ''
    const has = (form: string) => choices?.some(choice => choice.startsWith(form)) === true
    return [
      `crew approve ${run}${which}`,
      ...(has('always') ? [`crew approve ${run}${which} --always`] : []),
      ...(has('edit=') ? [`crew edit ${run}${which}`] : []),
      `crew reject ${run}${which} "REASON"`,
    ]
  }
  const step = isOneOfMany ? ` --step ${key}` : ''
  return (choices?.map(shellWord) ?? ['"…"']).map(answer => `crew answer ${run} ${answer}${step}`)
}

/** What a question is about, as lines: each field by its name, a text of several lines below it. */
function detailOf({ detail, editable, gate }: Question): string[] {
  const about =
    isObject(detail) && gate !== undefined ? fieldsOf(detail) : detail === undefined ? [] : linesOf(detail)
  // What a tool is called with stands in the detail already.
  if (editable === undefined || gate === 'tool') return about
  return [...about, `${gate === 'output' ? 'output' : 'task'}:`, ...linesOf(editable).map(indented)]
}

function fieldsOf(detail: { readonly [name: string]: Json }): string[] {
  return Object.entries(detail).flatMap(([name, value]) => {
    const lines = linesOf(value)
    return lines.length === 1 ? [`${name}: ${lines[0]}`] : [`${name}:`, ...lines.map(indented)]
  })
}

function linesOf(value: Json): string[] {
  const text =
    isObject(value) && JSON.stringify(value).length <= LINE - 12 ? JSON.stringify(value) : asText(value)
  return text.replace(/\n$/, '').split('\n').map(shown)
}

/** A line about which somebody decides: what would be left out of it, to be harmless, shows as an escape. */
function shown(line: string): string {
  const text = line.replace(/\r$/, '')
  return sanitize(text) === text ? text : text.split('\t').map(reveal).join('\t')
}

/** A line that is not too long. Its indentation stays: it says where a text belongs, and what a diff is about. */
function cut(line: string): string {
  const indentation =
    /^\s{0,40}/
      .exec(line)?.[0]
      .replaceAll('\t', '  ')
      .slice(0, LINE / 2) ?? ''
  return indentation + oneLine(line, LINE - indentation.length)
}

function indented(line: string): string {
  return `  ${line}`
}
