import type { JsonSchema } from '../../json.ts'
import type { Assignment } from './assignment.ts'
import type { Digest } from './digest.ts'
import { textMatching } from './matching.ts'
import type { Sentence } from './material.ts'
import { inProse } from './prose.ts'
import type { Place, Words } from './sample.ts'
import { capitalized, meaningfulWords, nameParts } from './words.ts'

const LONGEST = 100_000

const ROLES = {
  id: /^(?:id|key|slug|ref|code|uuid)$/,
  source: /^(?:source|file|path|document|citation|reference|link|url|uri|filename)s?$/,
  title: /^(?:title|heading|headline|subject|topic|theme|name|label)$/,
  keyword: /^(?:keyword|tag|term|category|area|domain|field|entity|entities)s?$/,
  quote: /^(?:quote|evidence|excerpt|passage|support|text|claim|statement)$/,
  long: /^(?:summary|overview|abstract|answer|content|body|article|report|conclusion|explanation|analysis|details|draft|introduction|result|output|response|message|text|markdown)$/,
} as const

/** Words for sampled answers, out of the digest of what an agent was given. */
export function phrasesFrom(digest: Digest, assignment: Assignment, fallback: string): Words {
  const used = new Set<Sentence>()
  /** Which property of an item says the sentence that the item is about; the others say something near it. */
  const tellers = new Map<Sentence, string>()

  const pick = (count: number, about: string): string[] => {
    const chosen = digest.choose({ sentences: count, about, except: used })
    for (const sentence of chosen) used.add(sentence)
    return chosen.map(({ text }) => text)
  }
  const near = (sentence: Sentence, place: Place): string => {
    const about = `${place.name} ${place.description} ${sentence.text}`
    return digest.choose({ sentences: 1, about, except: new Set([sentence]) })[0]?.text ?? sentence.text
  }
  const phrase = (place: Place): string => {
    const { sentence, index } = place
    const role = roleOf(place.name)
    if (role === 'id')
      return `${slug(assignment.topic ?? digest.keyWords(2).join(' ')) || 'item'}-${index + 1}`
    if (role === 'source')
      return sentence?.source ?? digest.sources[index] ?? digest.sources[0] ?? 'the given text'
    if (role === 'keyword')
      return digest.keyWords(index + 1)[index] ?? `${assignment.topic ?? 'topic'} ${index + 1}`
    if (role === 'title') return titleOf(sentence, digest, assignment)
    if (sentence) {
      if (!tellers.has(sentence)) tellers.set(sentence, place.name)
      return role === 'quote' || tellers.get(sentence) === place.name ? sentence.text : near(sentence, place)
    }
    const about = `${nameParts(place.name).join(' ')} ${place.description}`
    const said = pick(role === 'long' ? (assignment.sentences ?? 4) : 1, about)
    return said.length > 0 ? inProse(said) : (digest.choose({ sentences: 1, about })[0]?.text ?? fallback)
  }

  return {
    text: (schema, place) => fitted(schema, place, phrase),
    sentences: (count, place) => {
      const about = `${nameParts(place.name).join(' ')} ${place.description} ${place.sentence?.text ?? ''}`
      const fresh = digest.choose({ sentences: count, about, except: used })
      for (const sentence of fresh) used.add(sentence)
      return fresh.length > 0 ? fresh : digest.choose({ sentences: count, about })
    },
    usual: assignment.items ?? 4,
    relevance: (text, { sentence }) => {
      const words = new Set(
        meaningfulWords(sentence?.text ?? `${assignment.topic ?? ''} ${digest.keyWords(12).join(' ')}`),
      )
      const named = nameParts(text).flatMap(meaningfulWords)
      return named.filter(word => words.has(word)).length + assignment.fit(text, sentence?.text)
    },
  }
}

function roleOf(name: string): keyof typeof ROLES | undefined {
  const last = nameParts(name).at(-1) ?? ''
  return (Object.keys(ROLES) as (keyof typeof ROLES)[]).find(role => ROLES[role].test(last))
}

function titleOf(sentence: Sentence | undefined, digest: Digest, { topic }: Assignment): string {
  if (!sentence && topic) return capitalized(topic)
  const words = digest.keyWords(3, sentence)
  return words.length > 0 ? capitalized(words.join(', ')) : capitalized(topic ?? 'rehearsal')
}

const SAMPLE_DAY = '2025-01-15'
const FORMATS: Readonly<Record<string, (number: number, phrase: () => string) => string>> = {
  date: number => `2025-01-${String((number % 28) + 1).padStart(2, '0')}`,
  'date-time': number => `${SAMPLE_DAY}T09:${String(number % 60).padStart(2, '0')}:00Z`,
  time: number => `09:${String(number % 60).padStart(2, '0')}:00Z`,
  duration: number => `PT${number + 1}H`,
  email: number => `person-${number + 1}@example.com`,
  hostname: number => `host-${number + 1}.example.com`,
  ipv4: number => `192.0.2.${(number % 254) + 1}`,
  ipv6: number => `2001:db8::${(number + 1).toString(16)}`,
  uuid: number => `00000000-0000-4000-8000-${String(number + 1).padStart(12, '0')}`,
  uri: (number, phrase) => address(phrase()) ?? `https://example.com/${number + 1}`,
  'uri-reference': (number, phrase) => address(phrase()) ?? `https://example.com/${number + 1}`,
  url: (number, phrase) => address(phrase()) ?? `https://example.com/${number + 1}`,
}

function address(text: string): string | undefined {
  return /^https?:\/\/[\w.-]+(?::\d+)?(?:\/[\w./~%-]*)?$/.exec(text)?.[0]
}

/** What `phrase` says at `place`, in the form that `schema` demands. */
export function fitted(schema: JsonSchema, place: Place, phrase: (place: Place) => string): string {
  const { format, pattern, minLength, maxLength } = schema
  const least = Math.min(LONGEST, typeof minLength === 'number' ? minLength : 0)
  const most = typeof maxLength === 'number' ? maxLength : LONGEST
  const make = typeof format === 'string' ? FORMATS[format] : undefined
  if (make) return make(place.index + place.attempt, () => (place.attempt > 0 ? '' : phrase(place)))
  const matching = typeof pattern === 'string' ? textMatching(pattern, least, place.attempt) : undefined
  if (matching !== undefined) return matching
  const text = place.attempt > 0 ? `${place.attempt + 1} ${phrase(place)}` : phrase(place)
  return lengthened(shortened(text, most), least)
}

/** The first sentences of `text` that fit, or else its first words. */
function shortened(text: string, most: number): string {
  if (most >= text.length || [...text].length <= most) return text
  const start = [...text].slice(0, most + 1).join('')
  const sentence = /^.*[.!?](?=\s)/s.exec(start)?.[0]
  if (sentence) return sentence
  const words = start.slice(0, Math.max(0, start.search(/\s+\S*$/))).replace(/[\s,;:–—(-]+$/, '')
  return words || [...text].slice(0, most).join('')
}

function lengthened(text: string, least: number): string {
  const missing = least - [...text].length
  if (missing <= 0) return text
  const again = `${text || 'text'} `.repeat(Math.ceil(missing / 4) + 1).trimStart()
  return [...`${text}${text && ' '}${again}`].slice(0, Math.max(least, 1)).join('').replace(/\s$/, '.')
}

function slug(text: string): string {
  return meaningfulWords(text).slice(0, 4).join('-')
}
