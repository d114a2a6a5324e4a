import { isObject, type Json, parseJson } from '../../json.ts'
import type { StepView } from '../../store/view.ts'
import { wordsFor } from './declared.ts'
import { isEarlier, type Leaf, type Link, type Search } from './link.ts'
import type { Source } from './sources.ts'

/** Characters of a text that is not there by chance, and texts of one source, at the least and at the most. */
const SHORTEST = 3
const MOST = 500

/** The texts in structured sources by their first lines: what is made a task of its own stands on lines of its own. */
export function leavesOf(sources: readonly Source[]): Map<string, Leaf[]> {
  const found = new Map<string, Leaf[]>()
  for (const source of sources) {
    const value = /^\s*[[{]/.test(source.text) ? parseJson(source.text) : undefined
    let left = MOST
    for (const [path, leaf] of value === undefined ? [] : textsIn(value, '')) {
      const text = leaf.trim()
      if (text.length < SHORTEST || !/\p{L}/u.test(text)) continue
      const line = firstLine(text)
      const list = found.get(line)
      if (list) list.push({ source, path, text })
      else found.set(line, [{ source, path, text }])
      left -= 1
      if (left === 0) break
    }
  }
  // What the run was given is not from whoever said it again.
  for (const { kind, text } of sources)
    if (kind === 'input') for (const line of text.split('\n')) found.delete(line.trim())
  return found
}

function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').trim()
}

function* textsIn(value: Json, path: string): Generator<readonly [path: string, text: string]> {
  if (typeof value === 'string') yield [path, value]
  else if (Array.isArray(value))
    for (const [index, item] of value.entries()) yield* textsIn(item, `${path}[${index}]`)
  else if (isObject(value))
    for (const [name, inner] of Object.entries(value))
      yield* textsIn(inner, path === '' ? name : `${path}.${name}`)
}

/** What was made a task of its own, or handed on for one: a text of an earlier plan or message on lines of its own. */
export function* leafLinks(step: StepView, { view, leaves, asked }: Search): Generator<Link> {
  const text = asked(step)
  const told = wordsFor(step, view).map(words => words.text)
  for (const line of new Set(text.split('\n').map(line => line.trim()))) {
    if (!leaves.has(line) || told.some(words => words.includes(line))) continue
    const last = leaves.get(line)?.findLast(leaf => isEarlier(leaf.source, step) && text.includes(leaf.text))
    if (last)
      yield {
        source: last.source,
        how: 'handed over',
        detail: `its ${last.path} stands in what it was asked`,
      }
  }
}
