import type { ChalkInstance } from 'chalk'
import stringWidth from 'string-width'
import type { Event } from '../store/events.ts'
import { type RunView, type StepView, viewOf } from '../store/view.ts'
import { formatDollars, formatDuration, formatTokens } from './format.ts'
import { markOf } from './step-mark.ts'
import { describeCost } from './summary.ts'
import { pad } from './table.ts'
import { oneLine } from './text.ts'
import { createTimeline } from './timeline.ts'
import { describeEnd, nameOfCall, placeOf, standingOf, startsOf } from './tool-call.ts'
import { describeFailure, describeNote, describeWait, remarksOf } from './trace/notes.ts'
import { type Branch, countBelow, keepAgent, treeOf } from './trace/tree.ts'

export interface TraceOptions {
  readonly style: ChalkInstance
  /** Columns of the terminal. */
  readonly width: number
  /** The present, when somebody runs the run: what is under way has lasted until now. In ms since the epoch. */
  readonly now?: number
  /** Nobody reads it in a terminal: no text is cut, however wide it is. */
  readonly isWhole?: boolean
  /** How many levels of steps are shown; by default all. */
  readonly depth?: number
  /** Only what this agent did, and what that stands in. */
  readonly agent?: string
}

/**
 * The steps of a run as a tree, one a line: state, name, start and duration with a bar over the time of the run,
 * tokens, cost; below each step what was decided, asked and failed in it.
 */
export function* formatTrace(events: readonly Event[], options: TraceOptions): Generator<string> {
  const { style, now, isWhole = false, depth = Number.POSITIVE_INFINITY, agent } = options
  const view = viewOf(events)
  const elapsed = createTimeline(events)
  const end = now ?? view.updatedAt
  const state = view.state === 'running' && now === undefined ? 'interrupted' : view.state
  const width = isWhole ? Number.POSITIVE_INFINITY : options.width
  yield oneLine(`${view.team} · ${state} · ${formatDuration(elapsed(end))} · ${describeCost(view)}`, width)

  const tree = treeOf(view)
  const branches = agent === undefined ? tree.branches : keepAgent(tree.branches, agent)
  const layout = layOut(options.width, isWhole ? widest(branches, depth) : 0)
  const left = pad('', layout.left)
  yield style.dim(
    `${left}${cells(layout, { start: 'start', took: 'took', tokens: 'tokens', cost: 'cost' })}`.trimEnd(),
  )
  const trace: Trace = { view, style, width, layout, elapsed, end, isLive: now !== undefined, depth }
  const about =
    agent === undefined
      ? [...view.notes.flatMap(note => describeNote(note, view)), ...tree.waits.flatMap(describeWait)]
      : []
  for (const line of about) yield remark(line, '', trace)
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
  readonly depth: number
}

function* formatBranch(
  branch: Branch,
  indent: string,
  isLast: boolean,
  trace: Trace,
  level = 1,
): Generator<string> {
  const { step } = branch
  const branches = branch.branches.toSorted((a, b) => placeOf(a.step) - placeOf(b.step))
  const { view, depth } = trace
  yield formatStep(branch, `${indent}${isLast ? '└─ ' : '├─ '}`, trace)
  const isFolded = level >= depth
  const below = `${indent}${isLast ? '   ' : '│  '}`
  const beside = `${below}${branches.length > 0 && !isFolded ? '│  ' : '   '}`
  const remarks = [
    ...remarksOf(branch, view),
    ...(step.kind === 'tool' ? describeEnd(branch) : describeFailure(step, view)),
  ]
  for (const line of remarks) yield remark(line, beside, trace)
  const hidden = isFolded ? countBelow(branch) : 0
  if (hidden > 0) yield remark(`… ${hidden} ${hidden === 1 ? 'step' : 'steps'} below`, beside, trace)
  for (const [index, child] of (isFolded ? [] : branches).entries()) {
    yield* formatBranch(child, below, index === branches.length - 1, trace, level + 1)
  }
}

/** Columns that the longest name takes, with all that stands before it. */
function widest(branches: readonly Branch[], depth: number, level = 1): number {
  if (level > depth) return 0
  return branches.reduce(
    (most, branch) =>
      Math.max(
        most,
        Math.min(WIDEST, 3 * level + 2 + stringWidth(oneLine(labelOf(branch), WIDEST))),
        widest(branch.branches, depth, level + 1),
      ),
    0,
  )
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

function remark(text: string, indent: string, { style, width }: Trace): string {
  const space = /^ */.exec(text)?.[0] ?? ''
  const room = Math.max(NARROWEST, width - indent.length - space.length)
  return style.dim(`${indent}${space}${oneLine(text, room)}`)
}

/** Columns that a name keeps, however deep it stands. */
const NARROWEST = 12
/** Columns that names take at the most where nothing is cut: what stands behind them should stay in sight. */
const WIDEST = 80

interface Layout {
  readonly left: number
  readonly bar: number
  readonly isWide: boolean
}

const TIME = 9
const TOKENS = 9
const COST = 9

/** What fits into `width` columns: in narrow ones only how long each step took. */
function layOut(width: number, needed: number): Layout {
  const isWide = width >= 60
  const bar = width >= 120 ? 24 : width >= 76 ? 10 : 0
  const right = isWide ? 2 * (TIME + 1) + (bar && bar + 1) + TOKENS + COST + 2 : TIME + 1
  return { left: Math.max(NARROWEST, needed, width - right), bar, isWide }
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
