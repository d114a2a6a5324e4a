import type { TeamGraph, TeamNode } from '../../team/graph.ts'

const SHAPES: Readonly<Record<string, string>> = {
  start: 'circle',
  end: 'oval, peripheries=2',
  human: 'hexagon',
  approval: 'hexagon',
  board: 'cylinder',
  topic: 'cds',
  set: 'parallelogram',
}

/** Columns of a line in a label; Graphviz makes room for a long one on the page. */
const WIDTH = 28

/** A team in the language of Graphviz (https://graphviz.org/doc/info/lang.html); nested teams are clusters. */
export function drawDot(graph: TeamGraph): string {
  const settings = [
    `label=${text(`${graph.team} (${graph.pattern})`)}; labelloc=t; compound=true; ranksep=0.4; nodesep=0.4; color="#b8c4d6"; fontname="sans-serif"`,
    'node [shape=box, style="rounded,filled", fillcolor="#f4f7fb", color="#5b7aa6", margin="0.25,0.1", fontname="sans-serif"]',
    'edge [color="#777777", fontname="sans-serif", fontsize=10]',
  ]
  return ['digraph team {', ...[...settings, ...linesOf(graph, '')].map(line => `  ${line}`), '}'].join('\n')
}

function linesOf({ nodes, edges }: TeamGraph, prefix: string): string[] {
  const byName = new Map(nodes.map(node => [node.name, node]))
  const idOf = (name: string) => text(`${prefix}${name}`)
  const drawn = nodes.flatMap(node => {
    if (!node.inner) return [`${idOf(node.name)} [${attributes(node)}]`]
    const inner = linesOf(node.inner, `${prefix}${node.name}/`).map(line => `  ${line}`)
    const title = text(`${node.name} (${node.inner.pattern})`)
    return [`subgraph ${text(`cluster ${prefix}${node.name}`)} {`, `  label=${title}`, ...inner, '}']
  })
  const arrows = edges.map(({ from, to, label }) => {
    const [source, target] = [byName.get(from), byName.get(to)]
    const attributes = [
      ...(label ? [`label=${text(wrapped(label))}`] : []),
      ...(source?.inner ? [`ltail=${text(`cluster ${prefix}${from}`)}`] : []),
      ...(target?.inner ? [`lhead=${text(`cluster ${prefix}${to}`)}`] : []),
    ]
    const ends = [anchorOf(source, prefix, from, 'last'), anchorOf(target, prefix, to, 'first')]
    return `${ends.map(text).join(' -> ')}${attributes.length > 0 ? ` [${attributes.join(', ')}]` : ''}`
  })
  return [...drawn, ...arrows]
}

/** Arrows connect nodes: they leave a nested team from the node that ends it, and come to the one that begins it. */
function anchorOf(node: TeamNode | undefined, prefix: string, name: string, which: 'first' | 'last'): string {
  if (!node?.inner) return `${prefix}${name}`
  const { nodes, edges } = node.inner
  const ends = nodes.filter(inner => !edges.some(({ from }) => from === inner.name))
  const anchor = which === 'first' ? nodes[0] : (ends.at(-1) ?? nodes.at(-1))
  return anchor ? anchorOf(anchor, `${prefix}${name}/`, anchor.name, which) : `${prefix}${name}`
}

function attributes({ name, agent, kind, optional }: TeamNode): string {
  const label = agent ? `${name}\n${agent}` : name
  const shape = SHAPES[kind]
  return [
    `label=${text(label)}`,
    ...(shape ? [`shape=${shape}, style=filled`] : []),
    ...(optional ? ['style="rounded,dashed"'] : []),
  ].join(', ')
}

function wrapped(label: string): string {
  return label.replace(new RegExp(`(.{1,${WIDTH}})(?:\\s+|$)`, 'g'), '$1\n').trimEnd()
}

function text(words: string): string {
  return `"${words.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`
}
