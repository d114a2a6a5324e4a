import { asText, isObject } from '../../json.ts'
import type { StepView } from '../../store/view.ts'
import type { Link, Search } from './link.ts'
import { agentAround, type Source } from './sources.ts'

/** What a step asked for while it was at work: tools, colleagues, people; of a team and of a group, what its members gave. */
export function* insideLinks({ key, output }: StepView, search: Search, isWhole: boolean): Generator<Link> {
  const { view, ledger, below, said } = search
  const inside: Source[] = []
  const visit = (parent: string): void => {
    for (const child of below.get(parent) ?? []) {
      const source = ledger.byId.get(child.key) ?? sharedIn(child, search)
      if (source) inside.push(source)
      if (!source || child.kind === 'tool') visit(child.key)
    }
  }
  visit(key)
  for (const source of said) {
    const place = source.id.slice(source.id.indexOf(' ') + 1)
    if (source.kind !== 'words' && agentAround(place, view.steps)?.key === key) inside.push(source)
    if (source.kind === 'words' && place.startsWith(`${key}/`)) inside.push(source)
  }
  const given = output === undefined ? '' : asText(output)
  // The whole of what one of them gave says best from whom it is; else all have a part in it.
  const same = inside.findLast(
    ({ kind, text }) => (isWhole || MAKES.has(kind)) && text.trim() !== '' && given.trim() === text.trim(),
  )
  if (same) yield { source: same, how: 'handed over', detail: 'is the result, word for word' }
  for (const source of same && isWhole ? [] : inside) {
    if (source === same) continue
    yield { source, how: 'inside', detail: isWhole ? 'a part of it' : (WHERE[source.kind] ?? 'at work') }
  }
}

/** What an agent gives is at times made by another one that stands in for it, or was kept from an earlier run. */
const MAKES: ReadonlySet<Source['kind']> = new Set(['output', 'earlier run'])

/** What somebody else gave who was at work on exactly the same. */
function sharedIn({ kind, output }: StepView, { view, ledger }: Search): Source | undefined {
  const shared = kind === 'cache' && isObject(output) && isObject(output.shared) ? output.shared : {}
  const maker = typeof shared.from === 'string' ? agentAround(shared.from, view.steps) : undefined
  return maker && ledger.byId.get(maker.key)
}

const WHERE: Partial<Record<Source['kind'], string>> = { answer: 'was asked', draft: 'was edited' }
