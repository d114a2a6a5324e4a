import { CrewError } from '../errors.ts'
import { holds, renderText } from '../expressions/template.ts'
import type { Json } from '../json.ts'
import type { Check } from '../policies/check.ts'
import type { AskRequest, Steps, TeamContext } from './ask.ts'
import type { PlannedTask } from './plan.ts'
import { route, routeBy } from './route.ts'
import { type Report, schedule } from './schedule.ts'

/** One task on its way: written in a file, or planned by an agent. */
export interface Todo extends PlannedTask {
  /** Skills that it takes, where no agent is named. */
  readonly needs: readonly string[]
  /** Template of its text, where it is written in a file. */
  readonly task?: string | undefined
  readonly when?: string | undefined
  readonly check?: readonly Check[] | undefined
  readonly fallback?: string | undefined
  readonly budget?: AskRequest['budget'] | undefined
}

interface Manner {
  /** Who may be chosen for tasks that name no agent. */
  readonly among: readonly string[]
  /** The agent that chooses; without one the declared skills decide. */
  readonly router?: string | undefined
  readonly concurrency?: number | undefined
  readonly onFailure?: 'fail' | 'continue' | undefined
}

/** What the tasks gave, in the order of the plan; and why some gave nothing. */
interface Outcome {
  readonly results: Readonly<Record<string, Json>>
  readonly failures: Readonly<Record<string, string>>
}

/** Has agents do tasks whose plan has no flaws, in a group that is all theirs. */
export async function workOff(
  group: TeamContext,
  given: readonly Todo[],
  { among, router, concurrency, onFailure = 'fail' }: Manner,
): Promise<Outcome> {
  const todos = router === undefined ? assign(group, given, among) : given
  const report = await schedule<Json, Todo>(group, todos, {
    ...(concurrency && { concurrency }),
    onFailure: () => (onFailure === 'fail' ? 'halt' : 'skip'),
    skip: ({ when }, before) =>
      when === undefined || holds(when, scopeOf(group, before)) ? undefined : `when: ${when}`,
    async perform(todo, inner, { before, priority }) {
      const { agent = await routeBy(inner, router ?? '', wantOf(todo, among)) } = todo
      return inner.ask(agent, { key: agent, priority, ...requestOf(inner, todo, before) })
    },
  })
  if (report.halted !== undefined) throw halted(group, todos, report, report.halted)
  const { results, failures, skipped } = report
  if (results.size === 0 && failures.size > 0) throw nothingDone(failures)
  const failed = [...failures].map(([id, { message }]) => [id, message] as const)
  const missing = Object.fromEntries([...failed, ...skipped])
  if (failures.size > 0) {
    const reason = `went on without ${Object.keys(missing).join(', ')}`
    group.ctx.emit({ type: 'decision', key: group.ctx.key, what: 'partial', reason, values: missing })
  }
  const inOrder = todos.flatMap(({ id }) => (results.has(id) ? [[id, results.get(id) ?? null] as const] : []))
  return { results: Object.fromEntries(inOrder), failures: missing }
}

/** What tasks gave, as templates see it. */
export function stepsOf(results: Iterable<readonly [string, Json]>): Steps {
  return Object.fromEntries([...results].map(([id, output]) => [id, { output }]))
}

/** Finds an agent for each task that names none, before anything is started; the work is spread by complexity. */
function assign(group: TeamContext, todos: readonly Todo[], among: readonly string[]): Todo[] {
  const loads = new Map<string, number>()
  const add = (agent: string, { complexity = 1 }: Todo) =>
    loads.set(agent, (loads.get(agent) ?? 0) + complexity)
  for (const todo of todos) if (todo.agent !== undefined) add(todo.agent, todo)
  return todos.map(todo => {
    if (todo.agent !== undefined) return todo
    const want = { key: todo.id, ...wantOf(todo, among) }
    const agent = route(group, want, name => loads.get(name) ?? 0)
    add(agent, todo)
    return { ...todo, agent }
  })
}

function wantOf({ description, needs }: Todo, among: readonly string[]) {
  return { task: description, needs, among }
}

/** What is asked for a task: its own text, and of all that was done the outputs that it depends on. */
function requestOf(team: TeamContext, todo: Todo, before: ReadonlyMap<string, Json>) {
  const { description, task, dependsOn, check, fallback, budget } = todo
  const scope = scopeOf(team, before)
  const given = [...before].filter(([id]) => dependsOn.includes(id))
  const current = task === undefined ? description : renderText(task, scope)
  return {
    packet: { task: team.task, knowledge: Object.fromEntries(given), current },
    scope,
    ...(check && { check }),
    ...(fallback && { fallback: [fallback] }),
    ...(budget && { budget }),
  }
}

function scopeOf({ scope }: TeamContext, results: ReadonlyMap<string, Json>): TeamContext['scope'] {
  return { ...scope, steps: stepsOf(results) }
}

/** The failure that ends it all, with what is done and what is not. */
function halted({ ctx }: TeamContext, todos: readonly Todo[], report: Report<Json>, id: string): CrewError {
  const { results, failures } = report
  const error = failures.get(id) as CrewError
  const left = todos.map(todo => todo.id).filter(other => other !== id && !results.has(other))
  const reason = `${id} failed${left.length > 0 ? `; without a result are ${left.join(', ')}` : ''}`
  const values = { failed: id, error: error.code, done: [...results.keys()], left }
  ctx.emit({ type: 'decision', key: ctx.key, what: 'halt', reason, values })
  return new CrewError(error.code, `the task "${id}" failed: ${error.message}`, error.details)
}

function nothingDone(failures: ReadonlyMap<string, CrewError>): CrewError {
  const reasons = [...failures].map(([id, { message }]) => `\n  ${id}: ${message}`)
  return new CrewError('task-failed', `no task gave a result${reasons.join('')}`, {
    because: [...failures.values()].flatMap(({ details }) => details.step ?? []),
    hint: 'see what happened with: crew show RUN, and try the failed tasks again with: crew resume RUN',
  })
}
