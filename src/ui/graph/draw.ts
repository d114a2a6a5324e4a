import type { ChalkInstance } from 'chalk'
import { CrewError } from '../../errors.ts'
import type { TeamGraph } from '../../team/graph.ts'
import { drawDot } from './dot.ts'
import { drawMermaid } from './mermaid.ts'
import { drawTree } from './tree.ts'

/** Graphviz takes seconds to lay out that many, and minutes for twice as many. */
const MOST_NODES = 200

/** A team in one of the formats of `crew graph`. Graphviz, two megabytes of it, is loaded for svg only. */
export async function draw(
  graph: TeamGraph,
  format: 'tree' | 'mermaid' | 'dot' | 'svg',
  style: ChalkInstance,
): Promise<string> {
  if (format === 'tree') return drawTree(graph, style)
  if (format === 'mermaid') return drawMermaid(graph)
  if (format === 'dot') return drawDot(graph)
  const size = sizeOf(graph)
  if (size > MOST_NODES) {
    throw new CrewError('usage', `the team has ${size} nodes; svg is drawn for up to ${MOST_NODES}`, {
      hint: 'give the drawing to Graphviz itself: crew graph TEAM -f dot | sfdp -T svg',
    })
  }
  const { Graphviz } = await import('@hpcc-js/wasm-graphviz')
  return (await Graphviz.load()).dot(drawDot(graph)).trimEnd()
}

/** Nodes of a team and of all teams in it. */
function sizeOf({ nodes }: TeamGraph): number {
  return nodes.reduce((sum, { inner }) => sum + 1 + (inner ? sizeOf(inner) : 0), 0)
}
