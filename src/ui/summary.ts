import type { ChalkInstance } from 'chalk'
import type { Outcome } from '../engine/execute.ts'
import type { JsonObject } from '../json.ts'
import { type Total, zero } from '../spend.ts'
import { openQuestions } from '../store/questions.ts'
import type { RunView } from '../store/view.ts'
import { formatDuration, formatSpent } from './format.ts'
import { describeQuestions } from './question.ts'
import { sanitize } from './text.ts'

/** The last lines of a run: how it ended, what was kept, what it cost, and the command that goes on. */
export function summarize(id: string, outcome: Outcome, view: RunView, style: ChalkInstance): string[] {
  const agents = [...view.steps.values()].filter(step => step.kind === 'agent')
  const done = agents.filter(step => step.state === 'succeeded').length
  const facts = `${done} of ${agents.length} agents done, ${formatDuration(view.active)}, ${describeCost(view)}`
  const lines = [`${headline(outcome, style)} ${style.dim(`· run ${id}`)}`, `  ${style.dim(facts)}`]
  if (outcome.state === 'succeeded') return lines
  if (outcome.state === 'waiting') return [...lines, ...describeQuestions(openQuestions(view), id, style)]
  const { message, details } = outcome.error
  lines.push(`  ${sanitize(message)}`)
  if (details.hint) lines.push(`  ${style.cyan('→')} ${sanitize(details.hint.replaceAll('RUN', id))}`)
  if (done > 0) {
    const kept = done === 1 ? '1 result is kept; see it with' : `${done} results are kept; see them with`
    lines.push(`  ${kept}: ${style.cyan(`crew show ${id} --results`)}`)
  }
  if (outcome.error.code !== 'lease-lost')
    lines.push(`  everything done is kept; go on with: ${style.cyan(`crew resume ${id}`)}`)
  return lines
}

function headline(outcome: Outcome, style: ChalkInstance): string {
  switch (outcome.state) {
    case 'succeeded':
      return style.green('✓ succeeded')
    case 'failed':
      return style.red(`✗ failed (${outcome.error.code})`)
    case 'interrupted':
      return style.yellow('■ interrupted')
    case 'waiting':
      return style.cyan('? waiting for a person')
  }
}

/** What a run cost; of a rehearsal, what it would have. */
export function describeCost({ rehearsal, spent }: RunView): string {
  if (!rehearsal) return formatSpent(spent)
  if (spent.calls === 0) return 'rehearsal, no model called'
  return `rehearsal, no model called; else ${formatSpent(spent)}`
}

/** For scripts: what a rehearsal counts never stands where money that was spent does. */
export function spendingOf(rehearsal: boolean, total: Total) {
  return rehearsal ? { spent: zero(), wouldHaveSpent: total } : { spent: total }
}

/** The same as one JSON document. */
export function documentOf(id: string, outcome: Outcome, view: RunView): JsonObject {
  return JSON.parse(
    JSON.stringify({
      run: id,
      team: view.team,
      state: outcome.state,
      ...(outcome.state === 'succeeded' && { output: outcome.output }),
      ...('error' in outcome && { stop: outcome.error.code, error: outcome.error.toFailure() }),
      ...(outcome.state === 'waiting' && { waiting: outcome.on }),
      rehearsal: view.rehearsal,
      milliseconds: view.active,
      ...spendingOf(view.rehearsal, view.spent),
    }),
  )
}
