import type { RunView, StepView } from '../store/view.ts'

/** Where a step has its end from, when that is not its own work: in a fork, from the other run or from a person. */
export function howItCame({ inherited, takenOver }: StepView): 'taken over' | 'given by hand' | undefined {
  if (inherited?.set) return 'given by hand'
  return takenOver ? 'taken over' : undefined
}

/** How many of these steps of a fork are over without work of their own; empty where nobody asks that. */
export function countTakenOver(steps: readonly StepView[], { forked }: RunView): string {
  if (!forked) return ''
  const count = steps.filter(step => step.endedAt !== undefined && howItCame(step)).length
  return ` (${count === 0 ? 'none' : count} taken over)`
}
