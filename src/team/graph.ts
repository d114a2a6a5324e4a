import { patternOf } from '../patterns/index.ts'
import type { Edge, Node } from '../patterns/pattern.ts'
import type { Nest } from './load.ts'

/** A team as it is drawn: who there is, how work flows, and what is inside of nested teams. */
export interface TeamGraph {
  readonly team: string
  readonly pattern: string
  readonly nodes: readonly TeamNode[]
  readonly edges: readonly Edge[]
}

export interface TeamNode {
  readonly name: string
  /** The agent who works there, when it has another name. */
  readonly agent?: string
  /** Kind of the agent, or what the node is where nobody works. */
  readonly kind: string
  readonly optional: boolean
  /** The team that the agent is. */
  readonly inner?: TeamGraph
}

export function graphOf(team: Nest): TeamGraph {
  const { name, pattern } = team.definition
  const { nodes, edges = edgesOf(nodes) } = patternOf(pattern).graph(pattern)
  return { team: name, pattern: pattern.kind, nodes: nodes.map(node => nodeOf(node, team)), edges }
}

/** Work flows from each node to those that come after it. */
function edgesOf(nodes: readonly Node[]): Edge[] {
  return nodes.flatMap(({ step, after }) => after.map(from => ({ from, to: step })))
}

function nodeOf({ step, agent, is, optional = false }: Node, { definition, teams }: Nest): TeamNode {
  const spec = definition.agents[agent ?? '']
  const kind = spec ? (spec.kind ?? 'llm') : (is ?? 'step')
  const inner = teams[agent ?? '']
  return {
    name: step,
    kind,
    optional,
    ...(agent !== undefined && agent !== step && { agent }),
    ...(inner && { inner: graphOf(inner) }),
  }
}
