import { isObject } from '../json.ts'
import { parentOf } from '../step-key.ts'
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
  return [...steps.values()].flatMap(step =>
    step.kind === 'repair' && teamOf(step.key, steps) === key ? step.key : [],
  )
}

/** What people have allowed for the rest of the run in the team in the step `key`: agents, each with one of its tools. */
export function allowedBefore({ waits, steps }: RunView, key: string): Set<string> {
  const lasting = [...waits].flatMap(([wait, { request, answer }]) => {
    const { gate, detail } = request
    const counts = gate === 'tool' && answer?.value === 'always' && teamOf(wait, steps) === key
    return counts && isObject(detail) ? `${detail.agent} ${detail.tool}` : []
  })
  return new Set(lasting)
}

/** The step in which the team works that the step `key` belongs to; empty for that of the run. */
function teamOf(key: string, steps: RunView['steps']): string {
  const parent = parentOf(key)
  return parent === '' || steps.get(parent)?.kind === 'team' ? parent : teamOf(parent, steps)
}
