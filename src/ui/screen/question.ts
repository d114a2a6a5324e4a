import type { ChalkInstance } from 'chalk'
import type { Question } from '../../store/questions.ts'
import { describeInFull } from '../question.ts'
import { PLAIN } from '../style.ts'
import { clip, wrap } from './fit.ts'
import type { View } from './view.ts'

/** How a question can be answered by keys. */
export interface Ways {
  readonly approve: boolean
  readonly always: boolean
  readonly edit: boolean
  readonly reject: boolean
  /** Chosen by number. One that ends in `=` takes words behind it. */
  readonly choices: readonly string[]
  /** Any words. */
  readonly free: boolean
}

export function waysOf({ gate, choices }: Pick<Question, 'gate' | 'choices'>): Ways {
  const has = (form: string) =>
    choices?.some(choice => choice === form || choice.startsWith(`${form}=`)) === true
  if (gate !== undefined) {
    const ways = { approve: has('approve'), always: has('always'), edit: has('edit'), reject: has('reject') }
    return { ...ways, choices: [], free: false }
  }
  const none = { approve: false, always: false, edit: false, reject: false }
  return { ...none, choices: (choices ?? []).map(formOf), free: choices === undefined }
}

/** `done=OUTPUT` stands for `done=` and any words. */
function formOf(choice: string): string {
  return /^([^=]+=)[A-Z]+$/.exec(choice)?.[1] ?? choice
}

/** The words of a refusal. */
export function rejection({ choices }: Pick<Question, 'choices'>, reason: string): string {
  const takesReason = choices?.some(choice => choice.startsWith('reject=')) === true
  return reason.trim() === '' || !takesReason ? 'reject' : `reject=${reason.trim()}`
}

export function keysOf(question: Question, others: number, canEdit: boolean): View['keys'] {
  const { approve, always, edit, reject, choices, free } = waysOf(question)
  const keys: (readonly [string, string])[] = []
  if (approve) keys.push(['a', 'approve'])
  if (reject) keys.push(['r', 'reject'])
  if (edit) keys.push(['e', canEdit ? 'edit in $EDITOR' : 'edit'])
  if (always) keys.push(['A', 'always'])
  if (choices.length > 0)
    keys.push([choices.length === 1 ? '1' : `1-${Math.min(9, choices.length)}`, 'choose'])
  if (free) keys.push(['Enter', 'write an answer'])
  keys.push(['Esc', 'later'])
  if (others > 0) keys.push(['Tab', `next of ${others + 1}`])
  keys.push(['↑↓ PgUp PgDn', 'scroll'])
  return keys
}

/** A question in lines of at most `columns` columns, with all that there is to decide about, and nothing left out. */
export function questionLines(question: Question, columns: number, style: ChalkInstance): string[] {
  const width = columns - 2
  const [head = '', ...rest] = describeInFull(question, PLAIN)
  const hunk = rest.findIndex(line => /^\s*@@ -\d/.test(line))
  const body = rest.flatMap((line, index) => {
    const paint = hunk >= 0 && index > hunk ? paintOf(line, style) : String
    return hang(line, width).map(part => ` ${paint(part)}`)
  })
  const { choices } = waysOf(question)
  const options = choices.map((choice, index) => {
    const words = choice.endsWith('=') ? `${choice}…` : choice
    return `  ${style.bold(String(index + 1))}  ${clip(words, columns - 6)}`
  })
  return [
    ...wrap(head, width).map(line => ` ${style.yellow(style.bold(line))}`),
    ...body,
    ...(options.length > 0 ? ['', ...options] : []),
  ]
}

/** A line that goes on below itself stays indented as it is. */
function hang(line: string, width: number): string[] {
  const indent = /^\s*/.exec(line)?.[0].slice(0, width >> 1) ?? ''
  return wrap(line.slice(indent.length), width - indent.length).map(part => indent + part)
}

/** In a diff, what would come is green, and what would go is red. */
function paintOf(line: string, style: ChalkInstance): (text: string) => string {
  if (/^\s*\+/.test(line)) return style.green
  return /^\s*-/.test(line) ? style.red : String
}
