/** Makes a text; the longer the stretch, the more of what may repeat is repeated. */
type Make = (stretch: number) => string

const DIGITS = '1234567890'
const LOWER = 'abcdefghijklmnopqrstuvwxyz'
const UPPER = LOWER.toUpperCase()
const PRINTABLE = between('!', '~')
/** What an escape stands for; `p{…}` is in here under the name of the property. */
const CLASSES: Readonly<Record<string, string>> = {
  ...{ d: DIGITS, w: `${LOWER}${UPPER}${DIGITS}_`, s: ' ', D: LOWER, W: '-', S: LOWER },
  ...{ n: '\n', t: '\t', r: '\r', L: LOWER, Ll: LOWER, Lu: UPPER, N: DIGITS, Nd: DIGITS },
}
const LONGEST = 2_000
const NESTING = 50

/**
 * A text that matches `pattern`, at least `length` characters long if the pattern lets it; nothing when the pattern
 * uses more than literals, classes, groups, alternatives and repetition. The pattern is read, never run. Another
 * `turn` gives another text, where the pattern lets it.
 */
export function textMatching(pattern: string, length: number, turn: number): string | undefined {
  const make = new PatternReader(pattern).read(turn)
  if (!make) return undefined
  let text = make(0)
  for (let stretch = 1; [...text].length < length && stretch <= LONGEST; stretch += 1) {
    const longer = make(stretch)
    if (stretch > 1 && longer.length <= text.length) break
    text = longer
  }
  return text
}

/** Reads a regular expression from left to right. Every method gives nothing for what it does not know. */
class PatternReader {
  readonly #characters: readonly string[]
  #at = 0
  /** Walks through the characters of a class, so that four digits are 1234 and not 1111. */
  #turn = 0

  constructor(pattern: string) {
    this.#characters = [...pattern]
  }

  read(turn: number): Make | undefined {
    const make = this.#alternatives(0)
    if (!make || this.#at < this.#characters.length) return undefined
    return stretch => {
      this.#turn = turn
      return make(stretch)
    }
  }

  /** The first of several alternatives is as good as any. */
  #alternatives(depth: number): Make | undefined {
    const first = depth > NESTING ? undefined : this.#sequence(depth)
    while (first && this.#peek() === '|') {
      this.#at += 1
      if (!this.#sequence(depth)) return undefined
    }
    return first
  }

  #sequence(depth: number): Make | undefined {
    const parts: Make[] = []
    while (this.#at < this.#characters.length && !/[|)]/.test(this.#peek())) {
      const atom = this.#atom(depth)
      if (!atom) return undefined
      parts.push(this.#repeated(atom))
    }
    return stretch => parts.map(part => part(stretch)).join('')
  }

  #atom(depth: number): Make | undefined {
    const character = this.#take()
    if (/[\^$]/.test(character)) return () => ''
    if (character === '.') return this.#anyOf(LOWER)
    if (character === '[') return this.#class()
    if (character === '(') return this.#group(depth)
    if (character === '\\') return this.#matched(/^[bB]/) ? () => '' : this.#anyOf(this.#escape())
    return /[*+?{]/.test(character) ? undefined : () => character
  }

  #group(depth: number): Make | undefined {
    if (!this.#matched(/^\?(?::|<[A-Za-z]\w{0,30}>)/) && this.#peek() === '?') return undefined
    const inner = this.#alternatives(depth + 1)
    return this.#take() === ')' ? inner : undefined
  }

  #class(): Make | undefined {
    const negated = this.#matched(/^\^/)
    let set = ''
    while (this.#at < this.#characters.length && this.#peek() !== ']') {
      const first = this.#member()
      const last = first?.length === 1 && this.#matched(/^-(?=[^\]])/) ? this.#member() : undefined
      if (first === undefined) return undefined
      set += last ? between(first, last) : first
    }
    this.#at += 1
    return this.#anyOf(negated ? [...LOWER, ...PRINTABLE].filter(one => !set.includes(one)).join('') : set)
  }

  #member(): string | undefined {
    const character = this.#take()
    return character === '\\' ? this.#escape() : character
  }

  #escape(): string | undefined {
    const name = this.#matched(/^p\{\w{1,2}\}/)?.slice(2, -1) ?? this.#take()
    return CLASSES[name] ?? (/^[^\w]$/.test(name) ? name : undefined)
  }

  /** Optional parts are used as soon as more than the shortest text is wanted. */
  #repeated(make: Make): Make {
    const counted = /^\{(\d{1,4})(,?)(\d{0,4})\}/.exec(this.#matched(/^\{\d{1,4},?\d{0,4}\}/) ?? '')
    const mark = counted ? '{' : this.#matched(/^[*+?]/)
    if (!mark) return make
    this.#matched(/^\?/)
    const least = counted ? Number(counted[1]) : mark === '+' ? 1 : 0
    const isOpen = counted ? counted[2] && !counted[3] : mark !== '?'
    const most = isOpen ? LONGEST : Number(counted?.[3] || counted?.[1] || 1)
    return stretch => {
      let text = ''
      for (let left = Math.min(most, least + stretch); left > 0 && text.length < LONGEST; left -= 1) {
        const piece = make(stretch)
        if (!piece) break
        text += piece
      }
      return text
    }
  }

  #anyOf(set: string | undefined): Make | undefined {
    const characters = [...(set ?? '')]
    return characters.length > 0 ? () => characters[this.#turn++ % characters.length] ?? '' : undefined
  }

  #peek(): string {
    return this.#characters[this.#at] ?? ''
  }

  #take(): string {
    return this.#characters[this.#at++] ?? ''
  }

  #matched(what: RegExp): string | undefined {
    const found = what.exec(this.#characters.slice(this.#at, this.#at + 40).join(''))?.[0]
    this.#at += found?.length ?? 0
    return found
  }
}

function between(first: string, last: string): string {
  const from = first.codePointAt(0) ?? 0
  const size = Math.min(100, Math.max(0, (last.codePointAt(0) ?? 0) - from + 1))
  return Array.from({ length: size }, (_, index) => String.fromCodePoint(from + index)).join('')
}
