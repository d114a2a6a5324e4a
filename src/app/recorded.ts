import type { RunView } from '../store/view.ts'

/** How long the run has been active since the step `key` was begun, in former executions. */
export function activeIn({ active, steps }: RunView, key: string): number {
  return active - (steps.get(key)?.activeAt ?? active)
}

/** Keys of the invocations in the step `key` that a former execution has made. */
export function askedBefore({ steps }: RunView, key: string): string[] {
  const isInside = (other: string) => key === '' || other.startsWith(`${key}/`)
  return [...steps.values()].flatMap(step => (step.kind === 'agent' && isInside(step.key) ? step.key : []))
}

/** Keys of the repairs that the team in the step `key` has made in a former execution; those inside of it have their own. */
export function repairedBefore({ steps }: RunView, key: string): string[] {
  const teamOf = (other: string): string => {
    const parent = other.slice(0, Math.max(0, other.lastIndexOf('/')))
    return parent === '' || steps.get(parent)?.kind === 'team' ? parent : teamOf(parent)
  }
  return [...steps.values()].flatMap(step =>
    step.kind === 'repair' && teamOf(step.key) === key ? step.key : [],
  )
}
