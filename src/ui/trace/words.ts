import type { StepView } from '../../store/view.ts'
import { wordsFor } from './declared.ts'
import { labelledLinks } from './handed.ts'
import { leafLinks } from './leaves.ts'
import { isEarlier, type Link, type Search } from './link.ts'
import type { Source } from './sources.ts'

/** What stands in the words that a step was asked with: whole results that were handed on, and passages. */
export function* wordLinks(
  step: StepView,
  search: Search,
  found: ReadonlyMap<string, Link>,
): Generator<Link> {
  const { view, ledger, passages, asked } = search
  // The caller adds each link before it takes the next: `found` has them all.
  const text = asked(step)
  const isWanted = (number: number) => {
    const source = ledger.sources[number]
    return source !== undefined && isEarlier(source, step)
  }
  for (const link of labelledLinks(step, text, search)) if (!found.has(link.source.id)) yield link
  for (const link of leafLinks(step, search)) if (!found.has(link.source.id)) yield link
  const shared = passages.in(text, isWanted).flatMap(passage => {
    const source = ledger.sources[passage.text]
    return source && !found.has(source.id) ? [{ ...passage, source }] : []
  })
  // What stands in something that was handed over has come with that.
  const isNew = (words: string) =>
    ![...found.values()].some(({ source }) => source.text.toLowerCase().includes(words.toLowerCase()))
  const whole = latestOf(shared.filter(({ source }) => contains(text, source.text)))
  for (const { source } of whole.sort((a, b) => b.source.text.length - a.source.text.length))
    if (isNew(source.text.trim()))
      yield { source, how: 'handed over', detail: 'all of it stands in what it was asked' }
  const told = wordsFor(step, view).map(({ text }) => text.toLowerCase())
  const loose = shared.filter(
    each =>
      !found.has(each.source.id) &&
      !contains(text, each.source.text) &&
      isNew(each.words) &&
      !told.some(text => text.includes(each.words.toLowerCase())),
  )
  // The same words in several sources: the first that had them is where they are from.
  const said = new Set<string>()
  for (const { source, words } of loose.sort((a, b) => a.source.at - b.source.at)) {
    if (said.has(words.toLowerCase())) continue
    said.add(words.toLowerCase())
    yield { source, how: 'same words', detail: words }
  }
}

/** Of sources with the same text only the latest: it was passed on from there. */
function latestOf<T extends { readonly source: Source }>(links: readonly T[]): T[] {
  const latest = new Map<string, T>()
  for (const link of links) {
    const text = link.source.text.trim()
    const known = latest.get(text)
    if (!known || known.source.at <= link.source.at) latest.set(text, link)
  }
  return [...latest.values()]
}

function contains(text: string, part: string): boolean {
  const whole = part.trim()
  return whole.length >= WHOLE && text.includes(whole)
}

/** Characters from which on a text does not stand in another one by chance. */
const WHOLE = 24
