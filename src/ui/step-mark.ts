import type { StepView } from '../store/view.ts'

const MARKS = {
  pending: ['○', 'yellow'],
  running: ['▸', 'cyan'],
  succeeded: ['✓', 'green'],
  failed: ['✗', 'red'],
  skipped: ['-', 'gray'],
  cancelled: ['∅', 'yellow'],
  unknown: ['?', 'yellow'],
  broken: ['■', 'yellow'],
} as const

/** Sign and colour for the state of a step; one that was under way when its run stopped has a sign of its own. */
export function markOf(
  { state }: Pick<StepView, 'state'>,
  isLive: boolean,
): (typeof MARKS)[keyof typeof MARKS] {
  return MARKS[state === 'running' && !isLive ? 'broken' : state]
}
