import { type Material, sentencesOf } from './material.ts'
import { wordsFor } from './roster.ts'
import { meaningfulWords, nameParts } from './words.ts'

/** What an agent was asked for, as far as it is simple to see. */
export interface Assignment {
  readonly form: 'prose' | 'bullets' | 'article'
  readonly topic: string | undefined
  /** How many pieces were asked for: bullets, points, claims … */
  readonly items: number | undefined
  readonly sentences: number | undefined
  readonly paragraphs: number | undefined
  /** The most words that the answer may have. */
  readonly words: number | undefined
  /** Of the answers among which it has to choose, the one that the prompt speaks of most. */
  readonly choice: string | undefined
  /** It should say where things come from. */
  readonly sources: boolean
  /** It should go through the entries of a list that it was given. */
  readonly each: boolean
  /** How much in a text, by default the prompt itself, speaks for a name that the prompt explains in a list. */
  fit(name: string, text?: string): number
}

const READ_AT_MOST = 4_000
const REQUESTS = 100
const NUMBERS = 'zero one two three four five six seven eight nine ten eleven twelve'.split(' ')
const NUMBER = `(\\d{1,5}|single|in an?(?= sentence| word\\b| paragraph)|${NUMBERS.join('|')})`
const ITEMS =
  'bullets?|bullet points|points|items|claims|facts|ideas|steps|examples|questions|findings|lines|takeaways|reasons|entries|keywords'
const WRITING =
  /\b(?:write[sr]?|draft|compose|produce|prepare|author|article|report)\b[^.?!]*\b(?:article|report|essay|paper|memo|story|blog post|newsletter|writer)\b/i
const CHOICES =
  /\b(?:one of|(?:reply|answer|respond)(?: with)? (?:exactly|only|just|either)(?: with)?(?: one of)?|(?:reply|answer|respond)(?= yes or no))(?: the following)?:? ["'“]?([\w-]+["'”]?(?:(?:, (?:or )?| or | \| )["'“]?[\w-]+["'”]?)+)/i
const WAY_OUT =
  /[.:;!?,()\n]|\s+(?:for|from|using|with|that|which|as|based|so|to|and (?:then |give|name|list|cite|write|explain|say|tell|show|include|mention|return|use|add|check|make|keep)|in (?:at|about|no|\d+|an?|one|two|three|four|five|six|seven|eight|nine|ten))\b/i
const MATERIAL =
  /\b(?:claims?|passages?|texts?|following|below|above|notes?|bullets?|material|inputs?|documents?|summary|answers?|findings|sources?|this|these|it|them|what|each|every|reader|engineers)\b/i

/** What `prompt` asks for; where it leaves something open, the `role` says it. */
export function readAssignment(prompt: Material, promptText: string, system: string): Assignment {
  const asked = prompt.requests.join('\n').slice(0, READ_AT_MOST)
  const role = system.slice(0, READ_AT_MOST)
  const numbered = (what: string) => count(prompt.requests, what) ?? count(sentencesOf(role), what)
  const each = prompt.entries > 0 && /\b(?:each|every|all)\b/i.test(asked)
  const isList = (text: string) => /\bbullet|\bbulleted|^list\b/im.test(text)
  const isWriting = WRITING.test(asked) || (!isList(asked) && WRITING.test(role))
  return {
    form: isWriting ? 'article' : isList(asked) || isList(role) ? 'bullets' : 'prose',
    topic: topicOf(prompt, promptText),
    items: numbered(ITEMS) ?? (each ? prompt.entries : undefined),
    sentences: numbered('sentences?'),
    paragraphs: numbered('paragraphs?'),
    words: numbered('words?'),
    choice: chooseAnswer((CHOICES.exec(asked) ?? CHOICES.exec(role))?.[1], promptText),
    sources: /\b(?:sources?|cite|citations?|references?)\b/i.test(`${asked}\n${role}`),
    each,
    fit: (name, text) => wordsFor(name, promptText, text).length,
  }
}

/** How many of `what` the whole answer should have; what is said of each of its parts does not count. */
function count(requests: readonly string[], what: string): number | undefined {
  const amount = new RegExp(`\\b${NUMBER}[ -](?:[a-z-]+ ){0,2}(?:${what})\\b`, 'i')
  const ofAll = requests.slice(0, REQUESTS).filter(request => !/\b(?:each|every|per)\b/i.test(request))
  const found = ofAll.flatMap(
    request => amount.exec(request.slice(0, READ_AT_MOST))?.[1]?.toLowerCase() ?? [],
  )[0]
  if (found === undefined) return undefined
  if (/^\d/.test(found)) return Number(found)
  return NUMBERS.includes(found) ? NUMBERS.indexOf(found) : 1
}

function chooseAnswer(list: string | undefined, prompt: string): string | undefined {
  const choices = list?.split(/,? or |, | \| /).map(bare) ?? []
  const said = meaningfulWords(prompt.slice(0, READ_AT_MOST))
  const times = (choice: string) => {
    const words = new Set(nameParts(choice).flatMap(meaningfulWords))
    return said.filter(word => words.has(word)).length
  }
  return choices.length > 1
    ? choices.reduce((best, one) => (times(one) > times(best) ? one : best))
    : undefined
}

function bare(text: string): string {
  return text.replace(/["'“”]/g, '').trim()
}

function topicOf({ requests, headings, items }: Material, prompt: string): string | undefined {
  const labelled = /^\s*(?:topic|subject|title|theme|question|task)\s*:\s*(\S.{2,100})$/im.exec(
    prompt.slice(0, READ_AT_MOST),
  )?.[1]
  if (labelled) return bare(labelled).replace(/[.?!]$/, '')
  for (const request of requests) {
    for (const found of request.matchAll(
      /(?<!based |only |focus |rely )\b(?:about|on|regarding|covering|of)\s+(?:the )?(.{3,200})/gi,
    )) {
      const topic = found[1]?.split(WAY_OUT)[0]?.replace(/["“”]/g, '').trim()
      if (topic && topic.split(' ').length <= 8 && !MATERIAL.test(topic)) return topic
    }
  }
  for (const request of requests) {
    const quoted = /["“«]([^"”»:]{3,80})["”»]/.exec(request)?.[1]
    if (quoted) return quoted
  }
  return [items[0], headings[0]].find(text => text !== undefined && text.split(' ').length <= 8)
}
