import * as z from 'zod'
import { template } from '../agents/agent.ts'
import type { TeamContext } from '../coordination/ask.ts'
import { pathOf } from '../coordination/ask-for.ts'
import { assemble } from '../coordination/assemble.ts'
import { decompose, taskId } from '../coordination/decompose.ts'
import { flawsOf } from '../coordination/plan.ts'
import { stepsOf, type Todo, workOff } from '../coordination/todo.ts'
import { CrewError } from '../errors.ts'
import { holds } from '../expressions/template.ts'
import { asJson } from '../json.ts'
import { budget } from '../policies/budget.ts'
import { check } from '../policies/check.ts'
import type { Edge, Node, Pattern } from './pattern.ts'

const task = z.strictObject({
  agent: z.string().optional().describe('Who does it'),
  needs: z
    .array(z.string())
    .min(1)
    .optional()
    .describe('Instead of agent: skills that it takes; whoever fits best does it'),
  task: template.optional().describe('What is to be done; by default the name of the task'),
  dependsOn: z
    .array(z.string())
    .optional()
    .describe('Tasks that come before it, and whose outputs it is handed'),
  complexity: z
    .int()
    .min(1)
    .max(10)
    .optional()
    .describe('How much work it is, 1 by default: the longest way through the tasks goes first'),
  when: z.string().optional().describe('CEL condition; the task is skipped when it does not hold'),
  check: check.optional(),
  fallback: z.string().optional().describe('The agent that does it when the one that should fails'),
  budget: budget.optional(),
})

type TaskSpec = z.infer<typeof task>

const tasksById = z
  .record(
    z.string().regex(taskId, 'a task is named by letters, digits, - and _, and starts with a letter'),
    task,
  )
  .superRefine((tasks, context) => {
    const planned = plannedFrom(tasks)
    for (const { task = '', dependency, message } of flawsOf(planned)) {
      const path = task ? [task, ...(dependency === undefined ? [] : ['dependsOn', dependency])] : []
      context.addIssue({ code: 'custom', path, message })
    }
    for (const [id, { agent, needs }] of Object.entries(tasks)) {
      if ((agent === undefined) !== (needs === undefined)) continue
      const message =
        agent === undefined ? 'give "agent" or "needs": who does it' : 'give either "agent" or "needs"'
      context.addIssue({ code: 'custom', path: [id, ...(agent === undefined ? [] : ['needs'])], message })
    }
  })

const schema = z
  .strictObject({
    kind: z.literal('tasks'),
    tasks: tasksById.optional().describe('The tasks, by name'),
    decompose: z.string().optional().describe('Instead of tasks: the agent that splits the task of the team'),
    templates: z
      .record(
        z.string(),
        z.strictObject({
          when: z.string().describe('CEL condition: what kind of task this is for'),
          tasks: tasksById,
        }),
      )
      .optional()
      .describe(
        'Tasks for known kinds of work; the first whose condition holds is used, and nobody is asked',
      ),
    agents: z
      .array(z.string())
      .min(1)
      .optional()
      .describe('Who may be chosen for tasks that name no agent; by default everybody else in the team'),
    router: z
      .string()
      .optional()
      .describe(
        'The agent that chooses who does a task that names nobody; by default declared skills decide',
      ),
    assemble: z
      .string()
      .optional()
      .describe('The agent that makes one result out of all; by default the result is a map by task'),
    onFailure: z
      .enum(['fail', 'continue'])
      .optional()
      .describe('fail (default): the first failure ends it; continue: only what depends on it is left out'),
    concurrency: z
      .int()
      .min(1)
      .optional()
      .describe('How many tasks at once; never more than the team allows'),
    most: z
      .int()
      .min(1)
      .optional()
      .describe('How many tasks "decompose" may make at the most, 30 by default'),
  })
  .superRefine((spec, context) => {
    const problem = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message })
    if (spec.tasks && (spec.decompose || spec.templates))
      problem('tasks', 'give either "tasks" or "decompose" and "templates"')
    if (!spec.tasks && !spec.decompose && !spec.templates)
      problem('tasks', 'give "tasks" (a map), or "decompose" (the agent that splits the task)')
  })

type Spec = z.infer<typeof schema>

