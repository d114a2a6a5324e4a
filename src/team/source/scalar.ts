/**
 * Where character `index` of a text is written, given how it is written in the file: in quotes, with escapes, folded
 * or indented. Counts from the start of `raw`; 0 when the two cannot be brought together.
 */
export function positionWithin(raw: string, value: string, index: number): number {
  const quote = /^["']/.exec(raw)?.[0]
  let at = /^[|>]/.test(raw) ? raw.indexOf('\n') + 1 : quote ? 1 : 0
  let seen = 0
  while (seen < index) {
    const written = raw[at]
    if (written === undefined) return 0
    const escaped = quote ? escapeAt(raw, at, quote) : undefined
    if (escaped) {
      at += escaped.length
      seen += escaped.stands
    } else if (written === value[seen]) {
      at += 1
      seen += 1
    } else if (isSpace(written)) {
      // A folded line: white space in the file and in the text differ in length only.
      while (isSpace(raw[at])) at += 1
      while (seen < index && isSpace(value[seen])) seen += 1
    } else return 0
  }
  while (isSpace(raw[at]) && raw[at] !== value[seen]) at += 1
  return at
}

interface Escape {
  /** Characters in the file. */
  readonly length: number
  /** Characters in the text. */
  readonly stands: number
}

function escapeAt(raw: string, at: number, quote: string): Escape | undefined {
  if (quote === "'") return raw.startsWith("''", at) ? { length: 2, stands: 1 } : undefined
  if (raw[at] !== '\\') return undefined
  const [text] = /^\\(?:u.{4}|x.{2}|U.{8}|\r?\n[ \t]*|.)/s.exec(raw.slice(at, at + 1000)) ?? ['\\']
  if (text[1] === '\n' || text[1] === '\r') return { length: text.length, stands: 0 }
  return { length: text.length, stands: text[1] === 'U' && !text.startsWith('\\U0000') ? 2 : 1 }
}

function isSpace(character: string | undefined): boolean {
  return character === ' ' || character === '\n' || character === '\r' || character === '\t'
}
