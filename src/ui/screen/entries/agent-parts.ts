import type { ChalkInstance } from 'chalk'
import { asText, isObject, type Json } from '../../../json.ts'
import { add, zero } from '../../../spend.ts'
import { isInside } from '../../../step-key.ts'
import type { StepView, WaitView } from '../../../store/view.ts'
import { formatDollars, formatDuration, formatTime, formatTokens } from '../../format.ts'
import { messagesOf } from '../../messages.ts'
import { markOf } from '../../step-mark.ts'
import { widthOf } from '../../text.ts'
import { nameOfCall } from '../../tool-call.ts'
import { cell, excerpt, inShort, textOf } from '../excerpt.ts'
import { between, padStart } from '../fit.ts'
import type { Entry } from '../pager.ts'
import type { Page } from './agent.ts'
import { targetOf } from './messages.ts'

type Part = Entry & { readonly at: number }

/** What happened in an invocation of an agent, in its order. */
export function partsOf(page: Page): Part[] {
  const { row, view, style } = page
  const { key, step } = row
  const inside = [...view.steps.values()].filter(each => each.key !== key && isInside(each.key, key))
  return [
    ...inside.flatMap(each => stepParts(each, page)),
    ...[step, ...inside].flatMap(each => noteParts(each, style)),
    ...[...view.waits].filter(([wait]) => isInside(wait, key)).map(([id, wait]) => waitPart(id, wait, style)),
    ...messageParts(page),
    ...heardParts(page),
  ].sort((a, b) => a.at - b.at)
}

function stepParts(step: StepView, page: Page): Part[] {
  const { kind, key, startedAt } = step
  const { view, style, elapsed, now } = page
  if (HIDDEN.has(kind)) return []
  const took = formatDuration(elapsed(step.endedAt ?? now) - elapsed(step.startedAt))
  const isLive = view.state === 'running'
  const [mark, colour] = markOf(step, isLive)
  const isTool = kind === 'tool'
  const name = isTool ? (nameOfCall(step) ?? 'a tool') : nameOfStep(step, page)
  const said = isTool ? summaryOf(step) : spentOf(step, page)
  const head = (width: number) => {
    const left = `${isTool ? '  ' : ''}${style[colour](mark)} `
    const room = Math.max(16, width - 10 - widthOf(left))
    const title = excerpt(name, Math.max(12, room >> 1))
    const rest = Math.max(0, room - widthOf(title) - 2)
    const words = `${left}${title}  ${style.dim(excerpt(said, rest))}`
    return between(words, style.dim(padStart(took, 8)), width)
  }
  return [{ id: key, at: startedAt, head, text: `${name} ${said}`, body: () => bodyOf(step, page) }]
}

/** Parts of a call of a tool, and what only a resumed run has a use for. */
const HIDDEN: ReadonlySet<string> = new Set(['plan', 'act', 'failure', 'mailbox', 'board'])

function nameOfStep({ key, kind, agent }: StepView, { row }: Page): string {
  const name = key.slice(row.key.length + 1)
  const words = name.replace(/^turn-(\d+)$/, 'turn $1')
  return agent !== undefined && agent !== name ? `${words} (${agent})` : words === kind ? kind : words
}

export function costOf({ usd, unpriced, calls, estimated }: StepView['spent']): string {
  return unpriced === calls ? 'price unknown' : `${estimated > 0 ? '~' : ''}${formatDollars(usd)}`
}

/** What it spent itself: what further attempts did stands with them. */
function spentOf({ notes }: StepView, { view }: Page): string {
  const model = notes.flatMap(note => ('model' in note ? note.model : []))[0] ?? ''
  const spent = zero()
  for (const note of notes) if ('spent' in note && note.spent) add(spent, note.spent)
  if (spent.calls === 0) return model
  const tokens = `${formatTokens(spent.input)} in, ${formatTokens(spent.output)} out`
  return [model, tokens, ...(view.rehearsal ? [] : [costOf(spent)])].filter(Boolean).join(' · ')
}

function summaryOf({ state, output, error }: StepView): string {
  if (state === 'succeeded')
    return `→ ${
      textOf(output ?? '')
        .slice(0, 1000)
        .trim() || '(nothing)'
    }`
  return error ? `✗ ${error.message}` : ''
}

