import { kindOf } from '../../agents/index.ts'

import { type Rung, rungsOf } from '../../policies/ladder.ts'
import type { Definition } from '../schema.ts'
import type { Finding } from '../source/problem.ts'
import type { Path } from '../source/tree.ts'
import { didYouMean, namesOf } from '../suggest.ts'

/** Whether what is declared for failures can ever be done. */
export function checkLadder(definition: Definition): Finding[] {
  return [...checkFallbacks(definition), ...checkCaches(definition), ...checkRungs(definition)]
}

/** Models that stand in for models: they exist, and not in a circle. */
function checkFallbacks({ models = {} }: Definition): Finding[] {
  const names = [...Object.keys(models), 'default']
  return Object.entries(models).flatMap(([name, { fallback = [] }]) =>
    fallback.flatMap((model, index): Finding[] => {
      const path = ['models', name, 'fallback', index]
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
function checkRungs({ agents, models = {} }: Definition): Finding[] {
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
      ...unused('simplify', spec.simplify !== undefined, ['agents', name, 'simplify']),
      ...unused('model', hasModels, ['models', model, 'fallback']),
    ]
  })
}
