import * as z from 'zod'
import { template } from '../agents/agent.ts'
import { describeInput, type Steps, type TeamContext } from '../coordination/ask.ts'
import { conflicts } from '../coordination/conflicts.ts'
import { type Lane, type Results, runLanes } from '../coordination/lanes.ts'
import { mergeWorkspaces, openWorkspaces, settleResults } from '../coordination/reconcile.ts'
import { renderList } from '../expressions/template.ts'
import { asText, canonical, type Json } from '../json.ts'
import { budget } from '../policies/budget.ts'
import type { Node, Pattern } from './pattern.ts'

const branch = z.union([z.string(), z.strictObject({ agent: z.string(), budget: budget.optional() })])

const schema = z
  .strictObject({
    kind: z.literal('parallel'),
    branches: z.array(branch).min(1).optional().describe('Agents that work at the same time'),
    each: template.optional().describe('Instead of branches: a template that gives a list'),
    as: z.string().optional().describe('Name of the variable that holds the item; "item" holds it too'),
    agent: z.string().optional().describe('The agent that works on every item of "each"'),
    budget: budget
      .optional()
      .describe('The most that each item of "each" may take, with all that is done for it'),
    concurrency: z.int().min(1).optional().describe('How many at once; never more than the team allows'),
    onFailure: z
      .union([z.enum(['fail', 'continue']), z.strictObject({ quorum: z.int().min(1) })])
      .optional()
      .describe(
        'fail (default): the first failure ends it; continue: go on with what succeeded; quorum: that many suffice',
      ),
    aggregate: z
      .string()
      .optional()
      .describe('An agent that is given all results, or concat, json (default) or vote'),
    workspace: z
      .enum(['shared', 'own'])
      .optional()
      .describe("own: each works in a copy of the team's folder, and what they changed is merged at the end"),
    conflicts: conflicts.optional(),
  })
  .superRefine((spec, context) => {
    const problem = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message })
    if (spec.branches && spec.each) problem('each', 'give either "branches" or "each", not both')
    if (!spec.branches && !spec.each)
      problem('branches', 'give "branches" (a list of agents) or "each" (a list of items)')
    if (spec.each && !spec.agent) problem('agent', '"each" needs "agent": who works on every item')
    if (spec.branches && spec.agent)
      problem('agent', '"agent" belongs to "each"; with "branches" name the agents there')
    if (spec.branches && spec.budget)
      problem(
        'budget',
        '"budget" belongs to "each"; with "branches" write it there: { agent: NAME, budget: … }',
      )
    const { branches, onFailure } = spec
    if (branches && typeof onFailure === 'object' && onFailure.quorum > branches.length)
      problem(
        'onFailure',
        `a quorum of ${onFailure.quorum} cannot come in: there are ${branches.length} branches`,
      )
  })

type Spec = z.infer<typeof schema>

/** Several agents at once, or one agent over a list; then their results become one. */
export const parallel = {
  kind: 'parallel',
  schema,

  async run(team, spec) {
    const lanes = lanesOf(team, spec)
    const results = await team.group(spec.agent ?? 'branches', group => work(group, lanes, spec))
    const steps = stepsOf(spec.agent, results.outputs)
    const output = await aggregate(team, spec, results)
    return { output, steps: { ...steps, ...(isAgent(spec.aggregate) && { [spec.aggregate]: { output } }) } }
  },

  graph({ branches = [], each, as, agent, aggregate }) {
    const lanes: Node[] = branches.map((branch, index) => {
      const isName = typeof branch === 'string'
      const name = isName ? branch : branch.agent
      const path = ['branches', index, ...(isName ? [] : ['agent'])]
      return { step: name, agent: name, path, after: [] }
    })
    const variables = ['item', ...(as ? [as] : [])]
    if (each && agent) lanes.push({ step: agent, agent, path: ['agent'], after: [], variables })
    if (!isAgent(aggregate)) return { nodes: lanes }
    const after = lanes.map(({ step }) => step)
    return { nodes: [...lanes, { step: aggregate, agent: aggregate, path: ['aggregate'], after }] }
  },
} satisfies Pattern<Spec>

