import type { TeamGraph, TeamNode } from '../../team/graph.ts'

/** Opening and closing of a node's text, by what the node is: https://mermaid.js.org/syntax/flowchart.html */
const SHAPES: Readonly<Record<string, readonly [string, string]>> = {
  start: ['([', '])'],
  end: ['([', '])'],
  human: ['{{', '}}'],
  approval: ['{{', '}}'],
  board: ['[(', ')]'],
  topic: ['>', ']'],
  set: ['[/', '/]'],
}

/** A team as a Mermaid flowchart; nested teams are subgraphs. */
export function drawMermaid(graph: TeamGraph): string {
  return ['flowchart TD', ...linesOf(graph, '').map(line => `  ${line}`)].join('\n')
}

/** `prefix` keeps the nodes of different teams apart. */
function linesOf({ nodes, edges }: TeamGraph, prefix: string): string[] {
  const ids = new Map(nodes.map(({ name }, index) => [name, `${prefix}n${index + 1}`]))
  const idOf = (name: string) => ids.get(name) ?? name
  const drawn = nodes.flatMap(node => {
    const id = idOf(node.name)
    if (!node.inner) return [`${id}${shape(node)}`]
    const inner = linesOf(node.inner, `${id}_`).map(line => `  ${line}`)
    return [`subgraph ${id} [${text(`${node.name} (${node.inner.pattern})`)}]`, ...inner, 'end']
  })
  const arrows = edges.map(({ from, to, label }) => {
    const arrow = label ? `-->|${text(label)}|` : '-->'
    return `${idOf(from)} ${arrow} ${idOf(to)}`
  })
  return [...drawn, ...arrows]
}

function shape({ name, agent, kind }: TeamNode): string {
  const [open, close] = SHAPES[kind] ?? ['[', ']']
  return `${open}${text(agent ? `${name}: ${agent}` : name)}${close}`
}

/** Mermaid reads entity codes in quoted text, and nothing else. */
function text(words: string): string {
  return `"${words.replaceAll('#', '#35;').replaceAll('"', '#quot;').replaceAll('<', '#lt;').replaceAll('>', '#gt;').replace(/\s+/g, ' ')}"`
}
