import type { ChalkInstance } from 'chalk'
import { asText } from '../json.ts'
import type { Event } from '../store/events.ts'
import { type RunView, type StepView, viewOf, type WaitView } from '../store/view.ts'
import { formatDollars, formatDuration, formatTokens } from './format.ts'
import { formatValues } from './log-line.ts'
import { markOf } from './step-mark.ts'
import { describeCost } from './summary.ts'
import { pad } from './table.ts'
import { oneLine } from './text.ts'
import { createTimeline } from './timeline.ts'
import { describeEnd, isPartOfCall, nameOfCall, placeOf, standingOf, startsOf } from './tool-call.ts'

export interface TraceOptions {
  readonly style: ChalkInstance
  /** Columns of the terminal. */
  readonly width: number
  /** The present, when somebody runs the run: what is under way has lasted until now. In ms since the epoch. */
  readonly now?: number
}

/**
 * The steps of a run as a tree, one a line: state, name, start and duration with a bar over the time of the run,
 * tokens, cost; below each step what was decided, asked and failed in it.
 */
export function* formatTrace(events: readonly Event[], options: TraceOptions): Generator<string> {
  const { style, width, now } = options
  const view = viewOf(events)
  const elapsed = createTimeline(events)
  const end = now ?? view.updatedAt
  const state = view.state === 'running' && now === undefined ? 'interrupted' : view.state
  yield oneLine(`${view.team} · ${state} · ${formatDuration(elapsed(end))} · ${describeCost(view)}`, width)

  const layout = layOut(width)
  const left = pad('', layout.left)
  yield style.dim(
    `${left}${cells(layout, { start: 'start', took: 'took', tokens: 'tokens', cost: 'cost' })}`.trimEnd(),
  )
  const trace: Trace = { view, style, width, layout, elapsed, end, isLive: now !== undefined }
  const { branches, waits } = treeOf(view)
  for (const line of [...view.notes.flatMap(describeNote), ...waits.map(describeWait)])
    yield remark(line, '', trace)
  for (const [index, branch] of branches.entries()) {
    yield* formatBranch(branch, '', index === branches.length - 1, trace)
  }
  const { error } = view
  if (error && !view.steps.has(error.step ?? '')) yield remark(`✗ ${error.code}: ${error.message}`, '', trace)
}

interface Trace {
  readonly view: RunView
  readonly style: ChalkInstance
  readonly width: number
  readonly layout: Layout
  readonly elapsed: (at: number) => number
  readonly end: number
  /** Somebody runs the run. */
  readonly isLive: boolean
}

/** A step, and what lies below it. */
interface Branch {
  readonly step: StepView
  readonly name: string
  readonly branches: Branch[]
  readonly waits: WaitView[]
  /** What belongs to a call of a tool, and is drawn as one with it. */
  readonly parts: StepView[]
}

type Parent = Pick<Branch, 'branches' | 'waits' | 'parts'> & { readonly step?: StepView }

/** Every step under the nearest step that its key lies below; steps start before those in them. */
function treeOf({ steps, waits }: RunView): Parent {
  const root: Parent = { branches: [], waits: [], parts: [] }
  const known = new Map<string, Parent>([['', root]])
  const parentOf = (key: string) => {
    let parent = key
    do parent = parent.slice(0, Math.max(0, parent.lastIndexOf('/')))
    while (!known.has(parent))
    return { parent: known.get(parent) ?? root, name: parent === '' ? key : key.slice(parent.length + 1) }
  }
  for (const step of steps.values()) {
    // Only there so that a resumed run asks the same again; the step that it led to says the rest.
    if (step.kind === 'failure') continue
    const { parent, name } = parentOf(step.key)
    if (isPartOfCall(step, parent)) {
      parent.parts.push(step)
      known.set(step.key, parent)
      continue
    }
    const branch: Branch = { step, name, branches: [], waits: [], parts: [] }
    parent.branches.push(branch)
    known.set(step.key, branch)
  }
  for (const [key, wait] of waits) parentOf(key).parent.waits.push(wait)
  return root
}

function* formatBranch(branch: Branch, indent: string, isLast: boolean, trace: Trace): Generator<string> {
  const { step, waits, parts } = branch
  const branches = branch.branches.toSorted((a, b) => placeOf(a.step) - placeOf(b.step))
  yield formatStep(branch, `${indent}${isLast ? '└─ ' : '├─ '}`, trace)
  const below = `${indent}${isLast ? '   ' : '│  '}`
  const beside = `${below}${branches.length > 0 ? '│  ' : '   '}`
  const remarks = [
    ...describePacket(step),
    ...[step, ...parts].flatMap(({ notes }) => notes).flatMap(describeNote),
    ...waits.map(describeWait),
    ...(step.kind === 'tool' ? describeEnd(branch) : describeFailure(step)),
  ]
  for (const line of remarks) yield remark(line, beside, trace)
  for (const [index, child] of branches.entries()) {
    yield* formatBranch(child, below, index === branches.length - 1, trace)
  }
}

