import { isObject, type Json } from '../../json.ts'
import { type Block, blocksOf } from './blocks.ts'
import { countWords } from './words.ts'

/** A sentence that an agent was given. */
export interface Sentence {
  readonly text: string
  /** File or address it came from, where the text around it says so. */
  readonly source: string | undefined
  /** Counts the headings before it. */
  readonly section: number
  /** It opens its paragraph, so it does not lean on a sentence before it. */
  readonly lead: boolean
  /** It stood in a list of data, and not in running text. */
  readonly listed: boolean
}

/** What an agent was given, taken apart. */
export interface Material {
  readonly sentences: readonly Sentence[]
  /** Pieces too short to be sentences: names, values, lines of a listing. */
  readonly items: readonly string[]
  /** Sentences that tell the reader what to do; only a prompt has them. */
  readonly requests: readonly string[]
  readonly headings: readonly string[]
  /** Entries of the longest list of data. */
  readonly entries: number
}

/** Characters that are read of the beginning of one text, and of its end. */
const READ_AT_MOST = 64_000
const CLOSE = 2_000
const NESTING = 32
const LABEL = 200

const SHORTEST = 4
const LONGEST = 70
const SOURCE =
  /https?:\/\/[^\s)\]"]+|[\w./-]+\.(?:md|mdx|txt|pdf|html?|json|ya?ml|csv|docx?|rst|[jt]sx?|py|go|rs|java)\b/
const SOURCE_KEY = /^(?:source|file|path|document|url|link|citation|reference)s?$/i
const CODE = /[{}<>=;$\\|]/g

/** Reads `text`; in a prompt, what it asks for is told apart from what it is about. */
export function readMaterial(text: string, isPrompt: boolean): Material {
  return new MaterialReader(isPrompt).read(text)
}

class MaterialReader {
  readonly #isPrompt: boolean
  readonly #sentences: Sentence[] = []
  /** What stands next to the first request: more of what is asked, unless there is nothing else to answer from. */
  readonly #besides: Sentence[] = []
  readonly #items: string[] = []
  readonly #requests: string[] = []
  readonly #headings: string[] = []
  #source: string | undefined
  /** Level of the heading that names the source; headings below it leave it in force. */
  #sourceLevel = 0
  #section = 0
  #entries = 0

  constructor(isPrompt: boolean) {
    this.#isPrompt = isPrompt
  }

  read(text: string): Material {
    for (const block of blocksOf(cut(text))) this.#readBlock(block)
    const isBare = this.#sentences.length === 0
    return {
      sentences: isBare ? this.#besides : this.#sentences,
      items: this.#items,
      requests: isBare ? this.#requests : [...this.#requests, ...this.#besides.map(({ text }) => text)],
      headings: this.#headings,
      entries: this.#entries,
    }
  }

  #readBlock(block: Block): void {
    if (block.kind === 'json') {
      this.#section += 1
      this.#readValue(block.value, 0, this.#source)
    } else if (block.kind === 'heading') {
      this.#headings.push(block.text)
      this.#openSection(block.text, block.level)
    } else if (/:$|^\[[^\]]+\]$/.test(block.text)) {
      if (this.#isPrompt && isRequest(block.text)) this.#requests.push(block.text)
      this.#openSection(block.text, 1)
    } else this.#readSentences(block.text, block.kind, this.#source)
  }

  #openSection(name: string, level: number): void {
    this.#section += 1
    const source = SOURCE.exec(name.slice(0, LABEL))?.[0]
    if (!source && level > this.#sourceLevel) return
    this.#source = source
    this.#sourceLevel = source ? level : 0
  }

  #readSentences(text: string, kind: 'paragraph' | 'item' | 'data', source: string | undefined): void {
    const mayAsk = this.#isPrompt && kind === 'paragraph'
    const sentences = sentencesOf(text)
    const isOpening = mayAsk && this.#section === 0 && isRequest(sentences[0] ?? '')
    let lead = true
    for (const sentence of sentences) {
      if (mayAsk && isRequest(sentence)) this.#requests.push(sentence)
      else if (!isSentence(sentence)) this.#items.push(sentence)
      else {
        const into = isOpening ? this.#besides : this.#sentences
        into.push({ text: sentence, source, section: this.#section, lead, listed: kind === 'data' })
        lead = false
      }
    }
  }

  #readValue(value: Json, depth: number, around: string | undefined): void {
    if (depth > NESTING) return
    if (typeof value === 'string') {
      for (const block of blocksOf(value))
        if ('text' in block) this.#readSentences(block.text, 'data', around)
      return
    }
    if (Array.isArray(value)) this.#entries = Math.max(this.#entries, value.length)
    const fields = isObject(value) || Array.isArray(value) ? Object.entries(value) : []
    const source = fields.find(isSource)?.[1] ?? around
    for (const [key, inner] of fields) if (!isSource([key, inner])) this.#readValue(inner, depth + 1, source)
  }
}

