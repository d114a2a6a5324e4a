import type { z } from 'zod'
import type { Steps, TeamContext } from '../coordination/ask.ts'
import type { Json } from '../json.ts'

/**
 * A way for agents to work together.
 *
 * Contract of `run`: deterministic. It touches the world only through its context, gives every step a key that
 * does not depend on timing, and lets `next` decide where timing matters.
 */
export interface Pattern<Spec> {
  readonly kind: string
  readonly schema: z.ZodType<Spec>
  run(team: TeamContext, spec: Spec): Promise<PatternResult>
  /** What can run and after what, for checks and drawings; needs no run. */
  graph(spec: Spec): readonly Node[]
}

interface PatternResult {
  /** What the run ends with, unless the team says otherwise. */
  readonly output: Json
  /** For the team's `output` template. */
  readonly steps: Steps
}

export interface Node {
  /** Name of the step, as in `steps.NAME.output`. */
  readonly step: string
  readonly agent: string
  /** Where in the pattern's definition the agent is named. */
  readonly path: readonly (string | number)[]
  /** Steps whose output exists when this one starts, not counting those that follow from others here. */
  readonly after: readonly string[]
  /** It may be skipped, so that its output is not sure to be there. */
  readonly optional?: boolean
  /** Variables that its templates see besides the usual ones. */
  readonly variables?: readonly string[]
}
