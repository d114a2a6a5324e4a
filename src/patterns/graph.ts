import type { Steps, TeamContext } from '../coordination/ask.ts'
import { pathOf } from '../coordination/ask-for.ts'
import { CrewError, toCrewError } from '../errors.ts'
import { parseExpression } from '../expressions/cel.ts'
import { render, renderDeep, renderText, type Scope } from '../expressions/template.ts'
import { brief, canonical, hash, isObject, type Json, type JsonObject } from '../json.ts'
import { takeEdge } from './graph/leave.ts'
import { passedBefore } from './graph/reach.ts'
import { CHOICES, jobsOf, type NodeSpec, type Spec, schema } from './graph/schema.ts'
import { initialState, written } from './graph/state.ts'
import type { Node, Pattern } from './pattern.ts'

/** A state machine: nodes that do something, and edges that say what comes next. */
export const graph = {
  kind: 'graph',
  schema,

  async run(team, spec) {
    const journey = begin(team, spec)
    const watch = watchForLoops(spec)
    for (let at = spec.start; ; ) {
      const node = spec.nodes[at] ?? {}
      const key = enter(spec, journey, at)
      if (node.end !== undefined) return arrive(team, journey, at, node)
      await work(team, spec, journey, { at, key, node })
      const leaving = spec.edges.filter(({ from }) => from === at)
      if (leaving.length === 0) return { output: journey.output, steps: journey.steps }
      const to = await takeEdge(team, { at, key, said: journey.output }, leaving, scopeOf(team, journey))
      watch(journey, to)
      at = to
    }
  },

  graph(spec) {
    const { start, nodes, edges } = spec
    const names = [start, ...Object.keys(nodes).filter(name => name !== start)]
    const passed = passedBefore(start, names, edges)
    return {
      nodes: names.map(step => nodeOf(step, nodes[step] ?? {}, passed.get(step) ?? [])),
      edges: edges.map(({ from, to, when }, index) => {
        const isLast = edges.slice(0, index).some(edge => edge.from === from)
        const label = when ?? (isLast ? 'otherwise' : undefined)
        return { from, to, ...(label !== undefined && { label }) }
      }),
      variables: ['state', 'visits', 'output'],
    }
  },
} satisfies Pattern<Spec>

function nodeOf(step: string, node: NodeSpec, after: readonly string[]): Node {
  const [job = 'agent'] = jobsOf(node)
  const common = { step, after, path: ['nodes', step, job], variables: ['state', 'visits'] }
  if (job === 'agent') return { ...common, agent: node.agent ?? '' }
  const output = job === 'approval' ? { type: 'string', enum: choicesOf(node) } : {}
  return { ...common, is: job, output }
}

/** How far a run has come. */
interface Journey {
  /** The nodes that were entered, in order. */
  readonly path: string[]
  /** Of every node, 0 of those that were not entered yet. */
  readonly visits: Record<string, number>
  /** What each node gave last. */
  readonly steps: Steps
  state: JsonObject
  /** What the last node gave. */
  output: Json
  /** What the last agent or person gave, and in which node. */
  said?: { readonly at: string; readonly output: Json }
  /** What the last agent gave. */
  result: Json
}

interface Stop {
  readonly at: string
  /** Of the step that is this visit. */
  readonly key: string
  readonly node: NodeSpec
}

function begin({ scope }: TeamContext, { state, nodes }: Spec): Journey {
  const visits = Object.fromEntries(Object.keys(nodes).map(name => [name, 0]))
  return { path: [], visits, steps: {}, state: initialState(state, scope), output: null, result: null }
}

function scopeOf({ scope }: TeamContext, { state, steps, visits, output }: Journey): Scope {
  return { ...scope, state, steps: { ...steps }, visits: { ...visits }, output }
}

/** Counts a visit; gives the key of its step. Throws `limit-rounds`. */
function enter({ nodes, ...spec }: Spec, journey: Journey, at: string): string {
  const { path, visits } = journey
  const visit = (visits[at] ?? 0) + 1
  const most = nodes[at]?.visits ?? spec.visits
  const tooMany =
    visit > most
      ? { limit: 'visits', what: `"${at}" was entered ${times(most)}, and may not be again` }
      : path.length > spec.transitions && {
          limit: 'transitions',
          what: `${times(spec.transitions)} one node followed another, and none may again`,
        }
  if (tooMany) {
    throw new CrewError('limit-rounds', `${tooMany.what}: ${inWords([...path, at])}`, {
      hint: `give the loop a way out that is taken, or raise "${tooMany.limit}"`,
    })
  }
  visits[at] = visit
  path.push(at)
  return visit === 1 ? at : `${at}-${visit}`
}

async function work(team: TeamContext, spec: Spec, journey: Journey, stop: Stop): Promise<void> {
  const { at, key, node } = stop
  const scope = scopeOf(team, journey)
  if (node.set) {
    const values = renderDeep(node.set, scope)
    const set = async () => values
    journey.output = await team.ctx.step(key, { kind: 'set', input: values }, set)
  } else if (node.approval !== undefined) {
    journey.output = await askPerson(team, stop, journey, scope)
    journey.said = { at, output: journey.output }
  } else {
    journey.output = await askAgent(team, stop, journey, scope)
    journey.said = { at, output: journey.output }
    journey.result = journey.output
  }
  journey.steps[at] = { output: journey.output }
  write(team, spec, journey, stop)
}