/** The beginning of a long text, and its last paragraphs, where a prompt may say once more what it wants. */
function cut(text: string): string {
  if (text.length <= READ_AT_MOST) return text
  const start = text.slice(0, READ_AT_MOST)
  const end = Math.max(start.lastIndexOf('\n'), start.lastIndexOf('. ') + 1)
  const close = text
    .slice(-CLOSE)
    .split(/\n\s*\n/)
    .slice(1)
  return [start.slice(0, end > READ_AT_MOST / 2 ? end : start.lastIndexOf(' ') + 1), ...close].join('\n\n')
}

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' })
/** The time that segmenting takes grows with the square of the length of some texts, so long ones are cut. */
const SEGMENTED = /[\s\S]{1,3000}(?:\s|$)|[\s\S]{1,3000}/g
const ABBREVIATION = /(?:^|[\s(])(?:e\.g|i\.e|cf|vs|al|[Ff]ig|[Ee]q|No|Dr|Mrs?|Ms|Prof|St|approx|[A-Z])\.$/

export function sentencesOf(text: string): string[] {
  const sentences: string[] = []
  let held = ''
  for (const part of text.match(SEGMENTED) ?? []) {
    for (const { segment } of segmenter.segment(part)) {
      held += segment
      if (held.length < LABEL && ABBREVIATION.test(held.slice(-12).trimEnd())) continue
      sentences.push(held.trim())
      held = ''
    }
  }
  if (held.trim()) sentences.push(held.trim())
  return sentences
}

function isSentence(text: string): boolean {
  const words = countWords(text)
  const marks = text.match(CODE)?.length ?? 0
  return words >= SHORTEST && words <= LONGEST && !/[:?]$/.test(text) && marks * 15 < text.length
}

function isSource(entry: [string, Json]): entry is [string, string] {
  return SOURCE_KEY.test(entry[0]) && typeof entry[1] === 'string'
}

const ORDER = new RegExp(
  `^(?:${[
    '(?:topic|subject|title|theme|question|task|goal|audience|tone|style|language):.*',
    "(?:please|do not|don't|never|always|only|you (?:are|will|must|should|may|can|have)|your|can you|could you|let us|let's|i need|i want|we need|we want)",
    '(?:summari[sz]e|write|give|check|verify|compare|explain|describe|answer|use|return|reply|produce|provide|create|draft|translate|extract|identify|classify|choose|decide|make|keep|include|cite|respond|mention|avoid|ensure|improve|rewrite|shorten|combine|merge|analy[sz]e|evaluate|assess|judge|propose|suggest|generate|outline|edit|read|consider|tell|say|name|prepare|fix|implement|build|add|look|take|turn|put|leave|end|begin|order|group)',
    '(?:list|find|research|review|rank|rate|score|plan|state|note|work|start|limit|mark|format|output|focus|quote|base|search|report|rework|split|design|test|follow) (?:the|a|an|this|these|that|those|each|every|all|any|your|on|only|what|how|why|which|whether|it|them|in|with|up|out|for|from|at|by|one|two|three|four|five|six|seven|eight|nine|ten|\\d+)',
  ].join('|')})(?:\\b|$)`,
  'i',
)

function isRequest(sentence: string): boolean {
  return ORDER.test(sentence) || sentence.endsWith('?')
}
