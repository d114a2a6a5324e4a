import * as z from 'zod'
import type { TeamContext } from './ask.ts'
import { askFor } from './ask-for.ts'
import { problemOfPlan } from './plan.ts'
import { rosterOf } from './profile.ts'
import type { Todo } from './todo.ts'

interface Decomposition {
  readonly key: string
  readonly by: string
  /** Who can be given a part. */
  readonly agents: readonly string[]
  /** The most parts that there may be. */
  readonly most: number
  /** Somebody chooses agents afterwards: a part need not say who does it. */
  readonly isRouted: boolean
}

/** Names a task in keys and in `steps.NAME`. */
export const taskId = /^[A-Za-z][\w-]*$/

/** Has an agent split the task of the team into parts that others can do. */
export async function decompose(team: TeamContext, wanted: Decomposition): Promise<Todo[]> {
  const { key, by, agents, most, isRouted } = wanted
  const { tasks } = await askFor(team, by, {
    key,
    answer: planShape(team, agents),
    accept: ({ tasks }) =>
      problemOfPlan(tasks) ??
      (tasks.length > most ? `${tasks.length} tasks are planned, ${most} are the most` : undefined) ??
      problemOfTasks(tasks, isRouted),
    instruction: `Split the task into at most ${most} parts that others do, as few as make sense. Parts that do not need each other's result are done at the same time.\nThere are:\n${rosterOf(team.agents, agents)}`,
  })
  return tasks.map(({ agent, capability, ...task }) => ({
    ...task,
    ...(agent !== null && { agent }),
    needs: capability === null ? [] : [capability],
  }))
}

function planShape({ agents: profiles }: TeamContext, agents: readonly string[]) {
  const skills = [...new Set(agents.flatMap(name => profiles[name]?.skills ?? []))]
  const capability = skills.length > 0 ? z.enum(skills).nullable() : z.null()
  const task = z.strictObject({
    id: z.string().describe('A short name: letters, digits and dashes, beginning with a letter'),
    description: z.string().describe('What is to be done, complete for somebody who knows nothing else'),
    agent: z.enum(agents).nullable().describe('Who does it; null when whoever has the capability may do it'),
    capability: capability.describe('The skill that it takes; null when an agent is named'),
    dependsOn: z.array(z.string()).describe('The ids of those tasks whose results it needs'),
    complexity: z.int().min(1).max(10).describe('How much work it is, from 1 to 10'),
    why: z.string().describe('Why it is needed'),
  })
  return z.strictObject({
    tasks: z.array(task).describe('The parts, in the order in which you would do them'),
  })
}

type Part = z.infer<ReturnType<typeof planShape>>['tasks'][number]

function problemOfTasks(tasks: readonly Part[], isRouted: boolean): string | undefined {
  const problems = tasks.flatMap(({ id, agent, capability }) => {
    if (!taskId.test(id))
      return [`the id "${id}" is not made of letters, digits and dashes, beginning with a letter`]
    const isNobodys = agent === null && capability === null && !isRouted
    return isNobodys ? [`"${id}" says neither which agent does it nor which capability it takes`] : []
  })
  return problems.length > 0 ? problems.join('; ') : undefined
}
