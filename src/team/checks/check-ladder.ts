import { kindOf } from '../../agents/index.ts'

import { type Rung, rungsOf } from '../../policies/ladder.ts'
import type { Definition } from '../schema.ts'
import type { Finding } from '../source/problem.ts'
import type { Path } from '../source/tree.ts'
import { didYouMean, namesOf } from '../suggest.ts'

/** Whether what is declared for failures can ever be done. */
export function checkLadder(definition: Definition): Finding[] {
  const checks = [checkFallbacks, checkStandIns, checkCaches, checkRungs]
  return checks.flatMap(check => check(definition))
}

/** Models that stand in for models: they exist, and not in a circle. */
function checkFallbacks({ models = {} }: Definition): Finding[] {
  const names = [...new Set([...Object.keys(models), 'default'])]
  return Object.entries(models).flatMap(([name, { fallback = [] }]) =>
    fallback.flatMap((model, index): Finding[] => {
      const path = ['models', name, 'fallback', index]
      if (fallback.indexOf(model) < index) return [twice(model, path)]
      if (!names.includes(model)) {
        const hint = didYouMean(model, names) ?? `the models are: ${namesOf(names)}`
        return [{ path, message: `there is no model "${model}"`, hint }]
      }
      if (!leadsTo(model, name, models)) return []
      return [{ path, message: `"${name}" stands in for itself this way`, hint: 'leave it out' }]
    }),
  )
}

function leadsTo(from: string, to: string, models: NonNullable<Definition['models']>): boolean {
  const reached = new Set([from])
  for (const name of reached) for (const next of models[name]?.fallback ?? []) reached.add(next)
  return reached.has(to)
}

/** Who helps is somebody else, and helps once. What all agents have from the defaults is passed over where it is them. */
function checkStandIns({ agents, defaults = {} }: Definition): Finding[] {
  return Object.entries(agents).flatMap(([name, { fallback = [], simplify }]): Finding[] => {
    const others = fallback === defaults.fallback ? [] : fallback
    const found = others.flatMap((agent, index): Finding[] => {
      const path = ['agents', name, 'fallback', index]
      if (agent === name)
        return [{ path, message: `"${name}" cannot stand in for itself`, hint: 'leave it out' }]
      return others.indexOf(agent) < index ? [twice(agent, path)] : []
    })
    if (typeof simplify !== 'object' || simplify === defaults.simplify || simplify.by !== name) return found
    const message = `"${name}" cannot be asked for a simpler task while it waits for one`
    const hint = 'name another agent, or write a template instead'
    return [...found, { path: ['agents', name, 'simplify', 'by'], message, hint }]
  })
}

function twice(name: string, path: Path): Finding {
  return { path, message: `"${name}" stands here twice`, hint: 'leave it out' }
}

/** Only an answer that depends on nothing but what was asked can be kept. */
function checkCaches({ agents }: Definition): Finding[] {
  return Object.entries(agents).flatMap(([name, spec]): Finding[] => {
    if (kindOf(spec).isCacheable?.(spec)) return []
    const message = `the answers of "${name}" cannot be kept: it does more than answer, or answers by more than it is asked`
    const hint =
      'keep those of an llm agent without tools of the exchange, or of a program with effects: pure'
    const rung = spec.ladder?.indexOf('cached') ?? -1
    return [
      ...(spec.cache ? [{ path: ['agents', name, 'cache'], message, hint }] : []),
      ...(rung < 0 ? [] : [{ path: ['agents', name, 'ladder', rung], message, hint }]),
    ]
  })
}

/** What is declared for a rung that the ladder leaves out. */
function checkRungs({ agents, models = {}, pattern }: Definition): Finding[] {
  const inPattern = fallbacksIn(pattern, ['pattern'])
  return Object.entries(agents).flatMap(([name, spec]): Finding[] => {
    const rungs = rungsOf(spec)
    const unused = (rung: Rung, isDeclared: boolean, path: Path): Finding[] =>
      rungs.includes(rung) || !isDeclared
        ? []
        : [
            {
              path,
              severity: 'warning',
              message: `this is never used: the ladder of "${name}" leaves out ${rung}`,
              hint: `add ${rung} to its ladder`,
            },
          ]
    const model = 'model' in spec ? (spec.model ?? 'default') : 'default'
    const hasModels = (spec.kind ?? 'llm') === 'llm' && models[model]?.fallback !== undefined
    return [
      ...unused('agent', spec.fallback !== undefined, ['agents', name, 'fallback']),
      ...inPattern.flatMap(({ agent, path }) => unused('agent', agent === name, path)),
      ...unused('simplify', spec.simplify !== undefined, ['agents', name, 'simplify']),
      ...unused('model', hasModels, ['models', model, 'fallback']),
    ]
  })
}

/** Whose work somebody else does where the pattern says so, and where that stands. */
function fallbacksIn(value: unknown, path: Path): { readonly agent: unknown; readonly path: Path }[] {
  if (typeof value !== 'object' || value === null) return []
  const { agent, fallback } = value as { readonly agent?: unknown; readonly fallback?: unknown }
  const inner = Object.entries(value).flatMap(([key, part]) =>
    fallbacksIn(part, [...path, Array.isArray(value) ? Number(key) : key]),
  )
  return fallback === undefined ? inner : [{ agent, path: [...path, 'fallback'] }, ...inner]
}