function formatStep(
  branch: Branch,
  lead: string,
  { style, layout, elapsed, end, isLive, view }: Trace,
): string {
  const { step } = branch
  const [mark, colour] = markOf(standingOf(branch), isLive)
  const tree = lead.slice(-Math.max(0, layout.left - NARROWEST))
  const label = pad(`${mark} ${labelOf(branch)}`, layout.left - tree.length).slice(mark.length)
  const from = elapsed(step.startedAt)
  const took = elapsed(step.endedAt ?? end) - from
  const isTimed = step.starts > 0 && step.state !== 'pending'
  const facts = {
    ...(isTimed && { start: `+${formatDuration(from)}`, took: formatDuration(took) }),
    ...(isTimed && { bar: style[colour](bar(layout.bar, from, took, elapsed(end))) }),
    ...spentOn(step, view),
  }
  return `${style.dim(tree)}${style[colour](mark)}${label}${cells(layout, facts)}`.trimEnd()
}

/** Its name, what it is when the name does not say so, and how often it was entered. */
function labelOf(branch: Branch): string {
  const { step, name } = branch
  const { kind, agent, notes } = step
  const starts = startsOf(branch)
  const call = nameOfCall(step)
  if (call !== undefined) return `${starts > 1 ? `×${starts} ` : ''}${call}`
  const model = notes.flatMap(note => ('model' in note ? note.model : []))[0]
  const what = agent ?? model ?? kind
  const isSaid = what === name || what === 'step' || name.startsWith(`${what}-`)
  return `${name}${isSaid ? '' : ` (${what})`}${starts > 1 ? ` ×${starts}` : ''}`
}

/** Nothing in a rehearsal has cost anything. */
function spentOn({ spent }: StepView, { rehearsal }: RunView): { tokens?: string; cost?: string } {
  const { calls, input, output, usd, unpriced, estimated } = spent
  if (calls === 0) return {}
  const about = estimated > 0 ? '~' : ''
  const cost = unpriced === calls ? '?' : `${about}${formatDollars(usd)}${unpriced > 0 ? '+?' : ''}`
  return { tokens: `${about}${formatTokens(input + output)}`, ...(!rehearsal && { cost }) }
}

function bar(columns: number, from: number, took: number, total: number): string {
  const scale = total > 0 ? columns / total : 0
  const start = Math.min(columns - 1, Math.floor(from * scale))
  const length = Math.max(1, Math.min(columns - start, Math.round(took * scale)))
  return columns < 1 ? '' : `${' '.repeat(start)}${'━'.repeat(length)}${' '.repeat(columns - start - length)}`
}

/** How large what it was handed is, section by section. */
function describePacket({ tokens = {} }: StepView): string[] {
  const sections = Object.entries(tokens)
  if (sections.length === 0) return []
  const total = sections.reduce((sum, [, count]) => sum + count, 0)
  const parts = sections.map(([name, count]) => `${name} ${formatTokens(count)}`)
  return [`⇥ handed ${formatTokens(total)} tokens: ${parts.join(', ')}`]
}

/** A decision with its reason, and the values behind it. */
function describeNote(note: StepView['notes'][number]): string[] {
  if (note.type !== 'decision' && note.type !== 'alert') return []
  // What a rule denies is said in the reason, rule and all.
  const isSaid = note.type === 'decision' && note.what === 'denied'
  const values = note.values && !isSaid ? [`    ${formatValues(note.values)}`] : []
  const mark = note.type === 'alert' ? '!' : note.what === 'retry' ? '↻' : '◆'
  return [`${mark} ${note.what}: ${note.reason}`, ...values]
}

function describeWait({ request, answer, expired }: WaitView): string {
  const said = answer && `${answer.by} answered: ${asText(answer.value)}`
  return `? ${request.question} – ${said ?? (expired ? 'not answered in time' : 'not answered')}`
}

/** Why a step did not succeed; what failed in it says so itself. */
function describeFailure({ key, error, reason, state }: StepView): string[] {
  if (state === 'failed' && error && (error.step ?? key) === key) return [`✗ ${error.code}: ${error.message}`]
  return reason !== undefined && (state === 'skipped' || state === 'cancelled') ? [`${state}: ${reason}`] : []
}

function remark(text: string, indent: string, { style, width }: Trace): string {
  const space = /^ */.exec(text)?.[0] ?? ''
  const room = Math.max(NARROWEST, width - indent.length - space.length)
  return style.dim(`${indent}${space}${oneLine(text, room)}`)
}

/** Columns that a name keeps, however deep it stands. */
const NARROWEST = 12

interface Layout {
  readonly left: number
  readonly bar: number
  readonly isWide: boolean
}

const TIME = 9
const TOKENS = 9
const COST = 9

/** What fits into `width` columns: in narrow ones only how long each step took. */
function layOut(width: number): Layout {
  const isWide = width >= 60
  const bar = width >= 120 ? 24 : width >= 76 ? 10 : 0
  const right = isWide ? 2 * (TIME + 1) + (bar && bar + 1) + TOKENS + COST + 2 : TIME + 1
  return { left: Math.max(NARROWEST, width - right), bar, isWide }
}

function cells(
  layout: Layout,
  {
    start = '',
    took = '',
    bar = ' '.repeat(layout.bar),
    tokens = '',
    cost = '',
  }: Partial<Record<string, string>>,
): string {
  const right = (text: string, width: number) => ` ${pad(text, width, 'right')}`
  if (!layout.isWide) return right(took, TIME)
  const line = layout.bar > 0 ? ` ${bar}` : ''
  return `${right(start, TIME)}${right(took, TIME)}${line}${right(tokens, TOKENS)}${right(cost, COST)}`
}
