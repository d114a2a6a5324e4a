import type { ChalkInstance } from 'chalk'
import { teamOf } from '../../../exchange/exchange.ts'
import { isObject } from '../../../json.ts'
import { outwards } from '../../../step-key.ts'
import type { RunView, StepView } from '../../../store/view.ts'
import type { TeamGraph, TeamNode } from '../../../team/graph.ts'
import { excerpt } from '../excerpt.ts'

/** How it stands with a node: of all times that it was entered. */
interface Standing {
  visits: number
  running: number
  waiting: number
  failed: number
  succeeded: number
  skipped: number
  /** Key of the step in which it was entered last. */
  last: string
}

/** A team as it is drawn while it works. */
export interface Drawn {
  readonly graph: TeamGraph
  readonly view: RunView
  /** The step in which it works; empty for the team of the run. */
  readonly prefix: string
  readonly nodes: ReadonlyMap<string, Standing>
  /** How often work went from one node to another. */
  ways(from: string, to: string): number
  readonly style: ChalkInstance
}

/** What a team says of itself: its lines, at most `width` columns wide where that is possible. */
export type Shape = (team: Drawn, width: number) => string[]

const fresh = (): Standing => ({
  ...{ visits: 0, running: 0, waiting: 0, failed: 0, succeeded: 0, skipped: 0 },
  last: '',
})

/** Steps that are nodes, or in which a node does its work. */
const NODES: ReadonlySet<string> = new Set(['agent', 'set', 'approval'])

/** One look at every step of the run. */
export function standingsOf(graph: TeamGraph, view: RunView, prefix: string, style: ChalkInstance): Drawn {
  const nodes = new Map(graph.nodes.map(({ name }) => [name, fresh()]))
  const byAgent = new Map(graph.nodes.map(({ name, agent }) => [agent ?? name, name]))
  const asked = waitingKeys(view)
  const ways = new Map<string, number>()
  const count = (from: unknown, to: unknown) => {
    const way = JSON.stringify([from, to])
    ways.set(way, (ways.get(way) ?? 0) + 1)
  }
  for (const step of view.steps.values()) {
    const isNode = NODES.has(step.kind) || step.starts === 0
    // Most steps are neither, and where they belong takes time to find out.
    if (!isNode && !step.notes.some(({ type }) => type === 'decision')) continue
    if (!isInTeam(step.key, prefix, view)) continue
    countWays(step, () => nodeOf(step, prefix, nodes, byAgent), count)
    if (!isNode) continue
    const name = nodeOf(step, prefix, nodes, byAgent)
    const standing = name === undefined ? undefined : nodes.get(name)
    if (!standing) continue
    enter(standing, step, asked)
  }
  for (const fact of view.exchanged)
    if (fact.type === 'message.sent' && fact.message.type !== 'handoff' && isInTeam(fact.key, prefix, view))
      count(fact.message.from, fact.message.to ?? fact.message.topic)
  for (const { name, kind } of graph.nodes) {
    const standing = nodes.get(name)
    const reached = graph.nodes.reduce(
      (sum, { name: from }) => sum + (ways.get(JSON.stringify([from, name])) ?? 0),
      0,
    )
    if (standing && kind === 'end' && reached > 0)
      Object.assign(standing, { visits: reached, succeeded: reached })
  }
  return { graph, view, prefix, nodes, style, ways: (from, to) => ways.get(JSON.stringify([from, to])) ?? 0 }
}

function isInTeam(key: string, prefix: string, { steps }: RunView): boolean {
  return (prefix === '' || key.startsWith(`${prefix}/`)) && teamOf(key, steps) === prefix
}

/** Keys of the steps in which somebody waits for a person, and of all around them. */
function waitingKeys({ waits, steps }: RunView): ReadonlySet<string> {
  const keys = new Set<string>()
  for (const [wait, { answer, expired }] of waits) {
    if (answer || expired) continue
    for (const key of outwards(wait)) if (steps.get(key)?.state === 'running') keys.add(key)
  }
  return keys
}

function enter(standing: Standing, step: StepView, asked: ReadonlySet<string>): void {
  const { state, key } = step
  if (state === 'skipped' && step.starts === 0) {
    standing.skipped += 1
    return
  }
  standing.visits += 1
  standing.last = key
  if (asked.has(key)) standing.waiting += 1
  else if (state === 'running' || state === 'pending') standing.running += 1
  else if (state === 'failed' || state === 'unknown') standing.failed += 1
  else if (state === 'succeeded') standing.succeeded += 1
}

/** The node by whose name a part of the key goes, the innermost first, or that of the agent. */
function nodeOf(
  { key, agent }: StepView,
  prefix: string,
  nodes: ReadonlyMap<string, Standing>,
  byAgent: ReadonlyMap<string, string>,
): string | undefined {
  const names = key.slice(prefix === '' ? 0 : prefix.length + 1).split('/')
  for (const name of names.reverse()) {
    if (nodes.has(name)) return name
    const plain = name.replace(/-\d+$/, '')
    if (nodes.has(plain)) return plain
  }
  return agent === undefined ? undefined : byAgent.get(agent)
}

function countWays(
  { notes }: StepView,
  node: () => string | undefined,
  count: (from: unknown, to: unknown) => void,
) {
  for (const note of notes) {
    if (note.type !== 'decision' || !isObject(note.values)) continue
    const { from, to, agent } = note.values
    if (note.what === 'transition' || note.what === 'handoff') count(from, to)
    if (note.what === 'route') count(node(), agent)
  }
}

/** Sign and colour for a node. */
function signOf(
  { kind }: TeamNode,
  standing: Standing,
): readonly [string, 'cyan' | 'yellow' | 'red' | 'green' | 'dim'] {
  if (standing.waiting > 0) return ['?', 'yellow']
  if (standing.running > 0) return ['▸', 'cyan']
  if (standing.failed > standing.succeeded) return ['✗', 'red']
  if (standing.succeeded > 0) return ['✓', 'green']
  if (standing.visits > 0) return ['∅', 'yellow']
  if (standing.skipped > 0) return ['-', 'dim']
  return [({ end: '◎', approval: '◇', topic: '#' } as Record<string, string>)[kind] ?? '○', 'dim']
}

/** Columns of a name. */
const LONGEST = 32

/** A node in a few words: how it stands with it, its name, how often it was entered. */
export function labelOf(team: Drawn, name: string): string {
  const { style, graph, nodes } = team
  const node = graph.nodes.find(each => each.name === name)
  const standing = nodes.get(name)
  if (!node || !standing) return excerpt(name, LONGEST)
  const [sign, colour] = signOf(node, standing)
  const paint =
    { '▸': style.cyan.bold, '?': style.yellow.bold }[sign] ?? (colour === 'dim' ? style.dim : style.reset)
  const who = node.agent === undefined ? '' : style.dim(` ${excerpt(node.agent, LONGEST)}`)
  return `${style[colour](sign)} ${paint(excerpt(name, LONGEST))}${who}${timesOf(standing, style)}`
}

function timesOf({ visits, running, failed, succeeded }: Standing, style: ChalkInstance): string {
  if (visits < 2) return ''
  const parts = [
    ...(running > 0 && running < visits ? [`${running} under way`] : []),
    ...(failed > 0 && failed < visits ? [style.red(`${failed} failed`)] : []),
    ...(visits > 9 && succeeded < visits ? [`${succeeded} done`] : []),
  ]
  return style.dim(` ×${visits}${parts.length > 0 ? ` (${parts.join(', ')})` : ''}`)
}
