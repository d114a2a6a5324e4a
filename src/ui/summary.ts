import type { ChalkInstance } from 'chalk'
import type { Outcome } from '../engine/execute.ts'
import type { CrewError, ErrorCode, Failure } from '../errors.ts'
import { isObject, type JsonObject } from '../json.ts'
import { runBudget } from '../policies/budget.ts'
import { isLimited, type Limits, type Total, zero } from '../spend.ts'
import { openQuestions } from '../store/questions.ts'
import type { RunView } from '../store/view.ts'
import {
  formatDay,
  formatDollars,
  formatDuration,
  formatReference,
  formatSpent,
  formatTime,
  formatTokens,
} from './format.ts'
import { describeQuestions } from './question.ts'
import { describeRemarks, earlierAnswers, partialSteps, savedIn } from './remarks.ts'
import { countTakenOver } from './taken-over.ts'
import { sanitize } from './text.ts'

/**
 * The last lines of a run: how it ended, what was kept, what it cost, and the command that goes on.
 * @param db the store that commands have to name
 */
export function summarize(
  id: string,
  outcome: Outcome,
  view: RunView,
  style: ChalkInstance,
  db?: string,
): string[] {
  const run = formatReference(id, db)
  const agents = [...view.steps.values()].filter(step => step.kind === 'agent')
  const done = agents.filter(step => step.state === 'succeeded').length
  const facts = `${done} of ${agents.length} agents done${countTakenOver(agents, view)}, ${formatDuration(view.active)}, ${describeCost(view, describeBudget(view))}`
  const lines = [
    `${headline(outcome, openQuestions(view).length > 0, style)} ${style.dim(`· run ${id}`)}`,
    `  ${style.dim(facts)}`,
  ]
  lines.push(...describeRemarks(view, style))
  if (outcome.state === 'succeeded') return lines
  if (outcome.state === 'waiting') return [...lines, ...describeWait(outcome.until, view, run, style)]
  const { message, details } = outcome.error
  lines.push(`  ${sanitize(message)}`)
  if (details.hint) lines.push(`  ${style.cyan('→')} ${sanitize(details.hint.replaceAll('RUN', run))}`)
  if (done > 0) {
    const kept = done === 1 ? '1 result is kept; see it with' : `${done} results are kept; see them with`
    lines.push(`  ${kept}: ${style.cyan(sanitize(`crew show ${run} --results`))}`)
  }
  const way = wayOn(outcome.error.code, run, style)
  return way === undefined ? lines : [...lines, `  ${way}`]
}

function describeWait(until: number | undefined, view: RunView, run: string, style: ChalkInstance): string[] {
  const due =
    until === undefined
      ? []
      : [`  it goes on at ${formatDay(until)} ${formatTime(until)} with: ${style.cyan('crew resume --due')}`]
  return [...describeQuestions(openQuestions(view), run, style), ...due]
}

/** How to go on after a failure with this code; undefined where that is somebody else's, or the hint has said it. */
export function wayOn(code: ErrorCode, run: string, style: ChalkInstance): string | undefined {
  if (PINNED.has(code))
    return `a resumed run has the same team file and results; with the file as it is now: ${style.cyan(sanitize(`crew fork ${run} --team`))}`
  if (code === 'lease-lost' || code === 'cancelled' || SAME_AGAIN.has(code)) return undefined
  const command = style.cyan(sanitize(`crew resume ${run}`))
  return `everything done is kept, and the team file as it was; go on with: ${command}`
}

/** What follows from the team file and from results that are kept: it would be the same again. */
const PINNED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'template-failed',
  'input-invalid',
  'over-budget',
  'limit-depth',
])

/** Resumed as it is it would end the same way: what helps is in the hint. */
const SAME_AGAIN: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'diverged',
  'limit-budget',
  'limit-turns',
  'limit-invocations',
  'limit-time',
])

function headline(outcome: Outcome, asks: boolean, style: ChalkInstance): string {
  switch (outcome.state) {
    case 'succeeded':
      return style.green('✓ succeeded')
    case 'failed':
      return style.red(`✗ failed (${outcome.error.code})`)
    case 'interrupted':
      return style.yellow('■ interrupted')
    case 'cancelled':
      return style.red('∅ cancelled')
    case 'waiting':
      return style.cyan(asks ? '? waiting for a person' : '? waiting')
  }
}

/**
 * What a run cost; of a rehearsal, what it would have.
 * @param limit what is said of the most that it may take
 */
export function describeCost({ rehearsal, spent, forked, inherited }: RunView, limit = ''): string {
  if (rehearsal)
    return `rehearsal, no model called${spent.calls > 0 ? `; else ${formatSpent(spent)}` : ''}${limit}`
  // A call that was broken off is charged with the most that it can have cost: a surprise, if nobody says so.
  const guessed = spent.estimated > 0 ? ` (${spent.estimated} of ${spent.calls} calls estimated)` : ''
  const before =
    forked && inherited.calls > 0 ? `; taken over from ${forked.run}: ${formatSpent(inherited)}` : ''
  return `${formatSpent(spent)}${guessed}${limit}${before}`
}

/** What it was allowed to take. */
export function budgetOf({ definition, limits }: RunView): Limits {
  const { team } = definition
  const declared = isObject(team) && isObject(team.budget) ? team.budget : {}
  const { usd, tokens } = runBudget([declared], limits)
  return { usd, tokens }
}

function describeBudget(view: RunView): string {
  const { usd, tokens } = budgetOf(view)
  const parts = [
    ...(usd === undefined ? [] : [formatDollars(usd)]),
    ...(tokens === undefined ? [] : [`${formatTokens(tokens)} tokens`]),
  ]
  return parts.length > 0 ? ` of at most ${parts.join(', ')}` : ''
}

/** For scripts: what a rehearsal counts never stands where money that was spent does. */
export function spendingOf(rehearsal: boolean, total: Total) {
  return rehearsal ? { spent: zero(), wouldHaveSpent: total } : { spent: total }
}

/** Where a fork comes from, and what was spent there for what it took over. */
export function forkOf({ forked, inherited }: RunView) {
  return forked ? { forked, inherited } : {}
}

/** A failure whose hint names the run. */
function withName(error: CrewError, id: string): Failure {
  const { hint, ...failure } = error.toFailure()
  return hint === undefined ? failure : { ...failure, hint: hint.replaceAll('RUN', id) }
}

/** The same as one JSON document. */
export function documentOf(id: string, outcome: Outcome, view: RunView): JsonObject {
  const partial = partialSteps(view)
  const earlier = earlierAnswers(view)
  const saved = savedIn(view)
  const budget = budgetOf(view)
  return JSON.parse(
    JSON.stringify({
      run: id,
      team: view.team,
      state: outcome.state,
      ...(outcome.state === 'succeeded' && { output: outcome.output }),
      ...('error' in outcome && { stop: outcome.error.code, error: withName(outcome.error, id) }),
      ...(outcome.state === 'waiting' && { waiting: outcome.on }),
      rehearsal: view.rehearsal,
      milliseconds: view.active,
      ...(partial.length > 0 && { partial }),
      ...(earlier.length > 0 && { earlier }),
      ...(saved && { [view.rehearsal ? 'wouldHaveSaved' : 'saved']: saved }),
      ...spendingOf(view.rehearsal, view.spent),
      ...forkOf(view),
      ...(isLimited(budget) && { budget }),
    }),
  )
}
