import { parseExpression } from '../../expressions/cel.ts'
import { parseTemplate } from '../../expressions/template.ts'
import { canonical } from '../../json.ts'
import type { Graph, Node } from '../../patterns/pattern.ts'
import type { Definition } from '../schema.ts'
import type { Finding } from '../source/problem.ts'
import type { Path } from '../source/tree.ts'

/** Words that two roles share, of all that they have, from which on they are the same job. */
const SAME_JOB = 0.75
/** Roles with fewer words say too little to be compared. */
const FEWEST_WORDS = 4
/** Models choose badly among more tools than this. */
const MOST_TOOLS = 15

/**
 * What is legal and seldom meant: two agents with one job, one with too many tools, a result that nobody reads, a loop
 * that only its limit ends. Warnings all.
 */
export function checkCollisions(definition: Definition, graph: Graph): Finding[] {
  return [
    ...sameJobs(definition),
    ...tooManyTools(definition),
    ...unreadResults(definition, graph),
    ...endlessConditions(definition.pattern, ['pattern']),
    ...deadEnds(graph),
  ].map(finding => ({ ...finding, severity: 'warning' as const }))
}

function sameJobs({ agents }: Definition): Finding[] {
  const jobs = Object.entries(agents).flatMap(([name, agent]) => {
    const role = 'role' in agent ? agent.role : undefined
    const words = wordsOf(role ?? '')
    if (words.size < FEWEST_WORDS) return []
    const prompt = 'prompt' in agent ? agent.prompt : undefined
    const tools = 'tools' in agent ? agent.tools : undefined
    return [{ name, words, rest: canonical([agent.output, tools, agent.skills, prompt]) }]
  })
  return jobs.flatMap((job, index) => {
    const twin = jobs
      .slice(0, index)
      .find(other => other.rest === job.rest && overlap(other.words, job.words) >= SAME_JOB)
    if (!twin) return []
    return [
      {
        path: ['agents', job.name],
        at: 'key' as const,
        message: `"${job.name}" and "${twin.name}" have the same job: their roles say nearly the same, and so do their outputs`,
        hint: 'tell them apart in their roles, or let one of them do the work',
      },
    ]
  })
}

function wordsOf(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu) ?? [])
}

/** Jaccard index: what both have, of what any has. */
function overlap(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const common = [...a].filter(word => b.has(word)).length
  return common / (a.size + b.size - common)
}

function tooManyTools({ agents }: Definition): Finding[] {
  return Object.entries(agents).flatMap(([name, agent]) => {
    const tools = agent.kind === undefined || agent.kind === 'llm' ? (agent.tools ?? []) : []
    if (tools.length <= MOST_TOOLS) return []
    const message = `"${name}" has ${tools.length} tools; models choose badly among more than ${MOST_TOOLS}`
    return [{ path: ['agents', name, 'tools'], message, hint: 'share them out among several agents' }]
  })
}

/** Results that are handed to nobody, named in no template, and are not what the team ends with. */
function unreadResults(definition: Definition, { nodes, variables = [] }: Graph): Finding[] {
  // What agents of such a pattern give reaches others through its variables.
  if (variables.length > 0) return []
  const named = namedSteps(definition)
  return nodes.flatMap(node => {
    const { step, path } = node
    const next = nodes.filter(({ after }) => after.includes(step))
    const isResult = next.length === 0 && definition.output === undefined
    const isHanded = next.some(other => readsTask(other, definition))
    if (isResult || isHanded || named.has(step) || node.agent === undefined) return []
    if (isActing(definition.agents[node.agent])) return []
    // Where the pattern says nothing about order, it hands results on by itself.
    if (next.length === 0 && nodes.every(({ after }) => after.length === 0) && nodes.length > 1) return []
    const message = `nobody reads what "${step}" gives`
    return [
      {
        path: ['pattern', ...path],
        message,
        hint: `use steps.${step}.output somewhere, or leave the step out`,
      },
    ]
  })
}

/** It is there for what it does, and not for what it says. */
function isActing(spec: Definition['agents'][string] | undefined): boolean {
  return (spec?.kind === 'command' || spec?.kind === 'http') && spec.effects !== 'pure'
}

/** Whether what the pattern hands to a node reaches its agent: a prompt or a program of its own may leave it out. */
function readsTask({ agent = '' }: Node, { agents }: Definition): boolean {
  const spec = agents[agent]
  if (!spec) return true
  if ('prompt' in spec && spec.prompt !== undefined) return namesTask(spec.prompt)
  if (spec.kind === 'command') return spec.stdin !== 'none'
  return spec.kind !== 'http' || spec.body === undefined
}

function namesTask(prompt: string): boolean {
  try {
    const pieces = parseTemplate(prompt)
    return pieces.some(
      piece =>
        typeof piece !== 'string' && piece.expression.references.some(({ path }) => path[0] === 'task'),
    )
  } catch {
    // What cannot be read is reported elsewhere.
    return true
  }
}

/** Steps that any template or condition of the file names. */
function namedSteps(definition: Definition): Set<string> {
  const texts = stringsIn([definition.agents, definition.pattern, definition.output])
  return new Set(
    texts
      .flatMap(text => [...text.matchAll(/\bsteps(?:\.(\w+)|\["([^"]+)"\]|\['([^']+)'\])/g)])
      .flatMap(([, ...names]) => names.filter(name => name !== undefined)),
  )
}

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(stringsIn)
}

/** `until` that reads nothing can never change: the loop runs into its limit. */
function endlessConditions(value: unknown, path: Path): Finding[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    const at = [...path, Array.isArray(value) ? Number(key) : key]
    if (key !== 'until' || typeof inner !== 'string') return endlessConditions(inner, at)
    if (!isConstantlyFalse(inner)) return []
    return [
      {
        path: at,
        message: 'this never holds: the loop has no exit but its limit',
        hint: 'name what ends it',
      },
    ]
  })
}

function isConstantlyFalse(condition: string): boolean {
  try {
    const expression = parseExpression(condition)
    return expression.references.length === 0 && expression.evaluate({}) === false
  } catch {
    return false
  }
}

/** Nodes of a state machine from which no end can be reached. */
function deadEnds({ nodes, edges = [] }: Graph): Finding[] {
  if (!nodes.some(({ is }) => is === 'end')) return []
  const last = nodes.filter(({ step, is }) => is === 'end' || !edges.some(({ from }) => from === step))
  const reaching = new Set(last.map(({ step }) => step))
  for (const to of reaching) for (const edge of edges) if (edge.to === to) reaching.add(edge.from)
  return nodes
    .filter(({ step }) => !reaching.has(step))
    .map(({ step, path }) => ({
      path: ['pattern', ...path],
      message: `from "${step}" no end can be reached: the loop has no exit but its limit`,
      hint: 'add an edge that leads out of the loop',
    }))
}
