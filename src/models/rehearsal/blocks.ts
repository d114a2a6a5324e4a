import { isObject, type Json } from '../../json.ts'

/** A piece of a text as it was laid out: Markdown, plain prose, or JSON that stands on lines of its own. */
export type Block =
  | { readonly kind: 'heading'; readonly level: number; readonly text: string }
  | { readonly kind: 'paragraph' | 'item'; readonly text: string }
  | { readonly kind: 'json'; readonly value: Json }

const FENCE = /^\s*(?:```|~~~)/
const HEADING = /^\s{0,3}(#{1,6})\s+(\S.*)$/
const ITEM = /^\s*(?:[-*+•]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?(.*)$/
const UNDERLINE = /^\s*(?:={3,}|-{3,}|\*{3,}|_{3,})\s*$/
/** The first line of a paragraph that stands for itself: `Passages:`, `Topic: bees`. */
const LABEL = /^[^\s:][^:]{0,60}:$|^[A-Z]\w*(?: \w+){0,2}: .{0,80}[^.!?]$/
/** A line of JSON that is not whole, and so could not be read as JSON. */
const JSON_LINE = /^\s*(?:"[^"]{1,60}"\s*:\s*)?"(.*)",?\s*$/
const TABLE_ROW = /^\s*\|.*\|\s*$/

/** Values that look like JSON but are not cost a scan each; so many are allowed in one text. */
const FAILED_SCANS = 20

/** Splits `text` into blocks, free of markup. Code and tables are left out: nobody can quote a sentence from them. */
export function blocksOf(text: string): Block[] {
  const blocks: Block[] = []
  let open: { kind: 'paragraph' | 'item'; lines: string[] } | undefined
  let code = false

  const close = () => {
    const joined = open ? plain(open.lines.join(' ')) : ''
    if (open && joined) blocks.push({ kind: open.kind, text: joined })
    open = undefined
  }
  const readLine = (given: string) => {
    const line = given.replace(
      JSON_LINE,
      (_, text: string) => `- ${text.replace(/\\[nt]/g, ' ').replace(/\\(.)/g, '$1')}`,
    )
    if (FENCE.test(line)) {
      close()
      code = !code
      return
    }
    if (code) return
    const heading = HEADING.exec(line)
    const item = ITEM.exec(line)
    if (heading || item || TABLE_ROW.test(line) || UNDERLINE.test(line) || !line.trim()) close()
    else if (open) open.lines.push(line)
    else {
      open = { kind: 'paragraph', lines: [line.replace(/^\s*(?:>\s?)+/, '')] }
      if (LABEL.test(line.trim())) close()
    }

    if (heading)
      blocks.push({
        kind: 'heading',
        level: heading[1]?.length ?? 1,
        text: plain(heading[2] ?? '').replace(/ #+$/, ''),
      })
    else if (item) open = { kind: 'item', lines: [item[1] ?? ''] }
  }

  for (const part of splitJson(text)) {
    if (typeof part === 'string') for (const line of part.split(/\r?\n/)) readLine(line)
    else {
      close()
      blocks.push({ kind: 'json', value: part.json })
    }
  }
  close()
  return blocks
}

/** Text without Markdown and HTML, on one line. What stands between marks is bounded, so that hostile text costs no more. */
function plain(text: string): string {
  return text
    .replace(
      /!\[[^\]]{0,400}\]\([^)]{0,400}\)|\[\^[^\]]{1,40}\]|<!--.{0,400}?-->|<\/?[a-zA-Z][^<>]{0,400}>/g,
      '',
    )
    .replace(/\[([^\][]+)\](?:\([^)]{0,400}\)|\[[^\]]{0,400}\])/g, '$1')
    .replace(/(\*\*|__|~~|`+)(?=\S)(.{1,400}?)\1/g, '$2')
    .replace(/(^|[\s(])([*_])(?=\S)([^*_]{1,400}?)\2(?=$|[\s).,;:!?])/g, '$1$3')
    .replace(/\\([\\`*_{}[\]()#+.!-])/g, '$1')
    .replace(/&(amp|lt|gt|quot|nbsp);/g, (_, name: string) => ENTITIES[name] ?? ' ')
    .replace(/\s+/g, ' ')
    .trim()
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', nbsp: ' ' }

/** `text` with the JSON objects and arrays that begin on a line of their own set apart. */
function* splitJson(text: string): Generator<string | { json: Json }> {
  const start = /^[ \t]*(?=[{[])/gm
  let from = 0
  let failed = 0
  for (let match = start.exec(text); match && failed < FAILED_SCANS; match = start.exec(text)) {
    const at = start.lastIndex
    const end = endOfJson(text, at)
    const json = end === undefined ? undefined : parse(text.slice(at, end))
    if (end === undefined || json === undefined) {
      failed += 1
      start.lastIndex = at + 1
      continue
    }
    yield text.slice(from, at)
    yield { json }
    from = end
    start.lastIndex = end
  }
  yield text.slice(from)
}

function endOfJson(text: string, start: number): number | undefined {
  const token = /"(?:[^"\\]|\\.)*(?:"|$)|[{}[\]]/gs
  token.lastIndex = start
  let depth = 0
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const [mark] = match
    if (mark === '{' || mark === '[') depth += 1
    else if (mark === '}' || mark === ']') depth -= 1
    if (depth === 0) return token.lastIndex
  }
  return undefined
}

function parse(text: string): Json | undefined {
  try {
    const value: Json = JSON.parse(text)
    return Array.isArray(value) || isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
