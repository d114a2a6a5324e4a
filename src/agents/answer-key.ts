import { parseExpression } from '../expressions/cel.ts'
import { parseTemplate, type Scope } from '../expressions/template.ts'
import { canonical, hash, isObject, type Json, type JsonSchema } from '../json.ts'
import type { Check } from '../policies/check.ts'
import { acting, type Invocation, spending } from './agent.ts'
import type { AgentSpec } from './index.ts'

/** An invocation as far as its answer depends on it. */
export interface Asked {
  readonly invocation: Invocation
  readonly spec: AgentSpec
  readonly scope: Scope
  readonly output: JsonSchema | undefined
  readonly checks: readonly Check[]
  readonly root: string
}

/** Fields that are about how an agent is asked. */
const HOW = { ...acting, ...spending }

/**
 * All that the answer of an agent depends on, as one key: who asks the same under it would be given the same. What is
 * only about how it is asked, such as deadlines and attempts, is no part of it.
 * @param model as it is declared and as it was found
 */
export function answerKey(
  { invocation, spec, scope, output, checks, root }: Asked,
  model: unknown,
  rehearsal: boolean,
): string {
  const own = Object.entries(spec).filter(([field]) => !Object.hasOwn(HOW, field))
  const { task, instruction } = invocation
  // A program can be handed the whole input.
  const input = spec.kind === undefined || spec.kind === 'llm' ? undefined : scope.input
  const read = valuesIn([own, checks], scope)
  return hash(canonical([own, read, task, instruction, input, output, checks, root, model, rehearsal]))
}

/** What the templates and conditions in `value` read, by how they read it. */
function valuesIn(value: unknown, scope: Scope): Record<string, Json | undefined> {
  const paths = textsIn(value).flatMap(({ text, isCondition }) => {
    const expressions = isCondition
      ? [parseExpression(text)]
      : parseTemplate(text).flatMap(piece => (typeof piece === 'string' ? [] : [piece.expression]))
    return expressions.flatMap(({ references }) => references.map(({ path }) => path))
  })
  return Object.fromEntries(paths.map(path => [canonical(path), at(path, scope)]))
}

function textsIn(value: unknown, key?: string): { readonly text: string; readonly isCondition: boolean }[] {
  if (typeof value === 'string') return [{ text: value, isCondition: key === 'that' }]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => textsIn(inner, name))
}

function at(path: readonly (string | number)[], scope: Scope): Json | undefined {
  return path.reduce<Json | undefined>((inner, key) => {
    if (Array.isArray(inner)) return inner[Number(key)]
    return isObject(inner) ? inner[key] : undefined
  }, scope as Json)
}
