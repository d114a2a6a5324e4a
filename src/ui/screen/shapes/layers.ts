import type { Edge } from '../../../patterns/pattern.ts'
import type { TeamGraph } from '../../../team/graph.ts'
import { widthOf } from '../../text.ts'
import { excerpt } from '../excerpt.ts'
import { type Drawn, labelOf, type Shape } from './standing.ts'

/**
 * Nodes in layers, each below those that come before it, with lines to the next layer. A way that leads further is named
 * behind the node it leaves, and so is one that leads back: ↺.
 */
export const layers: Shape = team => {
  const { graph, style } = team
  const { rank, back } = ranksOf(graph)
  const rows: string[][] = []
  for (const { name } of graph.nodes) {
    const at = rank.get(name) ?? 0
    rows[at] = [...(rows[at] ?? []), name]
  }
  const isNear = ({ from, to }: Edge) => (rank.get(to) ?? 0) === (rank.get(from) ?? 0) + 1
  const near = unique(graph.edges.filter(edge => !back.has(edge) && isNear(edge)))
  const far = unique(graph.edges.filter(edge => back.has(edge) || !isNear(edge)))
  return rows.flatMap((names, at) => {
    const placed = place(names, name => labelOf(team, name) + waysOn(team, far, back, name))
    const below = place(rows[at + 1] ?? [], name => labelOf(team, name) + waysOn(team, far, back, name))
    const lines = connect(near, placed.columns, below.columns)
    return [placed.line, ...lines.map(each => style.dim(each))]
  })
}

function unique(edges: readonly Edge[]): Edge[] {
  return [...new Map(edges.map(edge => [JSON.stringify([edge.from, edge.to]), edge])).values()]
}

/** How deep each node stands, and which ways lead back. */
export function ranksOf({ nodes, edges }: TeamGraph): {
  readonly rank: ReadonlyMap<string, number>
  readonly back: ReadonlySet<Edge>
} {
  const back = new Set<Edge>()
  const seen = new Map<string, 'open' | 'done'>()
  const order: string[] = []
  const leaving = new Map<string, Edge[]>()
  for (const edge of edges) leaving.set(edge.from, [...(leaving.get(edge.from) ?? []), edge])
  // Without recursion: a graph may be longer than the stack is deep.
  for (const { name } of nodes) {
    const path: { readonly name: string; next: number }[] = seen.has(name) ? [] : [{ name, next: 0 }]
    if (path.length > 0) seen.set(name, 'open')
    for (let here = path.at(-1); here; here = path.at(-1)) {
      const edge = leaving.get(here.name)?.[here.next]
      here.next += 1
      if (!edge) {
        seen.set(here.name, 'done')
        order.push(here.name)
        path.pop()
      } else if (seen.get(edge.to) === 'open') back.add(edge)
      else if (!seen.has(edge.to)) {
        seen.set(edge.to, 'open')
        path.push({ name: edge.to, next: 0 })
      }
    }
  }
  const rank = new Map(nodes.map(({ name }) => [name, 0]))
  for (const from of order.reverse())
    for (const edge of leaving.get(from) ?? [])
      if (!back.has(edge)) rank.set(edge.to, Math.max(rank.get(edge.to) ?? 0, (rank.get(from) ?? 0) + 1))
  return { rank, back }
}

const GAP = '    '

function place(names: readonly string[], label: (name: string) => string) {
  const columns = new Map<string, number>()
  let line = ''
  for (const name of names) {
    if (line !== '') line += GAP
    columns.set(name, widthOf(line))
    line += label(name)
  }
  return { line, columns }
}

/** The ways from `name` that are not drawn, behind it. */
function waysOn({ style, ways }: Drawn, far: readonly Edge[], back: ReadonlySet<Edge>, name: string): string {
  const parts = far
    .filter(({ from }) => from === name)
    .map(edge => {
      const count = ways(edge.from, edge.to)
      const text = `${back.has(edge) ? '↺' : '→'} ${excerpt(edge.to, 20)}${count > 1 ? ` ×${count}` : ''}`
      return count > 0 ? style.yellow(text) : style.dim(text)
    })
  return parts.length > 0 ? ` ${parts.join(' ')}` : ''
}

/** Lines from a layer to the next one. Sources that lead to the same targets share a line across. */
export function connect(
  edges: readonly Edge[],
  above: ReadonlyMap<string, number>,
  below: ReadonlyMap<string, number>,
): string[] {
  const groups = new Map<string, { sources: number[]; targets: number[] }>()
  for (const [from, column] of above) {
    const targets = edges
      .flatMap(edge => (edge.from === from ? (below.get(edge.to) ?? []) : []))
      .sort((a, b) => a - b)
    if (targets.length === 0) continue
    const group = groups.get(targets.join()) ?? { sources: [], targets }
    group.sources.push(column)
    groups.set(targets.join(), group)
  }
  if (groups.size === 0) return []
  const across = [...groups.values()].filter(
    ({ sources, targets }) => new Set([...sources, ...targets]).size > 1,
  )
  const straight = [...groups.values()]
    .filter(group => !across.includes(group))
    .flatMap(({ targets }) => targets)
  const rows = across.map((group, index) => {
    const earlier = across.slice(0, index).flatMap(({ targets }) => targets)
    const later = across.slice(index + 1).flatMap(({ sources }) => sources)
    return drawAcross(group, [...earlier, ...later, ...straight])
  })
  return [
    ...rows,
    drawMarks(new Map([...groups.values()].flatMap(({ targets }) => targets).map(at => [at, '↓']))),
  ]
}

function drawAcross(
  { sources, targets }: { readonly sources: readonly number[]; readonly targets: readonly number[] },
  passing: readonly number[],
): string {
  const all = [...sources, ...targets]
  const [left, right] = [Math.min(...all), Math.max(...all)]
  const marks = new Map<number, string>()
  for (let at = left; at <= right; at += 1) {
    const ways = `${sources.includes(at) ? 'n' : ''}${targets.includes(at) ? 's' : ''}${at > left ? 'w' : ''}${at < right ? 'e' : ''}`
    marks.set(at, JOINTS[ways] ?? '─')
  }
  for (const at of passing) if (!all.includes(at)) marks.set(at, '│')
  return drawMarks(marks)
}

const JOINTS: Readonly<Record<string, string>> = {
  ...{ we: '─', nwe: '┴', swe: '┬', nswe: '┼', ne: '╰', nw: '╯', se: '╭', sw: '╮' },
  ...{ nse: '├', nsw: '┤', ns: '│', n: '│', s: '│' },
}

function drawMarks(marks: ReadonlyMap<number, string>): string {
  const end = Math.max(...marks.keys())
  return Array.from({ length: end + 1 }, (_, at) => marks.get(at) ?? ' ').join('')
}
