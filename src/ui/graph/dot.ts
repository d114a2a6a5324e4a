import type { TeamGraph, TeamNode } from '../../team/graph.ts'

const SHAPES: Readonly<Record<string, string>> = {
  start: 'circle',
  end: 'doublecircle',
  human: 'hexagon',
  approval: 'hexagon',
  board: 'cylinder',
  topic: 'cds',
  set: 'parallelogram',
}

/** A team in the language of Graphviz (https://graphviz.org/doc/info/lang.html); nested teams are clusters. */
export function drawDot(graph: TeamGraph): string {
  const settings = [
    `label=${text(`${graph.team} (${graph.pattern})`)}; labelloc=t; compound=true; fontname="sans-serif"`,
    'node [shape=box, style="rounded,filled", fillcolor="#f4f7fb", color="#5b7aa6", fontname="sans-serif"]',
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
      ...(label ? [`label=${text(label)}`] : []),
      ...(source?.inner ? [`ltail=${text(`cluster ${prefix}${from}`)}`] : []),
      ...(target?.inner ? [`lhead=${text(`cluster ${prefix}${to}`)}`] : []),
    ]
    const ends = [source, target].map((node, index) => anchorOf(node, prefix, index === 0 ? from : to))
    return `${ends.map(text).join(' -> ')}${attributes.length > 0 ? ` [${attributes.join(', ')}]` : ''}`
  })
  return [...drawn, ...arrows]
}

/** An arrow ends at a node: at a nested team, at its first one. */
function anchorOf(node: TeamNode | undefined, prefix: string, name: string): string {
  const [first] = node?.inner?.nodes ?? []
  return first ? anchorOf(first, `${prefix}${name}/`, first.name) : `${prefix}${name}`
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

function text(words: string): string {
  return `"${words.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`
}
