import * as z from 'zod'
import { CrewError, toCrewError } from '../errors.ts'
import { parseExpression } from '../expressions/cel.ts'
import { holds, type Scope } from '../expressions/template.ts'
import { brief, isObject, type Json } from '../json.ts'
import type { Policy } from './policy.ts'

export const expects = z
  .array(z.string())
  .min(1)
  .describe('CEL conditions over what its templates see; when one does not hold, it is not asked at all')

/**
 * Refuses work whose input is not what the agent needs, before anything of it is done. Nobody tries it again: whoever
 * stands in would be handed the same.
 */
export function expecting(conditions: readonly string[], scope: Scope): Policy {
  return async (call, next) => {
    for (const condition of conditions) {
      const problem = problemWith(condition, scope)
      if (problem !== undefined) throw unmet(call.agent, condition, problem, scope)
    }
    return next(call)
  }
}

function problemWith(condition: string, scope: Scope): string | undefined {
  try {
    return holds(condition, scope) ? undefined : 'it does not hold'
  } catch (thrown) {
    const { code, message } = toCrewError(thrown)
    if (code !== 'template-failed') throw thrown
    return message
  }
}

function unmet(agent: string, condition: string, problem: string, scope: Scope): CrewError {
  const given = givenIn(condition, scope)
  const lines = given.map(({ name, value }) => `\n  ${name}: ${shown(value)}`)
  const message = `${agent} was not asked, because what it is handed is not what it expects: ${condition} (${problem})`
  const step = given.find(({ step }) => step !== undefined)?.step
  const hint =
    step === undefined
      ? `give it what it expects, or change expects of agent ${agent}`
      : `see all that ${step} gave with: crew show RUN --results`
  return new CrewError('input-invalid', message + lines.join(''), { hint })
}

interface Given {
  readonly name: string
  readonly value: Json | undefined
  /** Whose output it is. */
  readonly step?: string
}

/** What a condition reads, each value once: of a step its whole output. */
function givenIn(condition: string, scope: Scope): Given[] {
  const { references } = parseExpression(condition)
  const found = references.flatMap(({ path: [root, key] }): Given[] => {
    const value = scope[root]
    // Values of the environment are nobody's business.
    if (root === 'env') return []
    if (key === undefined) return [{ name: root, value }]
    const inner = isObject(value) ? value[String(key)] : undefined
    if (root !== 'steps') return [{ name: `${root}.${key}`, value: inner }]
    const output = isObject(inner) ? inner.output : undefined
    return [{ name: `steps.${key}.output`, value: output, step: String(key) }]
  })
  return [...new Map(found.map(given => [given.name, given])).values()]
}

/** Characters of a value that are shown. */
const LONGEST = 200

function shown(value: Json | undefined): string {
  return value === undefined ? 'nothing' : brief(value, LONGEST)
}
