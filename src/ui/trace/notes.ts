import { asText, isObject, type Json, type JsonObject } from '../../json.ts'
import type { RunView, StepView, WaitView } from '../../store/view.ts'
import { formatDay, formatDuration, formatSpent, formatTime, formatTokens } from '../format.ts'
import { formatValues } from '../log-line.ts'
import { howItCame } from '../taken-over.ts'
import { readsOf } from './reads.ts'
import type { Branch } from './tree.ts'

type Note = StepView['notes'][number]

/** A decision with its reason, the values behind it, and what was rejected by it, a line each. */
export function describeNote(note: Note, view: RunView): string[] {
  if (note.type !== 'decision' && note.type !== 'alert') return []
  const mark = note.type === 'alert' ? '!' : note.what === 'retry' ? '↻' : '◆'
  return [`${mark} ${note.what}: ${note.reason}`, ...valuesOf(note, view).map(line => `    ${line}`)]
}

function valuesOf(
  { type, what, key, values = {} }: Note & { what: string; values?: JsonObject },
  view: RunView,
) {
  if (type !== 'decision') return plain(values)
  switch (what) {
    // What a rule denies is said in the reason, rule and all.
    case 'denied':
      return []
    case 'transition': {
      const { from: _from, to: _to, when: _when, saw, rejected, ...more } = values
      return [...sawOf(saw), ...rejectedEdges(rejected), ...plain(more)]
    }
    case 'award':
    case 'no-award':
    case 'wait': {
      const { winner, bids, ...more } = values
      return [...plain(more), ...describeBids(bids, winner)]
    }
    case 'route':
      return [...plain(values), ...rejectedRoutes(values, key, view)]
    default:
      return plain(values)
  }
}

function plain(values: JsonObject): string[] {
  return Object.keys(values).length > 0 ? [formatValues(values)] : []
}

/** What a condition read: `saw output.paid = true`. */
function sawOf(saw: Json | undefined): string[] {
  if (!isObject(saw) || Object.keys(saw).length === 0) return []
  return [`saw ${inWords(saw)}`]
}

function inWords(saw: JsonObject): string {
  return Object.entries(saw)
    .map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
    .join(', ')
}

function rejectedEdges(rejected: Json | undefined): string[] {
  if (!Array.isArray(rejected)) return []
  return rejected.filter(isObject).map(({ to, when, saw }) => {
    const seen = isObject(saw) && Object.keys(saw).length > 0 ? `; saw ${inWords(saw)}` : ''
    return `✗ not ${asText(to ?? '')}: ${asText(when ?? '')}${seen}`
  })
}

/** Each bid on a line of its own, the one that won first. */
function describeBids(bids: Json | undefined, winner: Json | undefined): string[] {
  if (!isObject(bids)) return bids === undefined ? [] : plain({ bids })
  const line = ([name, bid]: [string, Json]) =>
    `${name === winner ? '✓ won' : '✗ lost'} ${name}: ${isObject(bid) ? formatValues(bid) : asText(bid)}`
  const won = ([name]: [string, Json]) => Number(name === winner)
  return Object.entries(bids)
    .sort((a, b) => won(b) - won(a))
    .map(line)
}

/** Labels of a route pattern that did not fit; scores of agents stand among the values. */
function rejectedRoutes({ label, agent }: JsonObject, key: string, view: RunView): string[] {
  if (typeof label !== 'string') return []
  const { pattern } = definitionAround(view, key)
  if (!isObject(pattern) || !isObject(pattern.routes)) return []
  return Object.entries({
    ...pattern.routes,
    ...(pattern.default !== undefined && { else: pattern.default }),
  })
    .filter(([name, to]) => name !== label && to !== agent)
    .map(([name, to]) => `✗ not ${name}: ${asText(to)}`)
}

/**
 * The definition of the team that the step `key` is a part of. Of a nested team from another file nothing is found: its
 * definition is no part of the journal's own.
 */