function lanesOf(
  { task, scope, input }: TeamContext,
  { branches, each = '', as = 'item', agent = '', budget }: Spec,
): Lane[] {
  if (branches) return branches.map(branch => laneOf(branch, { packet: { task }, scope }))
  // Each gets its own item, not the whole list, nor others as large.
  const short = Object.entries(input).filter(([, value]) => typeof value !== 'object')
  const given = describeInput(Object.fromEntries(short))
  return renderList('each', each, scope).map((item, index) => ({
    key: String(index + 1),
    agent,
    packet: { task: [given, `${as}: ${asText(item)}`].filter(Boolean).join('\n') },
    scope: Object.assign({}, scope, { item, [as]: item }),
    ...(budget && { budget }),
  }))
}

type Branch = z.infer<typeof branch>

function laneOf(branch: Branch, given: Pick<Lane, 'packet' | 'scope'>): Lane {
  const { agent, budget = undefined } = typeof branch === 'string' ? { agent: branch } : branch
  return { key: agent, agent, ...given, ...(budget && { budget }) }
}

/** The lanes at work, each in its own copy of the folder where that is wanted, and what contradicts itself settled. */
async function work(group: TeamContext, lanes: readonly Lane[], spec: Spec): Promise<Results> {
  const copies = spec.workspace === 'own' ? await openWorkspaces(group, lanes) : lanes
  const results = await runLanes(group, copies, spec)
  const settled = await settleResults(group, copies, results, spec.conflicts)
  return spec.workspace === 'own' ? mergeWorkspaces(group, lanes, settled, spec.conflicts) : settled
}

/** Ways to make one result out of many that need no agent. */
const AGGREGATORS: Record<string, (outputs: Readonly<Record<string, Json>>, team: TeamContext) => Json> = {
  concat: outputs => Object.values(outputs).map(asText).join('\n\n'),
  json: outputs => outputs,
  vote,
}

function isAgent(aggregate: string | undefined): aggregate is string {
  return aggregate !== undefined && !Object.hasOwn(AGGREGATORS, aggregate)
}

async function aggregate(
  team: TeamContext,
  { agent, aggregate = 'json' }: Spec,
  { outputs, failures }: Results,
): Promise<Json> {
  const missing = Object.entries(failures)
  if (missing.length > 0) {
    const reason = `went on without ${missing.map(([key]) => key).join(', ')}`
    team.ctx.emit({ type: 'decision', key: team.ctx.key, what: 'partial', reason, values: failures })
  }
  const combine = AGGREGATORS[aggregate]
  if (combine) return agent && aggregate === 'json' ? Object.values(outputs) : combine(outputs, team)
  const given = Object.entries(outputs).map(([key, output]) => [agent ? `${agent} ${key}` : key, output])
  const failed = missing.map(([key, message]) => `${key} gave no result: ${message}`)
  const progress = failed.length > 0 && { progress: failed.join('\n') }
  return team.ask(aggregate, {
    key: aggregate,
    packet: { task: team.task, ...progress, knowledge: Object.fromEntries(given) },
    scope: { ...team.scope, steps: stepsOf(agent, outputs) },
  })
}

/** Each branch by its name, or the list of what the one agent gave. */
function stepsOf(agent: string | undefined, outputs: Readonly<Record<string, Json>>): Steps {
  if (agent) return { [agent]: { output: Object.values(outputs) } }
  return Object.fromEntries(Object.entries(outputs).map(([name, output]) => [name, { output }]))
}

/** The most frequent output, compared as text without regard to case and space; of equally frequent ones the first. */
function vote(outputs: Readonly<Record<string, Json>>, { ctx }: TeamContext): Json {
  const votes = new Map<string, { output: Json; voters: string[] }>()
  for (const [voter, output] of Object.entries(outputs)) {
    const ballot =
      typeof output === 'string' ? output.trim().replace(/\s+/g, ' ').toLowerCase() : canonical(output)
    const same = votes.get(ballot)
    if (same) same.voters.push(voter)
    else votes.set(ballot, { output, voters: [voter] })
  }
  const [winner] = [...votes.values()].sort((a, b) => b.voters.length - a.voters.length)
  if (!winner) return null
  const values = { for: winner.voters.length, of: Object.keys(outputs).length, voters: winner.voters }
  ctx.emit({
    type: 'decision',
    key: ctx.key,
    what: 'vote',
    reason: asText(winner.output).slice(0, 200),
    values,
  })
  return winner.output
}
