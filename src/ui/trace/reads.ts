import { parseExpression } from '../../expressions/cel.ts'
import { brief, isObject, type Json, type JsonObject } from '../../json.ts'
import type { RunView, StepView } from '../../store/view.ts'

/**
 * What a condition that the journal keeps without its values has read: inputs of the team and outputs of steps stand in
 * the journal, and are the same whoever looks. What cannot be known from there is left out.
 */
export function readsOf(condition: string, key: string, view: RunView): JsonObject {
  try {
    const { references } = parseExpression(condition)
    const found = references.flatMap(({ start, end, path }) => {
      const value = valueAt(path, key, view)
      return value === undefined ? [] : [[condition.slice(start, end), evidence(value)] as const]
    })
    return Object.fromEntries(found)
  } catch {
    return {}
  }
}

function valueAt(
  [root, ...path]: readonly (string | number)[],
  key: string,
  view: RunView,
): Json | undefined {
  if (root === 'input') return inputOf(key, view) && walk(inputOf(key, view), path)
  const [name, output, ...rest] = path
  if (root !== 'steps' || typeof name !== 'string' || output !== 'output') return undefined
  const step = findStep(name, key, view)
  return step?.output === undefined ? undefined : walk(step.output, rest)
}

/** What the team that a step belongs to was given. A nested one got its task among the fields: not told apart there. */
function inputOf(key: string, view: RunView): JsonObject | undefined {
  return teamStepOf(key, view) ? undefined : view.input
}

/** The step of kind `team` around a step. */
export function teamStepOf(key: string, { steps }: Pick<RunView, 'steps'>): StepView | undefined {
  const names = key.split('/')
  for (names.pop(); names.length > 0; names.pop()) {
    const step = steps.get(names.join('/'))
    if (step?.kind === 'team') return step
  }
  return undefined
}

/**
 * The step that templates of the step `key` call `name`: beside it, or beside one that it stands in, within its team. Of
 * those that were visited several times (`NAME`, `NAME-2` …) the last that ended before.
 */
export function findStep(name: string, key: string, view: Pick<RunView, 'steps'>): StepView | undefined {
  const team = teamStepOf(key, view)?.key ?? ''
  const before = view.steps.get(key)?.startedAt ?? Number.POSITIVE_INFINITY
  const names = key.split('/')
  for (names.pop(); ; names.pop()) {
    const place = names.join('/')
    const found = lastVisit(place === '' ? name : `${place}/${name}`, key, before, view)
    if (found) return found
    if (place === team || names.length === 0) return undefined
  }
}

function lastVisit(wanted: string, key: string, before: number, { steps }: Pick<RunView, 'steps'>) {
  let last: StepView | undefined
  for (let visit = 1; ; visit += 1) {
    const step = steps.get(visit === 1 ? wanted : `${wanted}-${visit}`)
    if (!step) return last
    if (step.key !== key && step.output !== undefined && (step.endedAt ?? 0) <= before) last = step
  }
}

function walk(value: Json | undefined, path: readonly (string | number)[]): Json | undefined {
  let at: Json | undefined = value
  for (const name of path) {
    if (Array.isArray(at)) at = at[Number(name)]
    else if (isObject(at) && Object.hasOwn(at, name)) at = at[name]
    else return null
  }
  return at ?? null
}

const EVIDENCE = 200

function evidence(value: Json): Json {
  return typeof value === 'object' || typeof value === 'string'
    ? JSON.stringify(value).length > EVIDENCE
      ? brief(value, EVIDENCE)
      : value
    : value
}
