import { CrewError } from '../errors.ts'
import type { Scope } from '../expressions/template.ts'
import { asText, type Json, type JsonSchema } from '../json.ts'
import { type Gates, gateWith, passGate, type Terms } from './gate.ts'
import type { Call, Policy, Rejection } from './policy.ts'
import type { Retry } from './retry.ts'

export const review = gateWith('output, task, input, steps, item and spent').describe(
  'Whether a person looks at its output before anybody uses it (default: never)',
)

interface Reviewing {
  readonly gates: Gates
  readonly scope: Scope
  readonly output: JsonSchema | undefined
  /** How often an output may be sent back, and whether the agent hears why. */
  readonly retry: Retry
}

/**
 * Shows a person what comes out, whoever made it in the end. The person may change it, or send it back: the agent is
 * told why and works again, as often as it may try. Throws `rejected` then, and nobody else does it instead.
 */
export function reviewing(terms: Terms, setting: Reviewing): Policy {
  const { gates, scope, output: schema, retry } = setting
  return async (call, next) => {
    const rejections: Rejection[] = [...call.rejections]
    for (let round = 1; ; round += 1) {
      const output = await revised(call, next, rejections, round)
      const request = {
        gate: 'output',
        question: `Is this output of ${call.agent} good?`,
        detail: { agent: call.agent, ...(round > 1 && { revision: round }) },
        editable: output,
        ...(schema && { schema }),
      } as const
      const key = round === 1 ? 'review' : `review-${round}`
      const gate = { key, terms, scope: { ...scope, output }, request }
      const decision = await passGate(call.ctx, gates, gate)
      if (decision.approved) return decision.edited === undefined ? output : decision.edited
      if (round >= retry.attempts * (1 + call.ctx.reopened))
        throw refused(call, output, decision.reason, round)
      if (retry.feedback)
        rejections.push({
          answer: asText(output),
          problem: `a person rejected it: ${decision.reason}`,
        })
    }
  }
}

/** The output, or the next one after a person has sent the last one back. */
function revised(
  call: Call,
  next: (call: Call) => Promise<Json>,
  rejections: readonly Rejection[],
  round: number,
): Promise<Json> {
  if (round === 1) return next(call)
  const told = [...rejections]
  return call.ctx.step(`revision-${round}`, { kind: 'attempt', identity: told.length }, ctx =>
    next({ ...call, ctx, rejections: told, revision: round }),
  )
}

function refused({ agent }: Call, output: Json, reason: string, times: number): CrewError {
  const often = times > 1 ? ` (${times} times)` : ''
  return new CrewError('rejected', `the output of ${agent} was not approved${often}: ${reason}`, {
    answer: asText(output),
    attempts: times,
  })
}
