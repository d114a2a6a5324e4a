import { quoted } from './names.ts'

/** One piece of text that is to become another one. */
export interface Edit {
  readonly find: string
  readonly replace: string
}

/** What edits make of a text. */
export type Edited =
  | { readonly kind: 'changed'; readonly text: string }
  /** All of them were made before. */
  | { readonly kind: 'done'; readonly lines: readonly number[] }
  | { readonly kind: 'failed'; readonly problems: readonly string[] }

/** Places that are looked for, and that a message names. */
const MOST_PLACES = 100
const MOST_NAMED = 10

/**
 * Makes all edits, or none: each text to find has to be there exactly once, and no two may overlap. What is made twice
 * is never made again: edits that would change their own result are refused.
 */
export function edit(text: string, edits: readonly Edit[]): Edited {
  const once = attempt(text, edits)
  if (once.kind !== 'changed') return once
  const twice = attempt(once.text, edits)
  if (twice.kind !== 'changed' || twice.text === once.text) return once
  const problem =
    'made twice, these edits would change the text twice: have find name more of the text around'
  return { kind: 'failed', problems: [problem] }
}

function attempt(text: string, edits: readonly Edit[]): Edited {
  const inEndings = edits.map(({ find, replace }) => ({
    find: withEndingsOf(text, find),
    replace: withEndingsOf(text, replace),
  }))
  const done = inEndings.map(one => placeDone(text, one))
  if (done.every(at => at !== undefined)) return { kind: 'done', lines: done.map(at => lineOf(text, at)) }
  const found = inEndings.map(({ find }) => placesOf(text, find))
  const problems = found.flatMap((places, index) => problemOf(text, edits, index, places) ?? [])
  if (problems.length > 0) return { kind: 'failed', problems }
  const cuts = inEndings
    .map(({ find, replace }, index) => ({ index, from: found[index]?.[0] ?? 0, find, replace }))
    .sort((a, b) => a.from - b.from)
  let after = ''
  let end = 0
  let last = 0
  for (const { index, from, find, replace } of cuts) {
    if (from < end) return { kind: 'failed', problems: [`edits ${last + 1} and ${index + 1} overlap`] }
    after += text.slice(end, from) + replace
    end = from + find.length
    last = index
  }
  return { kind: 'changed', text: after + text.slice(end) }
}

/** Where an edit was made before: what it puts there is there once, and nothing is left to find but in that. */
function placeDone(text: string, { find, replace }: Edit): number | undefined {
  const [at, ...more] = replace === '' ? [] : placesOf(text, replace)
  if (at === undefined || more.length > 0) return undefined
  const left = placesOf(text, find)
  if (left.length === MOST_PLACES) return undefined
  return left.every(place => place >= at && place + find.length <= at + replace.length) ? at : undefined
}

/** The first places of `part`, also those that overlap. */
function placesOf(text: string, part: string): number[] {
  const places: number[] = []
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) {
    places.push(at)
    if (places.length === MOST_PLACES) break
  }
  return places
}

function problemOf(
  text: string,
  edits: readonly Edit[],
  index: number,
  places: readonly number[],
): string | undefined {
  if (places.length === 1) return undefined
  const { find } = edits[index] as Edit
  const which = `${edits.length > 1 ? `edit ${index + 1}: ` : ''}${quoted(find.slice(0, 80))}`
  if (places.length === 0) return `${which} is not there${nearest(text, find)}`
  const lines = places.slice(0, MOST_NAMED).map(at => lineOf(text, at))
  const more = places.length > MOST_NAMED ? ', …' : ''
  return `${which} is there ${places.length === MOST_PLACES ? `${MOST_PLACES} times and more` : `${places.length} times`} (lines ${lines.join(', ')}${more}): name more of the text around the one you mean`
}

/** Where a text stands that differs in nothing but white space. */
function nearest(text: string, find: string): string {
  const wanted = find.split('\n').map(bare).find(Boolean)
  const at = wanted === undefined ? -1 : text.split('\n').map(bare).indexOf(wanted)
  return at < 0
    ? ': read the file, and give it exactly as it stands there'
    : `, but line ${at + 1} begins like it: give the text exactly as it stands there, with its white space`
}

function bare(line: string): string {
  return line.replace(/\s+/g, ' ').trim()
}

function lineOf(text: string, place: number): number {
  return text.slice(0, place).split('\n').length
}

/** A text as it would stand in another one, where lines all end alike. Where they do not, it is taken as it is. */
function withEndingsOf(text: string, part: string): string {
  const windows = text.split('\r\n').length - 1
  const all = text.split('\n').length - 1
  if (windows === 0) return all === 0 ? part : part.replaceAll('\r\n', '\n')
  return windows === all ? part.replace(/\r?\n/g, '\r\n') : part
}
