import {
  type Alias,
  CST,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  type Node,
  type Pair,
  type ParsedNode,
  parseDocument,
  type YAMLMap,
  type YAMLParseError,
} from 'yaml'
import type { Span } from '../../expressions/references.ts'
import { DEEPEST, type Entry, type Fault, MOST_VALUES, type Tree, tooDeep, Unreadable } from './tree.ts'

const MOST_TOKENS = 60_000
const MOST_ALIASES = 100
/** Levels that a line may open by its indentation and its indicators (`- - -`). */
const WIDEST = 200

/** What the lexer inserts to say what a token is; not part of the text. */
const MARKS: ReadonlySet<string> = new Set([CST.DOCUMENT, CST.FLOW_END, CST.SCALAR])

const CORE_TAG = /^tag:yaml\.org,2002:(str|int|float|bool|null|map|seq)$/

const HINTS: Partial<Record<YAMLParseError['code'], string>> = {
  BLOCK_AS_IMPLICIT_KEY: 'put text that contains ": " in quotes',
  MULTILINE_IMPLICIT_KEY: 'does a line lack its ":" or its closing quote?',
  TAB_AS_INDENT: 'indent with spaces',
  MISSING_CHAR: `put text that starts with a special character, or a \${…} inside [ ], in quotes`,
  BAD_SCALAR_START: 'put text that starts with a special character in quotes',
}

/** Reads YAML 1.2. Throws Unreadable. */
export function parseYaml(text: string): Tree {
  refuseSize(text)
  const document = parseDocument(text, { uniqueKeys: false, prettyErrors: false, logLevel: 'error' })
  if (document.errors.length > 0) throw new Unreadable(...document.errors.slice(0, 3).map(faultOf))
  if (!document.contents) throw new Unreadable({ start: 0, end: 1, message: 'the file is empty' })
  return new Reader().tree(document.contents)
}

/**
 * The parser descends into every level, and grows slow on text that is nothing but errors: both are counted before
 * it starts, on the tokens.
 */
function refuseSize(text: string): void {
  let offset = 0
  let tokens = 0
  let flow = 0
  let opened = 0
  for (const token of new Lexer().lex(text)) {
    const here = { start: offset, end: offset + 1 }
    if (token === '[' || token === '{') flow += 1
    else if (token === ']' || token === '}') flow = Math.max(0, flow - 1)
    else if (token === '\n' || token === '\r\n') opened = 0
    else if (flow === 0 && opened === 0 && /^ +$/.test(token)) opened = token.length
    else if (flow === 0 && /^[-?:]$/.test(token)) opened += 1
    tokens += 1
    if (flow > DEEPEST || (opened > WIDEST && /^[-?:]$/.test(token))) throw new Unreadable(tooDeep(here))
    if (tokens > MOST_TOKENS)
      throw new Unreadable({ ...here, message: 'the file has too many parts for a team' })
    if (!MARKS.has(token)) offset += token.length
  }
}

function faultOf({ code, message, pos: [start, end] }: YAMLParseError): Fault {
  if (code === 'MULTIPLE_DOCS') {
    return { start, end, message: 'the file holds more than one document', hint: 'remove the line ---' }
  }
  const hint = HINTS[code]
  return {
    start,
    end: Math.max(end, start + 1),
    message: `this is not YAML: ${message}`,
    ...(hint && { hint }),
  }
}

/** Turns nodes into trees, in the order of the file: an alias stands for the last anchor of its name before it. */
class Reader {
  readonly #anchors = new Map<string, Tree>()
  #aliases = 0
  #merged = 0

  tree(node: Node): Tree {
    if (isAlias(node)) return this.#resolve(node)
    const parsed = node as Exclude<ParsedNode, Alias.Parsed>
    if (parsed.tag && !CORE_TAG.test(parsed.tag)) {
      throw new Unreadable({
        ...spanOf(node),
        message: `the tag ${parsed.tag} is not allowed: plain values only`,
      })
    }
    const tree = this.#collect(parsed)
    if (parsed.anchor) this.#anchors.set(parsed.anchor, tree)
    return tree
  }

  #collect(node: Exclude<ParsedNode, Alias.Parsed>): Tree {
    const span = spanOf(node)
    if (isSeq(node)) return { ...span, kind: 'list', items: node.items.map(item => this.tree(item as Node)) }
    if (isMap(node)) return { ...span, kind: 'map', entries: this.#entries(node) }
    const value: unknown = node.value
    if (typeof value === 'number' && !Number.isFinite(value)) {
      throw new Unreadable({ ...span, message: `${value} is not a number that JSON knows` })
    }
    const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    return { ...span, kind: 'scalar', value: isPlain ? value : null }
  }

  #entries({ items }: YAMLMap): Entry[] {
    const own: Entry[] = []
    const merged: Entry[] = []
    for (const pair of items as Pair<Node, Node | null>[]) {
      const at = spanOf(pair.key)
      if (!isScalar(pair.key) || pair.key.value === null)
        throw new Unreadable({ ...at, message: 'a key must be text' })
      const value: Tree = pair.value ? this.tree(pair.value) : { ...at, kind: 'scalar', value: null }
      if (pair.key.source === '<<' && pair.key.type === 'PLAIN') merged.push(...this.#merge(value))
      else own.push({ key: String(pair.key.source ?? pair.key.value), at, value })
    }
    const keys = new Set(own.map(({ key }) => key))
    for (const entry of merged) if (!keys.has(entry.key) && keys.add(entry.key)) own.push(entry)
    return own
  }

  #merge(value: Tree): readonly Entry[] {
    if (value.kind === 'list') return value.items.flatMap(item => this.#merge(item))
    if (value.kind !== 'map')
      throw new Unreadable({ ...value, message: '<< merges a map, or a list of maps' })
    this.#merged += value.entries.length
    if (this.#merged > MOST_VALUES) throw new Unreadable({ ...value, message: '<< merges too many values' })
    return value.entries
  }

  #resolve(alias: Alias): Tree {
    this.#aliases += 1
    if (this.#aliases > MOST_ALIASES) {
      throw new Unreadable({ ...spanOf(alias), message: `the file has more than ${MOST_ALIASES} aliases` })
    }
    const tree = this.#anchors.get(alias.source)
    if (!tree)
      throw new Unreadable({
        ...spanOf(alias),
        message: `there is no anchor &${alias.source} before this alias`,
      })
    return tree
  }
}

function spanOf(node: Node | null): Span {
  const [start, end] = node?.range ?? [0, 1]
  return { start, end }
}
