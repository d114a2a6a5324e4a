import type { Scope } from '../expressions/template.ts'
import { asText } from '../json.ts'
import { type Gates, gateWith, passOrThrow, type Terms } from './gate.ts'
import type { Call, Policy } from './policy.ts'

export const approve = gateWith('task, input, steps, item and spent').describe(
  'Whether a person is asked before it works (default: never)',
)

interface Asking {
  readonly gates: Gates
  readonly scope: Scope
  /** What the agent is asked. */
  task(call: Call): string
}

/**
 * Asks a person before an agent works, once for all of its attempts, and before anything that costs: what is kept from
 * an earlier run goes out as well. The person may put another task in the place of the one that there is. Throws `rejected`.
 */
export function approving(terms: Terms, { gates, scope, task }: Asking): Policy {
  return async (call, next) => {
    const { ctx, agent } = call
    const asked = task(call)
    const request = {
      gate: 'agent',
      question: `May ${agent} do this?`,
      detail: { agent },
      editable: asked,
    } as const
    const gate = { key: 'approval', terms, scope, request }
    const edited = await passOrThrow(ctx, gates, gate, `the work of ${agent}`)
    return next(edited === undefined || edited === asked ? call : { ...call, task: asText(edited) })
  }
}