/** What it was asked and what came of it, whole. */
function bodyOf(step: StepView, { row, view }: Page): string {
  const { kind, input, output, error, reason, state } = step
  const said = kind === 'model' ? wordsIn(output) : output === undefined ? '' : textOf(output)
  const asked =
    kind === 'tool' && isObject(input) && isObject(input.arguments)
      ? Object.entries(input.arguments).map(([name, value]) => `${name}: ${asText(value)}`)
      : input === undefined
        ? []
        : [textOf(input)]
  const isSaying = state === 'running' && kind === 'model' && view.state === 'running'
  return [
    ...(asked.length > 0 ? [...(kind === 'tool' ? [] : ['asked:']), ...asked, ''] : []),
    ...(said === '' ? [] : [kind === 'tool' ? 'gave:' : 'said:', said]),
    ...(isSaying ? [row.words || '…'] : []),
    ...(error ? [`${error.code}: ${error.message}`] : []),
    ...(reason === undefined ? [] : [`${state}: ${reason}`]),
  ].join('\n')
}

/** What a model said, and what it wanted to have done. */
function wordsIn(output: Json | undefined): string {
  if (!isObject(output)) return output === undefined ? '' : textOf(output)
  const calls = Array.isArray(output.toolCalls) ? output.toolCalls : []
  const named = calls.flatMap(call =>
    isObject(call) ? [`calls ${asText(call.name ?? '')} ${asText(call.arguments ?? '')}`] : [],
  )
  return [...(typeof output.text === 'string' && output.text !== '' ? [output.text] : []), ...named].join(
    '\n',
  )
}

function noteParts({ notes, key }: StepView, style: ChalkInstance): Part[] {
  return notes.flatMap((note, index) => {
    if (note.type !== 'decision' && note.type !== 'alert') return []
    const { what, reason, at, values } = note
    const mark =
      note.type === 'alert' ? style.red('!') : what === 'retry' ? style.yellow('↻') : style.dim('◆')
    const more = Object.entries(values ?? {}).map(([name, value]) => `${name}: ${asText(value)}`)
    return [
      {
        id: `${key} note ${index}`,
        at,
        head: (width: number) => `${mark} ${excerpt(`${what}: ${reason}`, width - 2)}`,
        text: `${what} ${reason}`,
        body: () => [reason, ...more].join('\n'),
      },
    ]
  })
}

function waitPart(id: string, { request, openedAt, answer, expired }: WaitView, style: ChalkInstance): Part {
  const said = answer
    ? `${answer.by} answered: ${textOf(answer.value)}`
    : expired
      ? 'not answered in time'
      : 'waits for a person'
  const mark = answer ? style.green('?') : style.yellow('?')
  const detail = request.detail === undefined ? [] : [textOf(request.detail)]
  return {
    id,
    at: openedAt,
    head: width => {
      const left = excerpt(request.question, Math.max(10, Math.floor(width * 0.6)))
      return `${mark} ${left} ${style.dim(excerpt(said, Math.max(0, width - widthOf(left) - 3)))}`
    },
    text: `${request.question} ${said}`,
    body: () => [request.question, ...detail, '', said].join('\n'),
  }
}

/** What it sent while it was at this, and what it got. */
function messageParts({ view, row, style }: Page): Part[] {
  return messagesOf(view).flatMap(message => {
    const isSent = isInside(message.step, row.key)
    const isGot = message.to === row.agent
    if (!isSent && !isGot) return []
    const { step, endedAt = Number.POSITIVE_INFINITY } = { step: row.step, endedAt: row.step.endedAt }
    if (!isSent && (message.at < step.startedAt || message.at > endedAt)) return []
    const way = isSent ? `→ ${targetOf(message)}` : `← ${message.from}`
    const text = textOf(message.payload)
    return [
      {
        id: `message ${message.id}`,
        at: message.at,
        head: (width: number) =>
          `${style.magenta('✎')} ${cell(way, 20)} ${style.dim(inShort({ [message.type]: message.payload }, Math.max(1, width - 23)))}`,
        text: `${way} ${message.type}`,
        body: () => text,
      },
    ]
  })
}

/** What people told it. */
function heardParts({ view, row, style }: Page): Part[] {
  return [...view.guidance].flatMap(([key, words]) => {
    if (!isInside(key, row.key)) return []
    const at = view.steps.get(key)?.startedAt ?? row.step.startedAt
    return words.map(({ id, text, by }) => ({
      id: `heard ${id}`,
      at,
      head: (width: number) => `${style.cyan('»')} ${excerpt(`${by} says: ${text}`, width - 2)}`,
      text,
      body: () => `${by}, heard at ${formatTime(at)}:\n${text}`,
    }))
  })
}
