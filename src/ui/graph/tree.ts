import type { ChalkInstance } from 'chalk'
import type { Edge } from '../../patterns/pattern.ts'
import type { TeamGraph, TeamNode } from '../../team/graph.ts'
import { oneLine } from '../text.ts'

/** Columns of a name or a label. */
const LONGEST = 80

/**
 * A team in lines for a terminal: each node once, in an order in which work reaches them, with where it goes from
 * there; nested teams stand below the agent that they are.
 */
export function drawTree(graph: TeamGraph, style: ChalkInstance, mark: Mark = () => ''): string {
  return [
    `${style.bold(graph.team)} ${style.dim(`(${graph.pattern})`)}`,
    ...linesOf(graph, style, mark),
  ].join('\n')
}

/** What stands before a node, to say how it is with it. */
type Mark = (node: TeamNode, graph: TeamGraph) => string

function linesOf(graph: TeamGraph, style: ChalkInstance, mark: Mark): string[] {
  const nodes = inOrder(graph)
  return nodes.flatMap((node, index) => {
    const isLast = index === nodes.length - 1
    const [branch, below] = isLast ? ['└─ ', '   '] : ['├─ ', '│  ']
    const ways = graph.edges.filter(({ from }) => from === node.name)
    const inner = node.inner
      ? [style.dim(`${node.inner.team} (${node.inner.pattern})`), ...linesOf(node.inner, style, mark)]
      : []
    const [head = '', ...rest] = [...describe(node, ways, style), ...inner.map(line => `   ${line}`)]
    return [style.dim(branch) + mark(node, graph) + head, ...rest.map(line => style.dim(below) + line)]
  })
}

/** A node, and the ways that lead on from it: on the same line when there is nothing to say about them. */
function describe(node: TeamNode, ways: readonly Edge[], style: ChalkInstance): string[] {
  const who = node.agent ? ` ${node.agent}` : ''
  const facts = [node.kind, ...(node.optional ? ['optional'] : [])].join(', ')
  const head = `${paint(node, style)(oneLine(node.name, LONGEST))}${who} ${style.dim(`(${facts})`)}`
  const plain = ways.filter(({ label }) => !label).map(({ to }) => oneLine(to, LONGEST))
  const labelled = ways.filter(({ label }) => label)
  return [
    plain.length > 0 ? `${head} ${style.dim('→')} ${plain.join(', ')}` : head,
    ...labelled.map(
      ({ to, label = '' }) =>
        `   ${style.dim('→')} ${oneLine(to, LONGEST)} ${style.dim(oneLine(label, LONGEST))}`,
    ),
  ]
}

function paint({ kind }: TeamNode, style: ChalkInstance): (text: string) => string {
  if (kind === 'end' || kind === 'start') return style.magenta
  if (kind === 'human' || kind === 'approval') return style.yellow
  return kind === 'team' ? style.blue : style.cyan
}

/** From those that nothing leads to, along the edges; what no such node reaches comes last, in the order of the file. */
function inOrder({ nodes, edges }: TeamGraph): TeamNode[] {
  const targets = new Set(edges.map(({ to }) => to))
  const starts = nodes.filter(({ name }) => !targets.has(name))
  const order = new Set((starts.length > 0 ? starts : nodes.slice(0, 1)).map(({ name }) => name))
  for (const name of order) for (const { from, to } of edges) if (from === name) order.add(to)
  const byName = new Map(nodes.map(node => [node.name, node]))
  return [...new Set([...order, ...byName.keys()])].flatMap(name => byName.get(name) ?? [])
}
