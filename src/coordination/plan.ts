/** One piece of a larger task. */
export interface PlannedTask {
  readonly id: string
  readonly description: string
  /** Who does it, where that is said. */
  readonly agent?: string | undefined
  /** Tasks whose results it needs. */
  readonly dependsOn: readonly string[]
  /** From 1 to 10; 1 where nothing is said. */
  readonly complexity?: number | undefined
  readonly why?: string | undefined
}

/** Something that keeps a plan from being carried out, and the dependency that is to blame, where one is. */
export interface Flaw {
  readonly message: string
  readonly task?: string
  readonly dependency?: number
}

type Dependent = Pick<PlannedTask, 'id' | 'dependsOn'>

/** What is wrong with a plan, in one line for whoever made it. */
export function problemOfPlan(tasks: readonly Dependent[]): string | undefined {
  const flaws = flawsOf(tasks)
  return flaws.length === 0 ? undefined : flaws.map(({ message }) => message).join('; ')
}

export function flawsOf(tasks: readonly Dependent[]): Flaw[] {
  if (tasks.length === 0) return [{ message: 'nothing is planned' }]
  const ids = new Set<string>()
  const flaws: Flaw[] = []
  for (const { id } of tasks) {
    if (ids.has(id)) flaws.push({ task: id, message: `two tasks have the id "${id}"` })
    ids.add(id)
  }
  for (const { id, dependsOn } of tasks) {
    for (const [dependency, wanted] of dependsOn.entries()) {
      if (ids.has(wanted)) continue
      const message = `"${id}" depends on "${wanted}", which is not planned; planned are: ${[...ids].join(', ')}`
      flaws.push({ task: id, dependency, message })
    }
  }
  const cycle = flaws.length === 0 ? findCycle(tasks) : undefined
  return cycle ? [cycle] : flaws
}

/** The tasks, each behind all that it depends on; without those that are part of a cycle or wait for one. */
export function inOrder<Task extends Dependent>(tasks: readonly Task[]): Task[] {
  const waiting = new Map(tasks.map(task => [task.id, new Set(task.dependsOn).size]))
  const dependents = dependentsOf(tasks)
  const ordered = tasks.filter(({ dependsOn }) => dependsOn.length === 0)
  for (const { id } of ordered) {
    for (const dependent of dependents.get(id) ?? []) {
      const left = (waiting.get(dependent.id) ?? 0) - 1
      waiting.set(dependent.id, left)
      if (left === 0) ordered.push(dependent)
    }
  }
  return ordered
}

/** Which tasks wait for each. */
export function dependentsOf<Task extends Dependent>(tasks: readonly Task[]): Map<string, Task[]> {
  const dependents = new Map<string, Task[]>(tasks.map(({ id }) => [id, []]))
  for (const task of tasks) for (const id of new Set(task.dependsOn)) dependents.get(id)?.push(task)
  return dependents
}

function findCycle(tasks: readonly Dependent[]): Flaw | undefined {
  const free = new Set(inOrder(tasks).map(({ id }) => id))
  const bound = new Map(tasks.filter(({ id }) => !free.has(id)).map(task => [task.id, task]))
  const path: string[] = []
  let [at] = bound.values()
  // Whatever is bound depends on something that is bound: the walk comes back to where it has been.
  while (at && !path.includes(at.id)) {
    path.push(at.id)
    const next = at.dependsOn.find(id => bound.has(id))
    at = next === undefined ? undefined : bound.get(next)
  }
  if (!at) return undefined
  const cycle = [...path.slice(path.indexOf(at.id)), at.id]
  const [first = '', second = ''] = cycle
  const dependency = bound.get(first)?.dependsOn.indexOf(second) ?? 0
  return { task: first, dependency, message: `tasks wait for each other in a circle: ${cycle.join(' → ')}` }
}
