import { parentOf } from '../../step-key.ts'
import type { RunView, StepView, WaitView } from '../../store/view.ts'
import { isPartOfCall } from '../tool-call.ts'

/** A step, and what lies below it. */
export interface Branch {
  readonly step: StepView
  readonly name: string
  readonly branches: Branch[]
  readonly waits: WaitView[]
  /** What belongs to a call of a tool, and is drawn as one with it. */
  readonly parts: StepView[]
}

type Parent = Pick<Branch, 'branches' | 'waits' | 'parts'> & { readonly step?: StepView }

/** Every step under the nearest step that its key lies below; steps start before those in them. */
export function treeOf({ steps, waits }: Pick<RunView, 'steps' | 'waits'>): Parent {
  const root: Parent = { branches: [], waits: [], parts: [] }
  const known = new Map<string, Parent>([['', root]])
  const placeOf = (key: string) => {
    let parent = key
    do parent = parentOf(parent)
    while (!known.has(parent))
    return { parent: known.get(parent) ?? root, name: parent === '' ? key : key.slice(parent.length + 1) }
  }
  for (const step of steps.values()) {
    // Only there so that a resumed run asks the same again; the step that it led to says the rest.
    if (step.kind === 'failure') continue
    const { parent, name } = placeOf(step.key)
    if (isPartOfCall(step, parent)) {
      parent.parts.push(step)
      known.set(step.key, parent)
      continue
    }
    const branch: Branch = { step, name, branches: [], waits: [], parts: [] }
    parent.branches.push(branch)
    known.set(step.key, branch)
  }
  for (const [key, wait] of waits) placeOf(key).parent.waits.push(wait)
  return root
}

/** Only the branches in which `agent` is at work, each whole from there on, and what they stand in. */
export function keepAgent(branches: readonly Branch[], agent: string): Branch[] {
  return branches.flatMap(branch => {
    if (branch.step.agent === agent) return [branch]
    const kept = keepAgent(branch.branches, agent)
    return kept.length > 0 ? [{ ...branch, branches: kept }] : []
  })
}

/** How many steps stand below. */
export function countBelow({ branches }: Pick<Branch, 'branches'>): number {
  return branches.reduce((sum, branch) => sum + 1 + countBelow(branch), 0)
}
