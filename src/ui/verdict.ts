import type { ChalkInstance } from 'chalk'
import type { Difference, Said, Verdict } from '../engine/verify.ts'
import { asText, type JsonObject } from '../json.ts'
import { oneLine } from './text.ts'

/** Longest text of somebody else's, in columns. */
const EXCERPT = 300

/** A step is known by more than is shown of it. */
const HIDDEN = 'the difference is in what is not shown: instructions, the model, tools, or the environment'

/** What came of repeating a run, for a person. */
export function describeVerdict(
  run: string,
  { steps, difference, inside, next }: Verdict,
  style: ChalkInstance,
): string[] {
  const count = `${steps} ${steps === 1 ? 'step' : 'steps'}`
  const taken =
    inside > 0
      ? [style.dim(`  ${inside} more, inside of those, are part of a result and were taken as recorded`)]
      : []
  if (difference)
    return [
      ...describeDifference(difference, style),
      style.dim(`  ${count} before it ${steps === 1 ? 'is' : 'are'} the same`),
    ]
  const same = `${style.green('✓')} the same: ${count}`
  if (next === undefined) return [same, ...taken]
  return [
    `${same}, as far as the run went`,
    ...taken,
    `  next would be ${oneLine(next, EXCERPT)}: crew resume ${run}`,
  ]
}

function describeDifference({ key, what, before, now }: Difference, style: ChalkInstance): string[] {
  const who = key === '' ? 'the run' : oneLine(key, EXCERPT)
  return [
    `${style.red('✗')} not the same: ${style.bold(who)} ${what}`,
    ...(before ? [`  then: ${describeSaid(before)}`] : []),
    ...(now ? [`  now:  ${describeSaid(now)}`] : []),
    ...(before && now && describeSaid(before) === describeSaid(now) ? [`  ${HIDDEN}`] : []),
  ]
}

function describeSaid({ kind, agent, value }: Said): string {
  const who = agent === undefined ? kind : `${kind} ${agent}`
  return oneLine(value === undefined ? who : `${who}: ${asText(value)}`, EXCERPT)
}

/** The same as JSON. Names are only ever added. */
export function documentOfVerdict(run: string, { steps, inside, difference, next }: Verdict): JsonObject {
  return JSON.parse(JSON.stringify({ run, same: difference === undefined, steps, inside, difference, next }))
}
