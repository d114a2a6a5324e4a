import { type CrewError, toCrewError } from '../errors.ts'
import type { TeamContext } from './ask.ts'
import { pathOf } from './ask-for.ts'
import { serialise } from './conflicts.ts'
import { dependentsOf, inOrder, type PlannedTask } from './plan.ts'

export interface Work<T, Task extends PlannedTask = PlannedTask> {
  /** How many tasks at once; the limit of the team holds anyway. */
  readonly concurrency?: number
  /** Does one task, in a group of its own that is called like the task. */
  perform(task: Task, group: TeamContext, situation: Situation<T>): Promise<T>
  /** Why a task need not be done, if so. Those that depend on it go on without its result. */
  skip?(task: Task, before: ReadonlyMap<string, T>): string | undefined
  /** What a failure means: all ends (default), or only those that depend on the task are skipped. */
  onFailure?(task: Task, error: CrewError): 'halt' | 'skip'
}

/** Where things stand when a task is started. */
interface Situation<T> {
  /** Results of all tasks that it depends on, directly or not, each behind those before it. */
  readonly before: ReadonlyMap<string, T>
  /** How much work the task and those behind it are: the more, the earlier it gets a place. */
  readonly priority: number
}

/** What became of the tasks. One that was not needed, or not done yet when all ended, is in none of the maps. */
export interface Report<T> {
  readonly results: ReadonlyMap<string, T>
  readonly failures: ReadonlyMap<string, CrewError>
  /** Tasks that were given up, each with the way to the failed one that is the reason. */
  readonly skipped: ReadonlyMap<string, string>
  /** The task whose failure ended it all. */
  readonly halted?: string
}

/**
 * Works off a plan that has no flaws: each task as soon as what it depends on is done, and those with the most work
 * behind them first. Call it inside of a group, so that what is under way when it halts ends together with that.
 */
export async function schedule<T, Task extends PlannedTask = PlannedTask>(
  team: TeamContext,
  tasks: readonly Task[],
  work: Work<T, Task>,
): Promise<Report<T>> {
  return new Schedule(team, tasks, work).run()
}

class Schedule<T, Task extends PlannedTask> {
  private readonly team: TeamContext
  private readonly work: Work<T, Task>
  private readonly ordered: readonly Task[]
  /** What is neither done nor given up, the most urgent first. */
  private readonly open: Map<string, Task>
  private readonly remaining: ReadonlyMap<string, number>
  private readonly running = new Map<string, Promise<T>>()
  /** Tasks that could have been started but for another one that touches the same thing. */
  private readonly waiting = new Set<string>()
  private readonly results = new Map<string, T>()
  private readonly failures = new Map<string, CrewError>()
  private readonly skipped = new Map<string, string>()
  /** Tasks that give nothing, each with the way to the failed one that is the reason. */
  private readonly lost = new Map<string, readonly string[]>()
  private readonly before: (task: Task) => ReadonlyMap<string, T>

  constructor(team: TeamContext, tasks: readonly Task[], work: Work<T, Task>) {
    this.team = team
    this.work = work
    this.ordered = inOrder(tasks)
    const { urgent, remaining } = byUrgency(team, this.ordered)
    this.open = new Map(urgent.map(task => [task.id, task]))
    this.remaining = remaining
    this.before = resultsBefore(this.ordered, this.results)
  }

  async run(): Promise<Report<T>> {
    const { team, open, results, failures, skipped } = this
    for (this.skip(); open.size > 0; this.skip()) {
      this.start()
      // All that are open may be named: after a resume that mended a failure, what was chosen before may come
      // earlier than it would now. It is started out of turn then.
      const id = await team.ctx.next(open.keys())
      if (!(await this.collect(open.get(id) as Task))) return { results, failures, skipped, halted: id }
      this.running.delete(id)
      open.delete(id)
    }
    return { results, failures, skipped }
  }

  private start(): void {
    const { concurrency = Number.POSITIVE_INFINITY } = this.work
    for (const task of this.open.values()) {
      if (this.running.size >= concurrency) return
      if (this.isReady(task) && !this.collides(task)) this.perform(task).catch(() => {})
    }
  }

