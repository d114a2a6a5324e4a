import * as z from 'zod'
import { template } from '../../agents/agent.ts'
import { patience } from '../../deadlines.ts'
import { parseExpression } from '../../expressions/cel.ts'
import { parseTemplate } from '../../expressions/template.ts'
import { check } from '../../policies/check.ts'
import { gateWith, isGated } from '../../policies/gate.ts'
import { reachable } from './reach.ts'
import { stateField } from './state.ts'

const name = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]*$/, 'a name is letters, digits, - and _, and starts with a letter')

const node = z.strictObject({
  agent: z.string().optional().describe('Who works here'),
  task: template.optional().describe('What the agent is to do here, besides the task of the team'),
  check: check.optional(),
  fallback: z.string().optional().describe('The agent that does it when this one fails'),
  set: z
    .record(z.string(), z.json())
    .optional()
    .describe('Instead of an agent: what is written to the state, by field; texts are templates'),
  approval: template.optional().describe('Instead of an agent: a question to a person'),
  choices: z.array(z.string()).min(1).optional().describe('The answers to choose from; default: yes and no'),
  timeout: patience.optional().describe('How long an approval is waited for'),
  otherwise: z.string().optional().describe('The answer that counts when nobody gives one in time'),
  end: z
    .enum(['succeeded', 'failed'])
    .optional()
    .describe('Instead of an agent: the run ends here, well or badly'),
  output: template.optional().describe('What an end ends with; by default what the last agent gave'),
  writes: z
    .union([z.string(), z.record(z.string(), template)])
    .optional()
    .describe(
      'The field of the state that takes the output, or a template for each field; they see "output"',
    ),
  visits: z.int().min(1).optional().describe('How often it may be entered, instead of what holds for all'),
})

const edge = z.strictObject({
  from: z.string().describe('The node that it leads away from'),
  to: z.string().describe('The node that it leads to'),
  when: z.string().optional().describe('CEL condition; the edge is taken only when it holds'),
  approve: gateWith('what the condition sees, and spent')
    .optional()
    .describe(
      'Whether a person is asked before it is taken; who says no has the next edge tried (default: never)',
    ),
})

const shape = z.strictObject({
  kind: z.literal('graph'),
  start: z.string().describe('The node to begin with'),
  state: z
    .record(name, stateField)
    .default({})
    .describe('What the nodes share: state.NAME in templates and conditions'),
  nodes: z.record(name, node).describe('What can be done: each has one of agent, set, approval and end'),
  edges: z
    .array(edge)
    .describe('What comes after what; of those that leave a node the first whose condition holds is taken'),
  visits: z.int().min(1).default(10).describe('How often each node may be entered'),
  transitions: z.int().min(1).default(100).describe('How often one node may follow another in a run'),
})

export type Spec = z.infer<typeof shape>
export type NodeSpec = z.infer<typeof node>
export type EdgeSpec = z.infer<typeof edge>

export const schema = shape.superRefine((spec, context) => {
  const found = [...misfits(spec), ...unknownNames(spec)]
  const problems = found.length > 0 ? found : [...strayWays(spec), ...unknownFields(spec)]
  for (const { path, message } of problems) context.addIssue({ code: 'custom', path, message })
})

interface Problem {
  readonly path: (string | number)[]
  readonly message: string
}

/** The answers to an approval that names none. */
export const CHOICES = ['yes', 'no']

/** What a node can do, and the fields that go with it. */
const JOBS = {
  agent: ['task', 'check', 'fallback', 'writes', 'visits'],
  set: ['visits'],
  approval: ['choices', 'timeout', 'otherwise', 'writes', 'visits'],
  end: ['output'],
} as const satisfies Record<string, readonly (keyof NodeSpec)[]>

export type Job = keyof typeof JOBS

const ALL_JOBS: readonly Job[] = ['agent', 'set', 'approval', 'end']

export function jobsOf(node: NodeSpec): Job[] {
  return ALL_JOBS.filter(job => node[job] !== undefined)
}

function misfits({ nodes }: Spec): Problem[] {
  return Object.entries(nodes).flatMap(([step, node]) => {
    const path = ['nodes', step]
    const [job, second] = jobsOf(node)
    if (!job) return [{ path, message: `a node has one of: ${ALL_JOBS.join(', ')}` }]
    if (second)
      return [{ path: [...path, second], message: `a node does one thing, and "${step}" has "${job}"` }]
    const allowed: readonly string[] = [job, ...JOBS[job]]
    const stray = Object.keys(node).filter(field => !allowed.includes(field))
    return [
      ...stray.map(field => ({
        path: [...path, field],
        message: `"${field}" does not go with "${job}"; that has: ${JOBS[job].join(', ')}`,
      })),
      ...strayAnswer(node).map(message => ({ path: [...path, 'otherwise'], message })),
    ]
  })
}

