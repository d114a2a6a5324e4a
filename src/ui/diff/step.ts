import type { ChalkInstance } from 'chalk'
import { CrewError } from '../../errors.ts'
import type { RunView } from '../../store/view.ts'
import { oneLine, sanitize } from '../text.ts'
import type { Comparison, Parting } from '../trace/compare.ts'
import { type Look, lineDiff, wordDiff } from './words.ts'

const WHAT = {
  path: 'only in one',
  prompt: 'asked something else',
  decision: 'decided otherwise',
  output: 'gave something else',
  state: 'ended otherwise',
} as const

/** What differs in a step, in a few words. */
export function describeParting({ in: parts, a, b }: Parting): string {
  if (!b) return `only the first has it (${a?.state})`
  if (!a) return `only the second has it (${b.state})`
  const words = parts.map(part => (part === 'state' ? `${a.state} → ${b.state}` : WHAT[part]))
  if (a.given || b.given) return ['given by hand', ...words].join(', ')
  return parts[0] === 'output' ? `asked the same, ${words.join(', ')}` : words.join(', ')
}

/** All that differs in one step, in full. Throws `usage` when neither run has it. */
export function* formatStep(
  key: string,
  compared: Comparison,
  a: { readonly view: RunView },
  b: { readonly view: RunView },
  look: Look,
): Generator<string> {
  const { style } = look
  const known = a.view.steps.has(key) || b.view.steps.has(key)
  const parting = compared.partings.find(each => each.key === key)
  if (!known) {
    const keys = compared.partings.slice(0, 10).map(({ key }) => key)
    throw new CrewError('usage', `neither run has a step ${key}`, {
      hint: keys.length > 0 ? `these differ: ${keys.join(', ')}` : 'no step differs',
    })
  }
  if (!parting) {
    yield `${sanitize(key)} is the same in both`
    return
  }
  yield style.bold(oneLine(`${key}: ${describeParting(parting)}`, look.width))
  const one = parting.a ?? parting.b
  if (!parting.a || !parting.b) {
    yield* section('asked', sanitize(one?.asked ?? '').split('\n'), style)
    yield* section('gave', sanitize(one?.output ?? one?.why ?? '').split('\n'), style)
    return
  }
  if (parting.in.includes('prompt'))
    yield* section('asked', wordDiff(parting.a.asked, parting.b.asked, look, false), style)
  const decisions = [parting.a, parting.b].map(({ decisions }) => decisions.join('\n'))
  if (parting.in.includes('decision'))
    yield* section('decided', lineDiff(decisions[0] ?? '', decisions[1] ?? '', look), style)
  if (parting.in.includes('output'))
    yield* section('gave', lineDiff(parting.a.output ?? '', parting.b.output ?? '', look), style)
  if (parting.in.includes('state')) {
    const ended = ({ state, why }: NonNullable<Parting['a']>) =>
      `${state}${why === undefined ? '' : `: ${why}`}`
    yield* section('ended', lineDiff(ended(parting.a), ended(parting.b), look), style)
  }
}

function* section(title: string, lines: readonly string[], style: ChalkInstance): Generator<string> {
  yield ''
  yield style.bold(title)
  for (const line of lines) yield `  ${line}`
}
