import { asText } from '../../json.ts'
import { parentOf } from '../../step-key.ts'
import type { RunView, StepView } from '../../store/view.ts'
import type { Search } from './link.ts'

/** All steps that stand directly in each step, '' for the run. */
export function childrenOf({ steps }: RunView): Map<string, StepView[]> {
  const children = new Map<string, StepView[]>()
  for (const step of steps.values()) {
    let parent = step.key
    do parent = parentOf(parent)
    while (parent !== '' && !steps.has(parent))
    const list = children.get(parent)
    if (list) list.push(step)
    else children.set(parent, [step])
  }
  return children
}

const ACTS: ReadonlySet<string> = new Set(['model', 'command', 'http', 'attempt', 'group'])

/** The texts of what a step was asked, as the pattern put it and as the agent's own words made of it. */
export function askedOf(step: StepView, below: Search['below']): string {
  const texts = new Set<string>()
  if (step.input !== undefined) texts.add(asText(step.input))
  const visit = (key: string): void => {
    for (const child of below.get(key) ?? []) {
      if (!ACTS.has(child.kind)) continue
      if (child.input !== undefined) texts.add(asText(child.input))
      visit(child.key)
    }
  }
  if (step.kind === 'agent') visit(step.key)
  return [...texts].join('\n\n')
}