export function definitionAround(view: Pick<RunView, 'definition' | 'steps'>, key: string): JsonObject {
  const { team = {} } = view.definition
  let definition = isObject(team) ? team : {}
  const names = key.split('/')
  for (let length = 1; length < names.length; length += 1) {
    const step = view.steps.get(names.slice(0, length).join('/'))
    const next = view.steps.get(names.slice(0, length + 1).join('/'))
    if (step?.agent === undefined || next?.kind !== 'team') continue
    const { agents } = definition
    const spec: Json | undefined = isObject(agents) ? agents[step.agent] : undefined
    definition = isObject(spec) && isObject(spec.team) ? spec.team : {}
  }
  return definition
}

/** A question to a person, or leave that was asked: who answered, what, when and by which way; below, what they saw. */
export function describeWait({ request, openedAt, answer, expired }: WaitView): string[] {
  const { question, detail, editable, gate } = request
  const seen = [
    ...(isObject(detail) ? plain(detail) : detail === undefined ? [] : [asText(detail)]),
    // What a tool is called with stands in the detail already.
    ...(editable === undefined || gate === 'tool'
      ? []
      : [`${gate === 'output' ? 'output' : 'task'}=${asText(editable)}`]),
  ]
  const lines = seen.map(line => `    saw ${line}`)
  if (!answer) return [`? ${question} – ${expired ? 'not answered in time' : 'not answered'}`, ...lines]
  const { by, value, at, via } = answer
  const day = formatDay(at) === formatDay(openedAt) ? '' : `${formatDay(at)} `
  const when = `at ${day}${formatTime(at)}, after ${formatDuration(Math.max(0, at - openedAt))}`
  const way = via === undefined ? '' : `, with ${via}`
  return [`? ${question} – ${by} answered: ${asText(value)} (${when}${way})`, ...lines]
}

/** What people told an agent, at the step before which it heard that. */
function describeGuidance({ key }: Pick<StepView, 'key'>, { guidance }: RunView): string[] {
  return (guidance.get(key) ?? []).map(({ by, text }) => `» ${by} told it: ${text}`)
}

/** All that is remarked of a step, except how it ended. */
export function remarksOf({ step, waits, parts }: Branch, view: RunView): string[] {
  return [
    ...describePacket(step),
    ...describeOrigin(step),
    ...describeGuidance(step, view),
    ...[step, ...parts].flatMap(({ notes }) => notes).flatMap(note => describeNote(note, view)),
    ...waits.flatMap(describeWait),
  ]
}

/** Why a step did not succeed; what failed in it says so itself. A condition with the values that it saw. */
export function describeFailure({ key, error, reason, state }: StepView, view: RunView): string[] {
  if (state === 'failed' && error && (error.step ?? key) === key) return [`✗ ${error.code}: ${error.message}`]
  if (reason === undefined || (state !== 'skipped' && state !== 'cancelled')) return []
  const condition = /^when: (.*)$/s.exec(reason)?.[1]
  const saw = condition === undefined ? {} : readsOf(condition, key, view)
  return [`${state}: ${reason}`, ...sawOf(saw).map(line => `    ${line}`)]
}

/** In a fork: what was not done here, and what it had cost where it was. */
function describeOrigin(step: StepView): string[] {
  if (!step.inherited) return []
  const { spent } = step.inherited
  return [`⇤ ${howItCame(step)}${spent ? `: ${formatSpent(spent)} there` : ''}`]
}

/** How large what it was handed is, section by section. */
function describePacket({ tokens = {} }: StepView): string[] {
  const sections = Object.entries(tokens)
  if (sections.length === 0) return []
  const total = sections.reduce((sum, [, count]) => sum + count, 0)
  const parts = sections.map(([name, count]) => `${name} ${formatTokens(count)}`)
  return [`⇥ handed ${formatTokens(total)} tokens: ${parts.join(', ')}`]
}
