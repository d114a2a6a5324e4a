import type { ChalkInstance } from 'chalk'
import { isObject, type Json } from '../json.ts'
import type { RunView } from '../store/view.ts'
import { formatDay, formatDollars, formatDuration, formatTime, formatTokens } from './format.ts'
import { oneLine } from './text.ts'

/** Steps that went on with less than the whole, and why. */
export function partialSteps(view: RunView): { readonly step: string; readonly why: string }[] {
  return decisions(view, 'partial').map(({ key, reason }) => ({ step: key || 'run', why: reason }))
}

/** Steps that failed and were given an answer of former days: of which run, from when, and why. */
export function earlierAnswers(view: RunView) {
  return decisions(view, 'cached').map(({ key, reason, values }) => {
    const run = typeof values?.run === 'string' ? values.run : ''
    return { step: key, run, at: numberIn(values, 'at'), why: reason }
  })
}

/** What answers saved that were there already; undefined when none was. */
export function savedIn(view: RunView) {
  const hits = decisions(view, 'cache')
  if (hits.length === 0) return undefined
  const sum = (name: string) => hits.reduce((total, { values }) => total + numberIn(values?.saved, name), 0)
  return {
    answers: hits.length,
    tokens: sum('tokens'),
    usd: sum('usd'),
    milliseconds: sum('milliseconds'),
  }
}

/** What a run that succeeded should be known to have done without. */
export function describeRemarks(view: RunView, style: ChalkInstance): string[] {
  const partial = partialSteps(view).map(({ step, why }) =>
    style.yellow(`  partial: ${oneLine(`${step}: ${why}`, 200)}`),
  )
  const earlier = earlierAnswers(view).map(({ step, at, why }) => {
    const from = `${formatDay(at)} ${formatTime(at)}`
    return style.yellow(`  answer of ${from}: ${oneLine(`${step}: ${why}`, 200)}`)
  })
  const without = [...partial, ...earlier]
  const saved = savedIn(view)
  if (!saved) return without
  const { answers, tokens, usd, milliseconds } = saved
  const dollars = usd > 0 ? [formatDollars(usd)] : []
  const what = [`${formatTokens(tokens)} tokens`, ...dollars, formatDuration(milliseconds)].join(', ')
  const by = answers === 1 ? '1 kept answer' : `${answers} kept answers`
  return [...without, style.dim(`  ${view.rehearsal ? 'would have been saved' : 'saved'} by ${by}: ${what}`)]
}

function decisions({ steps, notes }: RunView, what: string) {
  return [...notes, ...[...steps.values()].flatMap(step => step.notes)].flatMap(note =>
    note.type === 'decision' && note.what === what ? [note] : [],
  )
}

function numberIn(value: Json | undefined, name: string): number {
  const number = isObject(value) ? value[name] : undefined
  return typeof number === 'number' ? number : 0
}
