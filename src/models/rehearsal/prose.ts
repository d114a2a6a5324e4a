import type { Assignment } from './assignment.ts'
import type { Digest } from './digest.ts'
import type { Sentence } from './material.ts'
import { capitalized } from './words.ts'

const USUAL = { prose: 5, bullets: 5, article: 14 } as const
const LISTED = 10
const WORDS_OF_A_SENTENCE = 18
const SENTENCES_OF_A_PARAGRAPH = 4
/** A break inside a section is as bad as so many sentences too many or too few. */
const SECTION_BREAK = 1.5

/**
 * An answer in words: the form and the length that were asked for, out of the most informative sentences. Where there
 * are only `items`, such as the names in a listing, it lists them.
 */
export function writeProse(digest: Digest, assignment: Assignment, items: readonly string[]): string {
  const { form, topic, choice, words } = assignment
  if (choice !== undefined) return choice
  if (items.length > 0) return asBullets(items.slice(0, assignment.items ?? LISTED))
  const title = form === 'article' ? `# ${capitalized(topic ?? digest.keyWords(3).join(', '))}` : ''
  const room = words === undefined ? {} : { words: words - title.split(' ').length + 1 }
  const sentences = digest.choose({ sentences: countOf(assignment), ...room })
  if (sentences.length === 0) return digest.keyWords(Math.min(words ?? LISTED, LISTED)).join(', ')
  const paragraphs =
    assignment.paragraphs ?? (form === 'article' ? Math.ceil(sentences.length / SENTENCES_OF_A_PARAGRAPH) : 1)
  const said = sentences.map(({ text }) => text)
  if (form === 'bullets') return asBullets(said.map(capitalized))
  const text = asParagraphs(sentences, paragraphs).map(inProse)
  const sources = [...new Set(sentences.flatMap(({ source }) => source ?? []))]
  const close =
    form === 'article' && assignment.sources && sources.length > 0 ? `Sources: ${sources.join(', ')}.` : ''
  return [title, ...text, close].filter(Boolean).join('\n\n')
}

function countOf({ form, items, sentences, paragraphs, words }: Assignment): number {
  if (form === 'bullets') return items ?? sentences ?? USUAL.bullets
  if (sentences !== undefined) return sentences
  if (paragraphs !== undefined) return paragraphs * SENTENCES_OF_A_PARAGRAPH
  return words === undefined ? USUAL[form] : Math.ceil(words / WORDS_OF_A_SENTENCE)
}

/** Sentences as running text: each begins with a capital and ends with a mark. */
export function inProse(sentences: readonly (string | Sentence)[]): string {
  return sentences
    .map(sentence => capitalized(typeof sentence === 'string' ? sentence : sentence.text))
    .map(text => (/[.!?…。！？]["'”’)\]]*$/.test(text) ? text : `${text.replace(/[,;:]$/, '')}.`))
    .join(' ')
}

function asBullets(lines: readonly string[]): string {
  return lines.map(line => `- ${line}`).join('\n')
}

/** `count` paragraphs of about the same length that begin where a section does, if that can be had. */
function asParagraphs(sentences: readonly Sentence[], count: number): Sentence[][] {
  const paragraphs: Sentence[][] = []
  let from = 0
  for (let left = count; left > 0 && from < sentences.length; left -= 1) {
    const ideal = from + (sentences.length - from) / left
    const cost = (at: number) =>
      Math.abs(at - ideal) + (sentences[at]?.section === sentences[at - 1]?.section ? SECTION_BREAK : 0)
    let to = left === 1 ? sentences.length : from + 1
    for (let at = to; at <= sentences.length - left + 1; at += 1) if (cost(at) < cost(to)) to = at
    paragraphs.push(sentences.slice(from, to))
    from = to
  }
  return paragraphs
}