  /** Whether one at work and this one may not touch the same thing at the same time; said once. */
  private collides(task: Task): boolean {
    const second = { key: task.id, agent: task.agent ?? '' }
    for (const { id, agent = '' } of this.ordered) {
      const decision = this.running.has(id) && serialise(this.team, { key: id, agent }, second)
      if (!decision) continue
      if (!this.waiting.has(task.id)) this.team.ctx.emit(decision)
      this.waiting.add(task.id)
      return true
    }
    return false
  }

  private perform(task: Task): Promise<T> {
    const situation = { before: this.before(task), priority: this.remaining.get(task.id) ?? 0 }
    const result = this.team.group(task.id, group => this.work.perform(task, group, situation))
    this.running.set(task.id, result)
    return result
  }

  /** Takes in the result of a task. False when it failed and all is to end. */
  private async collect(task: Task): Promise<boolean> {
    const { id } = task
    try {
      this.results.set(id, await (this.running.get(id) ?? this.perform(task)))
      return true
    } catch (thrown) {
      if (this.team.ctx.signal.aborted) throw thrown
      const error = toCrewError(thrown)
      this.failures.set(id, error)
      this.lost.set(id, [id])
      return this.work.onFailure?.(task, error) === 'skip'
    }
  }

  /** Gives up what depends on a failed task, and what need not be done. */
  private skip(): void {
    const { ctx } = this.team
    for (const task of this.ordered) {
      const key = pathOf(this.team, task.id)
      const way = task.dependsOn.map(id => this.lost.get(id)).find(way => way !== undefined)
      if (this.open.has(task.id) && way) {
        const path = [task.id, ...way]
        const reason = `${path.join(' → ')}: ${way.at(-1)} failed`
        this.lost.set(task.id, path)
        this.skipped.set(task.id, reason)
        this.open.delete(task.id)
        // A decision, not a skipped step: when a resume mends the failure, the task is done after all.
        ctx.emit({ type: 'decision', key, what: 'skipped', reason, values: { path } })
      } else if (this.isReady(task)) {
        const reason = this.work.skip?.(task, this.before(task))
        if (reason === undefined) continue
        this.open.delete(task.id)
        ctx.emit({ type: 'step.skipped', key, reason })
      }
    }
  }

  private isReady({ id, dependsOn }: Task): boolean {
    return this.open.has(id) && !this.running.has(id) && !dependsOn.some(earlier => this.open.has(earlier))
  }
}

/** The tasks, those first that have the most work behind them, and how much; of equal ones those that are ready earlier. */
function byUrgency<Task extends PlannedTask>(team: TeamContext, ordered: readonly Task[]) {
  const dependents = dependentsOf(ordered)
  const remaining = new Map<string, number>()
  const left = ({ id }: PlannedTask) => remaining.get(id) ?? 0
  for (const task of [...ordered].reverse()) {
    const behind = Math.max(0, ...(dependents.get(task.id) ?? []).map(left))
    remaining.set(task.id, (task.complexity ?? 1) + behind)
  }
  const urgent = [...ordered].sort((a, b) => left(b) - left(a))
  const path: string[] = []
  for (let at = urgent[0]; at; at = dependents.get(at.id)?.sort((a, b) => left(b) - left(a))[0])
    path.push(at.id)
  const reason = `the longest way first: ${path.join(' → ')}`
  const values = { remaining: Object.fromEntries(remaining) }
  team.ctx.emit({ type: 'decision', key: team.ctx.key, what: 'schedule', reason, values })
  return { urgent, remaining }
}

/** Gives the results of all that a task depends on, as far as there are any. */
function resultsBefore<T>(ordered: readonly PlannedTask[], results: ReadonlyMap<string, T>) {
  const ancestors = new Map<string, ReadonlySet<string>>()
  for (const { id, dependsOn } of ordered) {
    ancestors.set(id, new Set(dependsOn.flatMap(earlier => [...(ancestors.get(earlier) ?? []), earlier])))
  }
  return ({ id }: PlannedTask): ReadonlyMap<string, T> => {
    const wanted = ancestors.get(id)
    const found = ordered.filter(task => wanted?.has(task.id) && results.has(task.id))
    return new Map(found.map(task => [task.id, results.get(task.id) as T]))
  }
}
