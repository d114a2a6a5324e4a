import type { JsonSchema } from '../../json.ts'
import type { Graph, Node } from '../../patterns/pattern.ts'
import type { Path } from '../source/tree.ts'

/** What a template sees besides `input`, `env` and `run`. */
export interface View {
  /** Steps whose output exists by then. */
  readonly steps: () => ReadonlySet<string>
  readonly variables: ReadonlySet<string>
  /** JSON Schema of what a tool is called with: its templates see that as `args`, and no steps. */
  readonly args?: JsonSchema
}

export interface Views {
  /** What the output of the team sees, and whatever belongs to no step. */
  readonly ofAll: View
  /** What the templates of an agent see: that which is there in every step that it works in. */
  ofAgent(agent: string): View
  /** What a string of the pattern's definition sees. `path` is relative to the pattern. */
  ofPattern(path: Path): View
}

export function createViews({ nodes, variables = [] }: Graph): Views {
  // Of several in one place, or of one name, the first counts.
  const backwards = [...nodes].reverse()
  const steps = new Map(backwards.map(node => [node.step, node]))
  const byParent = new Map(backwards.map(node => [parentOf(node.path), node]))
  const byAgent = new Map<string, Node[]>()
  for (const node of nodes) {
    if (node.agent === undefined) continue
    const own = byAgent.get(node.agent)
    if (own) own.push(node)
    else byAgent.set(node.agent, [node])
  }

  const everyStep = new Set(steps.keys())
  const everyVariable = new Set([...variables, ...nodes.flatMap(({ variables = [] }) => variables)])
  const ofAll = { steps: () => everyStep, variables: new Set<string>() }

  return {
    ofAll,
    ofAgent(agent) {
      const own = byAgent.get(agent)
      const view = own ? viewOf(own, steps) : ofAll
      return { ...view, variables: new Set([...view.variables, 'task']) }
    },
    ofPattern(path) {
      // What stands next to the name of an agent is read before it starts; `until` is read when there is everything.
      const beside = byParent.get(parentOf(path))
      if (!beside || path.at(-1) === 'until') return { ...ofAll, variables: everyVariable }
      const view = viewOf([beside], steps)
      return path.at(-1) === 'each'
        ? { ...view, variables: new Set() }
        : { ...view, variables: new Set([...variables, ...view.variables]) }
    },
  }
}

function viewOf(nodes: readonly Node[], steps: ReadonlyMap<string, Node>): View {
  let common: ReadonlySet<string> | undefined
  return {
    steps: () => (common ??= intersect(nodes, node => before(node, steps))),
    variables: intersect(nodes, ({ variables = [] }) => new Set(variables)),
  }
}

function before({ after }: Node, steps: ReadonlyMap<string, Node>): Set<string> {
  const found = new Set(after)
  for (const name of found) for (const earlier of steps.get(name)?.after ?? []) found.add(earlier)
  return found
}

function intersect(nodes: readonly Node[], setOf: (node: Node) => ReadonlySet<string>): Set<string> {
  let common: Set<string> | undefined
  for (const node of nodes) {
    const set = setOf(node)
    common = common ? new Set([...common].filter(name => set.has(name))) : new Set(set)
    if (common.size === 0) break
  }
  return common ?? new Set()
}

function parentOf(path: Path): string {
  return JSON.stringify(path.slice(0, -1))
}