function strayAnswer({ approval, choices = CHOICES, timeout, otherwise }: NodeSpec): string[] {
  if (approval === undefined || otherwise === undefined) return []
  if (!timeout) return ['"otherwise" counts when "timeout" is over, and there is none']
  return choices.includes(otherwise) ? [] : [`"${otherwise}" is none of: ${choices.join(', ')}`]
}

function unknownNames({ start, nodes, edges, state }: Spec): Problem[] {
  const known = (given: string, path: (string | number)[]) =>
    Object.hasOwn(nodes, given)
      ? []
      : [{ path, message: `there is no node "${given}"; the nodes are: ${Object.keys(nodes).join(', ')}` }]
  const kept = (field: string, path: (string | number)[]) =>
    Object.hasOwn(state, field)
      ? []
      : [{ path, message: `there is no field "${field}" in the state; ${fieldsOf(state)}` }]
  return [
    ...known(start, ['start']),
    ...edges.flatMap(({ from, to }, index) => [
      ...known(from, ['edges', index, 'from']),
      ...known(to, ['edges', index, 'to']),
    ]),
    ...Object.entries(nodes).flatMap(([step, { set = {}, writes = {} }]) => [
      ...Object.keys(set).flatMap(field => kept(field, ['nodes', step, 'set', field])),
      ...(typeof writes === 'string'
        ? kept(writes, ['nodes', step, 'writes'])
        : Object.keys(writes).flatMap(field => kept(field, ['nodes', step, 'writes', field]))),
    ]),
  ]
}

function strayWays({ start, nodes, edges }: Spec): Problem[] {
  const names = Object.keys(nodes)
  const found = reachable(start, edges)
  const lost = names
    .filter(step => !found.has(step))
    .map(step => ({ path: ['nodes', step], message: `no edge leads from "${start}" to "${step}"` }))
  const ends = names.filter(step => found.has(step) && !edges.some(({ from }) => from === step))
  const endless = ends.length === 0 && {
    path: ['edges'],
    message: `from "${start}" no end can be reached: add a node with "end", and an edge to it`,
  }
  // The second visit of "a" is the step "a-2".
  const clashes = names
    .filter(step => names.includes(/^(.+)-\d+$/.exec(step)?.[1] ?? ''))
    .map(step => ({
      path: ['nodes', step],
      message: `"${step}" is what a later visit of "${step.replace(/-\d+$/, '')}" is called; choose another name`,
    }))
  return [...lost, ...(endless ? [endless] : []), ...clashes, ...edges.flatMap(strayEdge(nodes, edges))]
}

function strayEdge(nodes: Spec['nodes'], edges: Spec['edges']) {
  return ({ from }: Spec['edges'][number], index: number): Problem[] => {
    if (nodes[from]?.end !== undefined)
      return [
        { path: ['edges', index, 'from'], message: `the run ends at "${from}": nothing comes after it` },
      ]
    const open = edges.findIndex(
      edge => edge.from === from && edge.when === undefined && !isGated(edge.approve),
    )
    if (open < 0 || open >= index) return []
    const message = `this is never taken: edge ${open + 1} leaves "${from}" before it, without a condition`
    return [{ path: ['edges', index], message }]
  }
}

/** Fields of the state that a template or condition names and that there are not. */
function unknownFields({ nodes, edges, state }: Spec): Problem[] {
  return textsIn({ nodes, edges }, []).flatMap(({ path, text }) => {
    const missing = readIn(text, path.at(-1)).filter(field => !Object.hasOwn(state, field))
    return missing.map(field => ({
      path,
      message: `there is no field "${field}" in the state; ${fieldsOf(state)}`,
    }))
  })
}

function textsIn(value: unknown, path: (string | number)[]): { path: (string | number)[]; text: string }[] {
  if (typeof value === 'string') return [{ path, text: value }]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    textsIn(inner, [...path, Array.isArray(value) ? Number(key) : key]),
  )
}

function readIn(text: string, field: unknown): string[] {
  try {
    const isCondition = field === 'when' || field === 'that' || field === 'approve'
    const expressions = isCondition
      ? [parseExpression(text)]
      : parseTemplate(text).flatMap(piece => (typeof piece === 'string' ? [] : piece.expression))
    const read = expressions.flatMap(({ references }) => references.map(({ path }) => path))
    return read.flatMap(([root, key]) => (root === 'state' && typeof key === 'string' ? key : []))
  } catch {
    // What cannot be read is said by the check of all templates.
    return []
  }
}

function fieldsOf(state: Spec['state']): string {
  const names = Object.keys(state)
  return names.length > 0 ? `it has: ${names.join(', ')}` : 'declare it under "state"'
}
