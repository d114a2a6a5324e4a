import type { Sentence } from './material.ts'
import { meaningfulWords } from './words.ts'

/** What to choose from a text. */
interface Wish {
  readonly sentences: number
  /** The most words that all of them may have together. */
  readonly words?: number
  /** Sentences on this are preferred. */
  readonly about?: string
  /** Sentences that are taken already. */
  readonly except?: ReadonlySet<Sentence>
}

export interface Digest {
  /** The most informative sentences, in their original order; fewer than wished when there are no more. */
  choose(wish: Wish): Sentence[]
  /** The words that carry the text, weightiest first, or those of one sentence. */
  keyWords(count: number, of?: Sentence): string[]
  /** Where the sentences come from, as far as that was said. */
  readonly sources: readonly string[]
}

interface Entry {
  readonly sentence: Sentence
  readonly words: ReadonlySet<string>
  readonly length: number
  /** What it is worth for what it is, whatever its words are worth. */
  readonly standing: number
  /** Makes sense only after the sentence before it. */
  readonly leaning: boolean
}

const CONSIDERED = 1_500
const LEANING =
  /^(?:this|that|these|those|it|its|they|their|he|she|such|however|but|instead|therefore|thus|hence|moreover|furthermore|also|then|so|and|or|both|conversely|otherwise|similarly|nevertheless|still|yet|in contrast|by contrast|as a result|for example|for instance|in other words|in that|in this|another|others|even then|here|there(?=,)|the (?:latter|former|same|second|third|result|other|last|answer))\b/i

const LINKING = /^(?:\S+ ){1,5}(?:therefore|thus|however|nevertheless|then)\b/
/** In the middle of a paragraph, `The term was …` points back. */
const DEFINITE = /^the (?:\S+ ){1,3}?(?:is|are|was|were|may|might|can|could|has|have|had|does|must|of the)\b/i

/** A word said again is worth this much of what it was worth before. */
const FADING = 0.35
/** An entry of the list that was asked about is worth so much more than a sentence beside it. */
const PREFERENCE = 8
/** What a sentence gains by opening with what is asked about. */
const DEFINITION = 1.5
/** What the first sentence of all gains: texts begin with what they are about. */
const OPENING = 1.3
const REPETITION = 0.4
const CHANCE = 0.08
/** Two sentences that share this part of the shorter one, and so many words, say the same. */
const SAME = 0.65
const SAME_WORDS = 3

/** What matters to the reader of a text. */
interface Interest {
  /** Words on this count more. */
  readonly focus: string
  /** Entries of a list count more than running text. */
  readonly entries: boolean
}

/** Weighs the words and sentences of a text: what it keeps coming back to matters, and so does what `interest` names. */
export function digestOf(given: readonly Sentence[], interest: Interest, random: () => number): Digest {
  const focus = new Set(meaningfulWords(interest.focus))
  const sentences = distinct(given.slice(0, CONSIDERED), interest.entries)
  const entries = sentences.map(([sentence, times], at): Entry => {
    const words = meaningfulWords(sentence.text)
    const merits = [
      interest.entries && sentence.listed ? PREFERENCE : 1,
      isOn(words, focus) ? DEFINITION : 1,
      at === 0 ? OPENING : 1,
      1 + REPETITION * Math.min(times - 1, 2),
      1 + CHANCE * random(),
    ]
    return {
      sentence,
      words: new Set(words),
      length: sentence.text.split(' ').length,
      standing: merits.reduce((product, merit) => product * merit),
      leaning: leans(sentence),
    }
  })
  const weights = weigh(entries, focus)
  return {
    sources: [...new Set(given.flatMap(({ source }) => source ?? []))],
    choose: wish => choose(entries, weights, wish),
    keyWords: (count, of) =>
      [...(of ? new Set(meaningfulWords(of.text)) : weights.keys())]
        .filter(word => word.length > 2 && !/^\d/.test(word))
        .sort((a, b) => (weights.get(b) ?? 0) - (weights.get(a) ?? 0))
        .slice(0, count),
  }
}

