import type { RunView, StepView } from '../../store/view.ts'
import type { Passages } from './passages.ts'
import type { Ledger, Source } from './sources.ts'

/**
 * How it is known that something was made from a source: `declared`, a template of the team file reads it; `handed over`,
 * what the step was asked contains the whole of it, or the journal says that it was delivered there; `inside`, the step
 * itself asked for it; `same words`, a passage stands in both, and nothing else connects them.
 */
export type How = 'declared' | 'handed over' | 'inside' | 'same words'

export interface Link {
  readonly source: Source
  readonly how: How
  /** Where it is declared, in which part it was handed over, or the words that are the same. */
  readonly detail: string
}

/** A text in a structured source: the task of a step in a plan, what was asked for in a message. */
export interface Leaf {
  readonly source: Source
  /** Where in it, like `steps[1].task`. */
  readonly path: string
  readonly text: string
}

/** What is there to look for the origins of a step. */
export interface Search {
  readonly view: RunView
  readonly ledger: Ledger
  /** All steps that stand directly in each step, '' for the run. */
  readonly below: ReadonlyMap<string, readonly StepView[]>
  /** The texts of the sources of the ledger, under the same numbers. */
  readonly passages: Passages
  /** Sources by the names under which a packet may hand them over. */
  readonly byName: ReadonlyMap<string, readonly Source[]>
  /** Texts in structured sources, by their first lines. */
  readonly leaves: ReadonlyMap<string, readonly Leaf[]>
  /** What people answered, edited, and told agents. */
  readonly said: readonly Source[]
  readonly asked: (step: StepView) => string
}

/** Whether a step can have been asked with a source: it was there before, and is not a part of the step. */
export function isEarlier(source: Source, { key, startedAt }: StepView): boolean {
  return (
    source.id !== key &&
    source.at <= startedAt &&
    source.step?.key !== key &&
    !key.startsWith(`${source.id}/`)
  )
}
