import { asText, isObject, type Json } from '../json.ts'
import type { StepView } from '../store/view.ts'

/** What a person reads of a call of a tool: it is one step to them, in however many parts it was decided and made. */
interface Call {
  readonly step: StepView
  /** The look at what it would touch, the act, and whatever else it was made in. */
  readonly parts: readonly StepView[]
}

/** Steps that are parts of a call, and nothing that anybody thinks of. */
const PARTS: ReadonlySet<string> = new Set(['plan', 'act'])

export function isPartOfCall({ kind }: StepView, { step }: { readonly step?: StepView }): boolean {
  return step?.kind === 'tool' && PARTS.has(kind)
}

/** Calls of one turn begin as their gates let them, and are told in the order in which they were asked for. */
export function placeOf({ kind, key }: StepView): number {
  return kind === 'tool' ? Number(/\d+$/.exec(key)?.[0] ?? 0) : 0
}

/** The tool with its arguments, as in `read_file docs/a.md`; undefined for a step that is no call. */
export function nameOfCall({ kind, input }: StepView): string | undefined {
  if (kind !== 'tool' || !isObject(input) || typeof input.tool !== 'string') return undefined
  const args = isObject(input.arguments) ? Object.values(input.arguments).map(asWords) : []
  return [input.tool, ...args].join(' ').slice(0, LONGEST)
}

/** Of whatever is told of a call; more does not fit into a line. */
const LONGEST = 1000

function asWords(value: Json): string {
  return Array.isArray(value) && value.every(word => typeof word === 'string')
    ? value.join(' ')
    : asText(value)
}

/** The part that says how it stands with the call: an act of which nobody knows whether it happened, else the call itself. */
export function standingOf({ step, parts }: Call): StepView {
  return parts.find(({ state }) => state === 'unknown') ?? step
}

/** How often the act was begun. */
export function startsOf({ step, parts }: Call): number {
  const act = parts.find(({ kind }) => kind === 'act')
  return act?.starts ?? step.starts
}

/** How it ended: what it gave, or why it gave nothing. What a rule forbids has been said by the decision. */
export function describeEnd({ step, parts }: Call): string[] {
  const { state, output, error } = step
  const gave =
    state === 'succeeded'
      ? asText(output ?? '')
          .slice(0, LONGEST)
          .trim()
      : ''
  if (gave !== '') return [`→ ${gave}`]
  const isSaid = step.notes.some(note => note.type === 'decision' && note.what === 'denied')
  if (state !== 'failed' || !error || isSaid) return []
  const isOwn = [step, ...parts].some(({ key }) => (error.step ?? step.key) === key)
  if (!isOwn) return []
  return [`✗ ${error.code === 'tool-failed' ? '' : `${error.code}: `}${error.message}`]
}