/**
 * Sentences without repetitions, each with how often it was there, in the place where it counts: in its list when
 * `entries` matter, or else in running text. It keeps the source that any of its places names.
 */
function distinct(given: readonly Sentence[], entries: boolean): [Sentence, number][] {
  const seen = new Map<string, [Sentence, number]>()
  for (const sentence of given) {
    const key = sentence.text
      .toLowerCase()
      .replace(/[\s\p{P}]+/gu, ' ')
      .trim()
    const [first, times] = seen.get(key) ?? [sentence, 0]
    const isBetter = first.listed && !sentence.listed && !entries
    const source = first.source ?? sentence.source
    if (isBetter) seen.delete(key)
    seen.set(key, [
      isBetter ? { ...sentence, source } : first.source === source ? first : { ...first, source },
      times + 1,
    ])
  }
  return [...seen.values()]
}

function leans({ text, lead }: Sentence): boolean {
  return LEANING.test(text) || LINKING.test(text) || (!lead && DEFINITE.test(text))
}

/** Whether the sentence begins with what the reader is interested in, as definitions do. */
function isOn(words: readonly string[], focus: ReadonlySet<string>): boolean {
  return words.length > 3 && words.slice(0, 2).every(word => focus.has(word))
}

/** Words that return are what a text is about; words that are in every sentence tell sentences apart the least. */
function weigh(entries: readonly Entry[], focus: ReadonlySet<string>): Map<string, number> {
  const frequency = new Map<string, number>()
  for (const { words } of entries)
    for (const word of words) frequency.set(word, (frequency.get(word) ?? 0) + 1)
  const weights = new Map<string, number>()
  for (const [word, count] of frequency) {
    const rarity = Math.log(1 + entries.length / count)
    weights.set(word, Math.log(1 + count) * rarity * (focus.has(word) ? 1.8 : 1))
  }
  return weights
}

function choose(entries: readonly Entry[], weights: ReadonlyMap<string, number>, wish: Wish): Sentence[] {
  const about = new Set(meaningfulWords(wish.about ?? ''))
  const worth = new Map(weights)
  const chosen = new Set<number>()
  let room = wish.words ?? Number.POSITIVE_INFINITY
  const open = new Set(entries.keys())

  while (chosen.size < wish.sentences) {
    let best: { at: number; entry: Entry } | undefined
    let most = 0
    for (const at of open) {
      const entry = entries[at]
      if (!entry || entry.length > room || wish.except?.has(entry.sentence)) {
        open.delete(at)
        continue
      }
      const value = worthOf(entry, worth, about) * (chosen.has(at - 1) ? 1.15 : entry.leaning ? 0.1 : 1)
      if (value > most) {
        most = value
        best = { at, entry }
      }
    }
    if (!best) break
    open.delete(best.at)
    if (isSaid(best.entry, entries, chosen)) continue
    chosen.add(best.at)
    room -= best.entry.length
    for (const word of best.entry.words) worth.set(word, (worth.get(word) ?? 0) * FADING)
  }
  return [...chosen].sort((a, b) => a - b).flatMap(at => entries[at]?.sentence ?? [])
}

function worthOf(entry: Entry, worth: ReadonlyMap<string, number>, about: ReadonlySet<string>): number {
  let sum = 0
  for (const word of entry.words) sum += (worth.get(word) ?? 0) * (about.has(word) ? 3 : 1)
  const readable = entry.length < 7 || entry.length > 40 ? 0.6 : 1
  return (
    ((sum + 0.01) / (entry.words.size + 4)) * entry.standing * readable * (entry.sentence.lead ? 1.15 : 1)
  )
}

function isSaid(entry: Entry, entries: readonly Entry[], chosen: ReadonlySet<number>): boolean {
  for (const at of chosen) {
    const other = entries[at]?.words ?? new Set()
    let shared = 0
    for (const word of entry.words) if (other.has(word)) shared += 1
    if (shared >= Math.max(SAME_WORDS, SAME * Math.min(entry.words.size, other.size))) return true
  }
  return false
}