/** Tasks that depend on each other, written in the file or planned by an agent; then their results become one. */
export const tasks = {
  kind: 'tasks',
  schema,

  async run(team, spec) {
    const todos = await todosOf(team, spec)
    const manner = { ...spec, among: candidates(team, spec) }
    const { results, failures } = await team.group('tasks', group => workOff(group, todos, manner))
    const steps = stepsOf(Object.entries(results))
    const parts = { key: 'assemble', task: team.task, results, failures, scope: { ...team.scope, steps } }
    const isEmpty = Object.keys(results).length === 0
    const output = await assemble(team, { ...parts, by: isEmpty ? undefined : spec.assemble })
    const whole = spec.decompose && { decompose: { output: asJson(todos) }, tasks: { output: results } }
    return { output, steps: { ...steps, ...whole, ...(spec.assemble && { assemble: { output } }) } }
  },

  graph(spec) {
    const isOptional = spec.onFailure === 'continue'
    const written = spec.tasks ? nodesOf(['tasks'], spec.tasks, isOptional) : []
    const templates = Object.entries(spec.templates ?? {}).flatMap(([name, { tasks }]) =>
      nodesOf(['templates', name, 'tasks'], tasks, true),
    )
    const nodes: Node[] = [...written, ...templates]
    const { decompose, assemble, router, agents } = spec
    const after = nodes.map(({ step }) => step)
    if (decompose) {
      nodes.push({ step: 'decompose', agent: decompose, path: ['decompose'], after: [], output: {} })
      nodes.push({ step: 'tasks', path: ['agents'], after: ['decompose'], output: {} })
      after.push('tasks')
    }
    if (assemble) nodes.push({ step: 'assemble', agent: assemble, path: ['assemble'], after })
    const chosen = (agents ?? []).map((agent, index) => ({ agent, path: ['agents', index] }))
    return {
      nodes,
      edges: edgesOf(nodes, (agents ?? ['everybody else']).join(', ')),
      pool: [...chosen, ...(router ? [{ agent: router, path: ['router'] }] : [])],
      isOpen: agents === undefined && nodes.some(({ agent }) => agent === undefined),
    }
  },
} satisfies Pattern<Spec>

async function todosOf(team: TeamContext, spec: Spec): Promise<readonly Todo[]> {
  const { tasks, templates = {}, decompose: by, most = 30, router } = spec
  if (tasks) return plannedFrom(tasks)
  const known = Object.entries(templates).find(([, { when }]) => holds(when, team.scope))
  if (known) {
    const [template, { when, tasks }] = known
    const reason = `the task is of a known kind: ${when}`
    const key = pathOf(team, 'tasks')
    team.ctx.emit({ type: 'decision', key, what: 'template', reason, values: { template } })
    return plannedFrom(tasks)
  }
  const agents = candidates(team, spec)
  if (by !== undefined) return decompose(team, { key: 'decompose', by, agents, most, isRouted: !!router })
  const message = `none of the templates is for this task: ${Object.keys(templates).join(', ')}`
  throw new CrewError('plan-invalid', message, {
    hint: 'name an agent that splits such a task: decompose: AGENT',
  })
}

function plannedFrom(tasks: Readonly<Record<string, TaskSpec>>): Todo[] {
  return Object.entries(tasks).map(([id, { task = id, needs = [], dependsOn = [], ...more }]) => ({
    id,
    description: task,
    task,
    needs,
    dependsOn,
    ...more,
  }))
}

/** Who may be chosen: those that are named, or all that do nothing else here. */
function candidates({ agents }: TeamContext, spec: Spec): readonly string[] {
  const names = Object.keys(agents)
  const others = names.filter(name => ![spec.decompose, spec.router, spec.assemble].includes(name))
  return spec.agents ?? (others.length > 0 ? others : names)
}

function nodesOf(
  path: readonly string[],
  tasks: Readonly<Record<string, TaskSpec>>,
  mayFail: boolean,
): Node[] {
  return Object.entries(tasks).map(([id, { agent, dependsOn = [], when }]) => ({
    step: id,
    path: [...path, id, agent === undefined ? 'needs' : 'agent'],
    after: dependsOn,
    ...(agent === undefined ? { output: {} } : { agent }),
    ...((mayFail || when !== undefined) && { optional: true }),
  }))
}

/** From each to those that wait for it; what an agent plans is done by `others`. */
function edgesOf(nodes: readonly Node[], others: string): Edge[] {
  return nodes.flatMap(({ step, after }) =>
    after.map(from => ({ from, to: step, ...(from === 'decompose' && { label: others }) })),
  )
}
