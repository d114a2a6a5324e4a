import { stripVTControlCharacters as stripped } from 'node:util'
import type { ChalkInstance } from 'chalk'
import type { RunView } from '../../../store/view.ts'
import type { TeamGraph, TeamNode } from '../../../team/graph.ts'
import { drawTree } from '../../graph/tree.ts'
import { widthOf } from '../../text.ts'
import { excerpt } from '../excerpt.ts'
import { arrows } from './arrows.ts'
import { auction } from './auction.ts'
import { blackboard } from './boards.ts'
import { lanes, loop, routed, supervised } from './fan.ts'
import { layers } from './layers.ts'
import { line } from './line.ts'
import { ring } from './ring.ts'
import { type Drawn, labelOf, type Shape, standingsOf } from './standing.ts'
import { topics } from './topics.ts'

/** How each pattern is drawn; others as layers. */
const SHAPES: Readonly<Record<string, Shape>> = {
  ...{ pipeline: line, parallel: lanes, supervisor: supervised, route: routed, refine: loop },
  ...{ handoff: arrows, peers: arrows, tasks: layers, graph: layers, chat: ring },
  ...{ auction, blackboard, events: topics },
}

/** A team in its shape as it stands, and the teams inside of it below. */
export function drawTeam(
  graph: TeamGraph,
  view: RunView,
  { width, style, prefix = '' }: { width: number; style: ChalkInstance; prefix?: string },
): string[] {
  const team = standingsOf(graph, view, prefix, style)
  const title = `${style.bold(excerpt(graph.team, 40))} ${style.dim(graph.pattern)}`
  const shape = (SHAPES[graph.pattern] ?? layers)(team, width - INDENT.length)
  const isFitting = shape.every(row => widthOf(row) <= width - INDENT.length)
  if (!isFitting) return treeOf(team, width)
  const nameFor = ({ name, inner }: TeamNode) =>
    name === inner?.team ? '' : style.dim(`${excerpt(name, 40)}: `)
  const inner = graph.nodes.flatMap(node => {
    if (!node.inner) return []
    const at = `${team.nodes.get(node.name)?.last ?? ''}/team`
    const entered = view.steps.has(at)
    const lines = drawTeam(node.inner, view, {
      width: width - INDENT.length,
      style,
      prefix: entered ? at : `${prefix}/`,
    })
    return ['', ...lines.map((row, index) => INDENT + (index === 0 ? nameFor(node) + row : row))]
  })
  return [title, '', ...shape.map(row => INDENT + row), ...inner]
}

const INDENT = '  '

/** What fits everywhere. */
function treeOf({ graph, view, prefix, style }: Drawn, width: number): string[] {
  const known = new Map<TeamGraph, Drawn>()
  const drawn = (of: TeamGraph): Drawn => {
    const found = known.get(of) ?? standingsOf(of, view, of === graph ? prefix : prefixOf(of), style)
    known.set(of, found)
    return found
  }
  const prefixOf = (of: TeamGraph): string => {
    for (const outer of known.values())
      for (const { name, inner } of outer.graph.nodes)
        if (inner === of) return `${outer.nodes.get(name)?.last ?? ''}/team`
    return `${prefix}/`
  }
  const sign = (name: string, team: Drawn) => labelOf(team, name).split(' ')[0] ?? ''
  const mark = (node: TeamNode, of: TeamGraph) => `${sign(node.name, drawn(of))} `
  const plain = stripped(drawTree(graph, style, mark)).split('\n')
  return drawTree(graph, style, mark)
    .split('\n')
    .map((row, index) => (widthOf(row) <= width ? row : cut(plain[index] ?? '', width)))
}

/** A line that is too wide goes without colours, and keeps the branches that it hangs on. */
function cut(row: string, width: number): string {
  const branches = /^[ │├└─]*/.exec(row)?.[0].slice(0, Math.max(0, width - 8)) ?? ''
  return branches + excerpt(row.slice(branches.length), width - widthOf(branches))
}
