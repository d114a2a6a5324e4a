import { CrewError, toCrewError } from '../../errors.ts'
import { parseExpression } from '../../expressions/cel.ts'
import { holds, type Scope } from '../../expressions/template.ts'
import type { Json, JsonObject } from '../../json.ts'

/** A way on, and the condition under which it is taken; without one it always is. */
export interface Branch {
  readonly to: string
  readonly when?: string | undefined
}

/** A branch that may be taken, and why, for the trace. */
interface Chosen<B extends Branch> {
  readonly branch: B
  readonly reason: string
  readonly values: JsonObject
}

/**
 * The first branch that may be taken from `from`, with the values that the conditions saw. Throws `plan-invalid` with
 * the same evidence when there are branches and none may be taken.
 */
export function chooseBranch<B extends Branch>(
  from: string,
  branches: readonly B[],
  scope: Scope,
): Chosen<B> {
  const rejected: { to: string; when: string; saw: JsonObject }[] = []
  for (const branch of branches) {
    const { to, when } = branch
    const way = `${from} → ${to}`
    const saw = when === undefined ? {} : valuesIn(when, scope)
    if (when !== undefined && !isMet(when, scope, way)) {
      rejected.push({ to, when, saw })
      continue
    }
    const reason = `${way}: ${when ?? (rejected.length > 0 ? 'nothing else holds' : 'always')}`
    const values = { from, to, ...(when !== undefined && { when, saw }), rejected }
    return { branch, reason, values }
  }
  const seen = rejected.map(({ to, when, saw }) => `\n  → ${to} needs ${when}; ${inWords(saw)}`)
  throw new CrewError('plan-invalid', `nothing leads on from "${from}": no condition holds${seen.join('')}`, {
    hint: `add a last edge from "${from}" that has no "when"`,
  })
}

function isMet(when: string, scope: Scope, way: string): boolean {
  try {
    return holds(when, scope)
  } catch (thrown) {
    const { code, message, details } = toCrewError(thrown)
    throw new CrewError(code, `${way}: ${message}`, details)
  }
}

/** What a condition reads, as it is written there; null for what is not there. */
function valuesIn(condition: string, scope: Scope): JsonObject {
  const names = parseExpression(condition).references.map(({ start, end }) => condition.slice(start, end))
  return Object.fromEntries(names.map(name => [name, read(name, scope)]))
}

function read(name: string, scope: Scope): Json {
  try {
    return brief(parseExpression(name).evaluate(scope))
  } catch {
    return null
  }
}

/** Characters of a value that are kept as evidence: it stands in full where it comes from. */
const EVIDENCE = 500

function brief(value: Json): Json {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > EVIDENCE ? `${text.slice(0, EVIDENCE)}…` : value
}

function inWords(saw: JsonObject): string {
  const values = Object.entries(saw).map(([name, value]) => `${name} is ${JSON.stringify(value)}`)
  return values.length > 0 ? values.join(', ') : 'it reads nothing'
}
