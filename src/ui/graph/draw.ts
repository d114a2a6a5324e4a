import type { ChalkInstance } from 'chalk'
import type { TeamGraph } from '../../team/graph.ts'
import { drawDot } from './dot.ts'
import { drawMermaid } from './mermaid.ts'
import { drawTree } from './tree.ts'

/** A team in one of the formats of `crew graph`. Graphviz, two megabytes of it, is loaded for svg only. */
export async function draw(
  graph: TeamGraph,
  format: 'tree' | 'mermaid' | 'dot' | 'svg',
  style: ChalkInstance,
): Promise<string> {
  if (format === 'tree') return drawTree(graph, style)
  if (format === 'mermaid') return drawMermaid(graph)
  if (format === 'dot') return drawDot(graph)
  const { Graphviz } = await import('@hpcc-js/wasm-graphviz')
  return (await Graphviz.load()).dot(drawDot(graph)).trimEnd()
}
