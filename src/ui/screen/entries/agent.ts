import type { ChalkInstance } from 'chalk'
import { isObject, type Json } from '../../../json.ts'
import { isInside } from '../../../step-key.ts'
import type { RunView } from '../../../store/view.ts'
import { formatDuration, formatTokens } from '../../format.ts'
import { markOf } from '../../step-mark.ts'
import { howItCame } from '../../taken-over.ts'
import { widthOf } from '../../text.ts'
import { excerpt, textOf } from '../excerpt.ts'
import type { Row } from '../feed.ts'
import { between, ending } from '../fit.ts'
import type { Entry } from '../pager.ts'
import { costOf, partsOf } from './agent-parts.ts'

/** All that is shown of one invocation of an agent. */
export interface Page {
  readonly view: RunView
  readonly row: Row
  /** Milliseconds that the run had worked at a time. */
  readonly elapsed: (at: number) => number
  readonly now: number
  readonly style: ChalkInstance
}

/** What it was asked, and all that happened since, in its order. */
export function agentEntries(page: Page): Entry[] {
  return [askedEntry(page), ...partsOf(page), ...lastEntries(page)]
}

/** The lines above: who it is, how it stands, what it took. */
export function agentHead(page: Page, width: number): string[] {
  const { row, view, style, elapsed, now } = page
  const { key, agent, step } = row
  const isLive = view.state === 'running'
  const [mark, colour] = markOf(step, isLive)
  const name = excerpt(agent, 32)
  const room = width - widthOf(name) - 20
  const where = key === agent || room < 8 ? '' : style.dim(` ${ending(key, room)}`)
  const title = `  ${style[colour](mark)} ${style.bold(name)}${where}`
  const took = howItCame(step) ?? formatDuration(elapsed(step.endedAt ?? now) - elapsed(step.startedAt))
  const { spent } = step
  const about = spent.estimated > 0 ? '~' : ''
  const facts = [
    modelOf(view, key),
    ...(row.turn > 0 ? [`turn ${row.turn}`] : []),
    ...(spent.calls > 0 ? [`${about}${formatTokens(spent.input + spent.output)} tokens`] : []),
    ...(spent.calls > 0 && !view.rehearsal ? [costOf(spent)] : []),
    took,
    ...(step.starts > 1 ? [`begun ${step.starts} times`] : []),
    ...(row.doing === '' ? [] : [row.doing]),
  ].filter(fact => fact !== '')
  const state = style[colour](step.state === 'running' && !isLive ? 'broken off' : step.state)
  return [between(title, state, width), style.dim(`  ${excerpt(facts.join(' · '), width - 2)}`)]
}

/** The model that it asked last. */
function modelOf({ steps, definition }: RunView, key: string): string {
  for (const step of [...steps.values()].reverse()) {
    if (!isInside(step.key, key)) continue
    const note = step.notes.findLast(note => 'model' in note)
    if (note && 'model' in note) return note.model
    if (step.reserved?.model) return step.reserved.model
  }
  const agent = steps.get(key)?.agent ?? ''
  const { team } = definition
  const spec = isObject(team) && isObject(team.agents) ? team.agents[agent] : undefined
  return isObject(spec) && typeof spec.kind === 'string' ? spec.kind : ''
}

function askedEntry({ row, style }: Page): Entry {
  const { input, tokens = {}, key } = row.step
  const sections = Object.entries(tokens)
  const total = sections.reduce((sum, [, count]) => sum + count, 0)
  const parts = sections.map(([name, count]) => `${name} ${formatTokens(count)}`).join(', ')
  const size = sections.length > 0 ? `${formatTokens(total)} tokens: ${parts}` : ''
  return section(`${key} asked`, 'asked', size, input ?? '', style)
}

/** A part of the page that stands open: what was asked, what came of it. */
function section(id: string, title: string, about: string, value: Json, style: ChalkInstance): Entry {
  const text = textOf(value)
  return {
    id,
    head: width => `${style.bold(title)} ${style.dim(excerpt(about, width - title.length - 1))}`,
    text: `${title} ${about}`,
    isOpen: true,
    body: () => (text.trim() === '' ? '(nothing)' : text),
  }
}

/** How it ended, or what it is saying. */
function lastEntries({ row, view, style }: Page): Entry[] {
  const { key, step, words } = row
  const { state, output, error, reason } = step
  if (state === 'succeeded') return [section(`${key} output`, 'output', '', output ?? '', style)]
  if (error) {
    const hint = error.hint ? `\n→ ${error.hint}` : ''
    return [section(`${key} error`, style.red('error'), error.code, `${error.message}${hint}`, style)]
  }
  if (reason !== undefined) return [section(`${key} reason`, state, '', reason, style)]
  if (words === '' || view.state !== 'running') return []
  return [section(`${key} words`, style.cyan('says'), '', words, style)]
}
