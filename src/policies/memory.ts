import { type CrewError, toCrewError } from '../errors.ts'
import { brief } from '../json.ts'
import type { Policy, Rejection } from './policy.ts'

/** Characters of what is told of earlier attempts. */
const MOST = 1500
/** Characters of an answer that was rejected, and of what was wrong with it. */
const LONGEST = 200

/**
 * Adds to whatever ends an attempt badly what was done in it, so that whoever tries next does not do the same again. It
 * is kept in the error, and so in the journal: a resumed run tells the same.
 */
export function remembering(): Policy {
  return async (call, next) => {
    const done: string[] = []
    const note = (deed: string) => void done.push(`${call.agent} used ${deed}`)
    try {
      return await next(Object.assign({}, call, { note }))
    } catch (thrown) {
      if (done.length === 0 || call.ctx.signal.aborted) throw thrown
      const error = toCrewError(thrown)
      throw error.with({ done: latest([...doneBefore(error), ...done]) })
    }
  }
}

/** What was done in vain before this error ended it. */
export function doneBefore({ details }: CrewError): readonly string[] {
  return details.done ?? []
}

/** The error that ends all attempts of an agent, with all that it did and said in vain, for those who come after it. */
export function withPast(
  thrown: unknown,
  agent: string,
  past: readonly string[],
  rejections: readonly Rejection[],
): unknown {
  const lines = [...past, ...rejections.map(rejection => rejectedIn(agent, rejection))]
  return lines.length === 0 ? thrown : toCrewError(thrown).with({ done: latest(lines) })
}

function rejectedIn(agent: string, { answer, problem }: Rejection): string {
  return `${agent} answered ${JSON.stringify(brief(answer, LONGEST))}, which was not accepted: ${brief(problem, LONGEST)}`
}

/** The last of these lines, each once, as many as can be told. */
export function latest(lines: readonly string[]): string[] {
  let room = MOST
  const kept: string[] = []
  for (const line of [...new Set(lines)].reverse()) {
    room -= line.length
    if (room < 0) break
    kept.unshift(line)
  }
  return kept
}

/** The same as a text for the next one; empty when there is nothing to tell. */
export function toldOf(past: readonly string[]): string {
  if (past.length === 0) return ''
  const list = past.map(line => `\n- ${line}`).join('')
  return `This was tried before, and did not lead there:${list}\nDo not do the same again.`
}
