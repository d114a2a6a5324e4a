import type * as z from 'zod'
import type { Steps, TeamContext } from '../coordination/ask.ts'
import type { Json, JsonSchema } from '../json.ts'

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
  graph(spec: Spec): Graph
}

interface PatternResult {
  /** What the run ends with, unless the team says otherwise. */
  readonly output: Json
  /** For the team's `output` template. */
  readonly steps: Steps
}

export interface Graph {
  readonly nodes: readonly Node[]
  /** How work flows; by default from each node to those that come after it. */
  readonly edges?: readonly Edge[]
  /** Variables that conditions and templates of the pattern itself see, besides those of the nodes. */
  readonly variables?: readonly string[]
  /** Who else may work: those who choose, or may be chosen, for steps that name nobody. */
  readonly pool?: readonly Pick<Node, 'agent' | 'path'>[]
  /** Anybody in the team may be chosen for a step. */
  readonly isOpen?: boolean
}

export interface Node {
  /** Name of the step, as in `steps.NAME.output`. */
  readonly step: string
  /** Who works in it; nobody where the pattern itself does something. */
  readonly agent?: string
  /** What it is where nobody works; shown, and drawn in a shape of its own. */
  readonly is?: 'start' | 'end' | 'approval' | 'set' | 'board' | 'topic'
  /** Where in the pattern's definition it is named. */
  readonly path: readonly (string | number)[]
  /** Steps whose output exists when this one starts, not counting those that follow from others here. */
  readonly after: readonly string[]
  /** What it ends with, where the pattern and not the agent decides that; `{}` for anything. */
  readonly output?: JsonSchema
  /** It may be skipped, so that its output is not sure to be there. */
  readonly optional?: boolean
  /** Variables that its templates see besides the usual ones. */
  readonly variables?: readonly string[]
}

export interface Edge {
  readonly from: string
  readonly to: string
  /** When it is taken, or what passes along it. */
  readonly label?: string
}
