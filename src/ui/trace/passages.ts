/** A text in words, each with its place in the text. */
interface Words {
  readonly words: readonly string[]
  readonly at: readonly { readonly start: number; readonly end: number }[]
}

/** What a text has in common with an earlier one. */
export interface Passage {
  /** Number of the earlier text, in the order in which the texts were added. */
  readonly text: number
  /** Its longest passage that occurs in both, as the later one has it. */
  readonly words: string
  /** Words that all common passages have together. */
  readonly shared: number
  /** Words of the earlier text. */
  readonly of: number
}

/** Fewer words in a row say nothing: everybody writes "one of the most important". */
const RUN = 6
/** Words of a text that are looked at; what comes later is not compared. */
const MOST = 20_000
/** Places that are kept for the same six words; more is boilerplate. */
const PLACES = 8

/**
 * Finds passages that a text has from earlier ones: six or more words in a row, or the whole of a short value that does
 * not stand in every text by chance. Takes time in proportion to the texts, whatever they have in common.
 */
export class Passages {
  private readonly texts: Words[] = []
  private readonly runs = new Map<string, { readonly text: number; readonly at: number }[]>()
  private readonly values = new Map<string, number[]>()

  /** @param values short ones to look for besides: numbers, names, codes */
  add(text: string, values: readonly string[] = []): number {
    const number = this.texts.length
    const found = wordsOf(text)
    this.texts.push(found)
    const { words } = found
    for (let at = 0; at + RUN <= words.length; at += 1) {
      const run = words.slice(at, at + RUN).join(' ')
      const places = this.runs.get(run)
      if (!places) this.runs.set(run, [{ text: number, at }])
      else if (places.length < PLACES) places.push({ text: number, at })
    }
    for (const value of new Set(values.map(value => wordsOf(value).words.join(' ')))) {
      if (!isTelling(value)) continue
      const known = this.values.get(value)
      if (!known) this.values.set(value, [number])
      else if (known.length < PLACES) known.push(number)
    }
    return number
  }

  /** What `text` has from those of the earlier texts that are `wanted`. */
  in(text: string, wanted: (text: number) => boolean): Passage[] {
    const found = new Map<number, { words: string; longest: number; shared: number }>()
    const note = (number: number, words: string, length: number) => {
      const known = found.get(number)
      const isLonger = length > (known?.longest ?? 0)
      found.set(number, {
        words: isLonger ? words : (known?.words ?? ''),
        longest: Math.max(length, known?.longest ?? 0),
        shared: (known?.shared ?? 0) + length,
      })
    }
    const here = wordsOf(text)
    const { words, at: places } = here
    const said = (from: number, length: number) =>
      text.slice(places[from]?.start, places[from + length - 1]?.end)
    for (let at = 0; at < words.length; ) {
      const best = this.longestAt(here, at, wanted)
      for (const number of best.texts) note(number, said(at, best.length), best.length)
      if (best.length > 0) {
        at += best.length
        continue
      }
      for (let length = 1; length < RUN && at + length <= words.length; length += 1) {
        for (const number of this.values.get(words.slice(at, at + length).join(' ')) ?? [])
          if (wanted(number)) note(number, said(at, length), length)
      }
      at += 1
    }
    return [...found].map(([number, { words, shared }]) => ({
      text: number,
      words,
      shared,
      of: this.texts[number]?.words.length ?? 0,
    }))
  }

  /** The longest run of words from `at` on, and all earlier texts that have it. */
  private longestAt({ words }: Words, at: number, wanted: (text: number) => boolean) {
    let length = 0
    let texts = new Set<number>()
    for (const place of this.runs.get(words.slice(at, at + RUN).join(' ')) ?? []) {
      if (!wanted(place.text)) continue
      const other = this.texts[place.text]?.words ?? []
      let same = RUN
      while (at + same < words.length && words[at + same] === other[place.at + same]) same += 1
      if (same > length) texts = new Set()
      if (same >= length) texts.add(place.text)
      length = Math.max(length, same)
    }
    return { length, texts }
  }
}

const WORD = /[\p{L}\p{N}]+(?:[.,'’_-][\p{L}\p{N}]+)*/gu

function wordsOf(text: string): Words {
  const words: string[] = []
  const at: { start: number; end: number }[] = []
  for (const match of text.matchAll(WORD)) {
    if (words.length >= MOST) break
    words.push(match[0].toLowerCase())
    at.push({ start: match.index, end: match.index + match[0].length })
  }
  return { words, at }
}

/** Whether a short value is unlikely to stand in two texts by chance. */
function isTelling(value: string): boolean {
  const count = value === '' ? 0 : value.split(' ').length
  if (count === 0 || count >= RUN) return false
  const digits = value.replace(/\D/g, '').length
  return digits >= 3 || (digits > 0 && value.length >= 5) || value.length >= 14
}