/** An agent is handed what was said last, and on a later visit what this node gave before. */
function askAgent(
  { ask, task }: TeamContext,
  { at, key, node }: Stop,
  { said, steps }: Journey,
  scope: Scope,
): Promise<Json> {
  const own = Object.hasOwn(steps, at) && steps[at]
  const knowledge = { ...(own && { [at]: own.output }), ...(said && { [said.at]: said.output }) }
  const current = node.task === undefined ? undefined : renderText(node.task, scope)
  return ask(node.agent ?? '', {
    key,
    scope,
    packet: { task, knowledge, ...(current && { current }) },
    ...(node.check && { check: node.check }),
    ...(node.fallback && { fallback: [node.fallback] }),
  })
}

function choicesOf({ choices = CHOICES }: NodeSpec): string[] {
  return choices
}

async function askPerson(team: TeamContext, { key, node }: Stop, journey: Journey, scope: Scope) {
  const question = renderText(node.approval ?? '', scope)
  const choices = choicesOf(node)
  return team.ctx.step(key, { kind: 'approval', input: { question, choices } }, async inner => {
    const detail = journey.result !== null && { detail: journey.result }
    const settle = (answer: Json, why: string) => {
      const reason = `${why}: it goes on with "${answer}"`
      inner.emit({ type: 'decision', key: inner.key, what: 'approval', reason, values: { answer, choices } })
      return answer
    }
    if (team.rehearsal) return settle(choices[0] ?? null, 'nobody is waited for in a rehearsal')
    try {
      return await inner.waitFor('answer', { question, choices, ...detail }, node.timeout?.total)
    } catch (thrown) {
      const { code, message } = toCrewError(thrown)
      if (code !== 'timeout' || node.otherwise === undefined) throw thrown
      return settle(node.otherwise, message)
    }
  })
}

/** Puts into the state what a node that was just left writes there. */
function write(team: TeamContext, spec: Spec, journey: Journey, { at, key, node }: Stop): void {
  const values = valuesOf(node, journey.output, scopeOf(team, journey))
  const names = Object.keys(values)
  if (names.length === 0) return
  journey.state = written(spec.state, journey.state, values, at)
  const now = Object.fromEntries(names.map(name => [name, journey.state[name] ?? null]))
  const reason = `${at} wrote ${names.join(', ')}`
  team.ctx.emit({ type: 'decision', key: pathOf(team, key), what: 'state', reason, values: now })
}

function valuesOf({ set, writes = {} }: NodeSpec, output: Json, scope: Scope): JsonObject {
  if (set) return isObject(output) ? output : {}
  if (typeof writes === 'string') return { [writes]: output }
  return Object.fromEntries(Object.entries(writes).map(([name, value]) => [name, render(value, scope)]))
}

function arrive(team: TeamContext, journey: Journey, at: string, { end, output: wanted }: NodeSpec) {
  const output = wanted === undefined ? journey.result : render(wanted, scopeOf(team, journey))
  if (end === 'succeeded') return { output, steps: { ...journey.steps, [at]: { output } } }
  throw new CrewError(
    'halted',
    `the run ended at "${at}": ${brief(output, LONGEST)}\n  ${inWords(journey.path)}`,
    {
      hint: 'see what led there with: crew logs RUN',
    },
  )
}

/** How often the same way may be taken while nothing changes. */
const REPEATS = 3

/**
 * Throws `limit-loop` when the same edge is taken for the third time and neither the state nor the output of any node
 * is another one than before. Where a condition counts visits, those change with every round.
 */
function watchForLoops({ edges }: Spec): (journey: Journey, to: string) => void {
  const counts = edges.some(({ when }) => when !== undefined && readsVisits(when))
  const taken = new Map<string, number[]>()
  return ({ path, state, steps, visits }, to) => {
    const situation = hash(canonical([path.at(-1), to, state, steps, counts && visits]))
    const before = taken.get(situation) ?? []
    taken.set(situation, [...before, path.length])
    if (before.length + 1 < REPEATS) return
    const circle = path.slice(before.at(-1))
    const gave = [...new Set(circle)].map(at => `\n  ${at} gave ${brief(steps[at]?.output ?? null, LONGEST)}`)
    throw new CrewError(
      'limit-loop',
      `${times(REPEATS)} the same way, and nothing changed: ${inWords([...circle, to])}${gave.join('')}`,
      { hint: `give "${to}" something new to go by, or add an edge that leads out` },
    )
  }
}

function readsVisits(condition: string): boolean {
  return parseExpression(condition).references.some(({ path }) => path[0] === 'visits')
}

/** Nodes of a long way that are shown. */
const SHOWN = 12
/** Characters of an output that are shown. */
const LONGEST = 200

function inWords(path: readonly string[]): string {
  return [...(path.length > SHOWN ? ['…'] : []), ...path.slice(-SHOWN)].join(' → ')
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`
}
