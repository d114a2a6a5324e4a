import { describe, expect, it } from 'vitest'
import { inOrder, problemOfPlan } from '../../src/coordination/plan.ts'

const plan = (tasks: Readonly<Record<string, readonly string[]>>) =>
  Object.entries(tasks).map(([id, dependsOn]) => ({ id, dependsOn }))

describe('a plan', () => {
  it('has no problem when every task can be reached', () => {
    expect(problemOfPlan(plan({ a: [], b: ['a'], c: ['a', 'b'] }))).toBeUndefined()
  })

  it('says that nothing is planned', () => {
    expect(problemOfPlan([])).toBe('nothing is planned')
  })

  it('names an id that two tasks have', () => {
    expect(problemOfPlan([...plan({ a: [] }), ...plan({ a: [] })])).toBe('two tasks have the id "a"')
  })

  it('names what is depended on and not planned, with what is', () => {
    const problem = '"api" depends on "shema", which is not planned; planned are: schema, api'
    expect(problemOfPlan(plan({ schema: [], api: ['shema'] }))).toBe(problem)
  })

  it('shows a cycle as a path, without what only waits for it', () => {
    const tasks = plan({ start: [], before: ['c'], a: ['start', 'b'], b: ['c'], c: ['a'] })
    expect(problemOfPlan(tasks)).toBe('tasks wait for each other in a circle: c → a → b → c')
  })

  it('shows a task that waits for itself', () => {
    expect(problemOfPlan(plan({ a: ['a'] }))).toBe('tasks wait for each other in a circle: a → a')
  })

  it('is put in an order in which all that a task needs comes before it', () => {
    const tasks = plan({ last: ['left', 'right'], right: ['first'], left: ['first', 'first'], first: [] })
    expect(inOrder(tasks).map(({ id }) => id)).toEqual(['first', 'right', 'left', 'last'])
  })
})
