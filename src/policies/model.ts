import { decide, orElse } from './ladder.ts'
import type { Policy } from './policy.ts'

/**
 * The models by which an invocation may still be answered, the best first. One that has failed it stays out of it: what
 * was paid for is not paid again, and nobody waits once more for what does not come.
 */
export class Lineup {
  left: readonly string[]
  private readonly all: readonly string[]

  constructor(all: readonly string[]) {
    this.all = all
    this.left = all
  }

  goOnWith(model: string): void {
    this.left = this.all.slice(this.all.indexOf(model))
  }
}

/** What a team file says of models, by their names. */
export type Declared = Readonly<Record<string, { readonly fallback?: readonly string[] | undefined }>>

/** A model, and those that stand in for it, each once: before the second of them come those that stand in for the first. */
export function withFallbacks(model: string, models: Declared = {}): readonly string[] {
  const found = new Set<string>()
  const visit = (name: string) => {
    if (found.has(name)) return
    found.add(name)
    models[name]?.fallback?.forEach(visit)
  }
  visit(model)
  return [...found]
}

/** Has the next model do the work from its start, when the answer of this one was rejected for good. */
export function changingModel(lineup: Lineup): Policy {
  return orElse(({ last }) => {
    const [from = '', to] = lineup.left
    // A model that fails otherwise is left in the middle of the work, where that is done.
    if (to === undefined || last.details.answer === undefined) return undefined
    return {
      what: `model ${to}`,
      key: `model/${to}`,
      perform({ call, next, last }) {
        decide(call, 'model', `${from} → ${to}: ${last.message}`, { error: last.code, from, to })
        lineup.goOnWith(to)
        return call.ctx.step(`model/${to}`, { kind: 'attempt' }, ctx => next({ ...call, ctx }))
      },
    }
  })
}
