import { basename } from 'node:path'
import stringWidth from 'string-width'
import { CrewError } from '../../errors.ts'
import { maskSecrets } from '../secrets.ts'
import type { Path } from './tree.ts'

/** Line and column count from 1, the offset from 0; all of them in UTF-16 units, as editors do. */
export interface Location {
  readonly line: number
  readonly column: number
  readonly offset: number
  readonly length: number
}

/** Something wrong in a team file, before it is known where that stands. */
export interface Finding {
  readonly path: Path
  readonly message: string
  /** The key, the value (default), or a part of the value: a text with a template in it. */
  readonly at?: 'key' | 'value' | { readonly offset: number; readonly length: number }
  /** What would mend it; shown next to the place. */
  readonly hint?: string
  readonly severity?: 'error' | 'warning'
}

export interface Problem {
  /** The file that it is in. */
  readonly source: Text
  readonly path: Path
  readonly message: string
  readonly location: Location
  readonly hint?: string
  readonly severity: 'error' | 'warning'
}

/** A text with problems, and how it is called. */
export interface Text {
  readonly name: string
  readonly text: string
}

const MOST_SHOWN = 50
/** Columns of a line that are shown around a problem. */
const WIDTH = 100

/** All problems as a person reads them, file by file from top to bottom, each with its line. Says nothing that a terminal obeys. */
export function formatProblems(problems: readonly Problem[]): string {
  const files = [...new Set(problems.map(({ source }) => source.name))]
  const sorted = [...problems].sort(
    (a, b) =>
      files.indexOf(a.source.name) - files.indexOf(b.source.name) || a.location.offset - b.location.offset,
  )
  const shown = sorted.slice(0, MOST_SHOWN).map(formatProblem)
  const more = sorted.length - shown.length
  return [...shown, ...(more > 0 ? [`… and ${more} more`] : [])].join('\n')
}

/** A team file with problems; the message shows them all. */
export class DefinitionError extends CrewError {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    const count = problems.length === 1 ? 'the problem' : `the ${problems.length} problems`
    const files = [...new Set(problems.map(({ source }) => printable(basename(source.name))))]
    super('definition', formatProblems(problems), {
      hint: `mend ${count} in ${files.join(', ')} and run the same command again`,
    })
    this.problems = problems
  }
}

export function pathName(path: Path): string {
  return path
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : index > 0 ? `.${key}` : key))
    .join('')
}

/** Untrusted text on one line, without anything that a terminal obeys, and of bounded length. */
export function printable(text: string, longest = 200): string {
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text
  return cut.replace(UNPRINTABLE, character => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}

/** Control characters, marks that reorder text, lone surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}\u200b\ufeff]/gu

function formatProblem({ source, path, message, location, hint, severity }: Problem): string {
  const place = path.length > 0 ? `${printable(pathName(path))}: ` : ''
  const says = `${place}${printable(maskSecrets(message), 2000)}`
  const head = `${printable(source.name)}:${location.line}:${location.column}: ${severity}: ${says}`
  const { line, indent, width } = excerpt(source.text, location)
  const number = String(location.line).padStart(5)
  const carets = `${' '.repeat(indent)}${'^'.repeat(width)}${hint ? ` ${printable(maskSecrets(hint), 500)}` : ''}`
  return `${head}\n${number} | ${line}\n      | ${carets}`
}

/** The line of a problem, cut around it, and where in it the carets go. */
function excerpt(text: string, { offset, column, length }: Location) {
  const lineStart = offset - (column - 1)
  const lineEnd = text.slice(lineStart, lineStart + 300_000).search(/\r?\n|$/) + lineStart
  const from = offset - lineStart <= WIDTH / 2 ? lineStart : offset - WIDTH / 2
  const to = Math.min(lineEnd, from + WIDTH)
  const end = Math.max(offset, Math.min(offset + length, to))
  const lead = from > lineStart ? '… ' : ''
  const line = singleWidth(
    maskSecrets(text.slice(lineStart, lineEnd)).slice(from - lineStart, to - lineStart),
  )
  return {
    line: `${lead}${line}${to < lineEnd ? ' …' : ''}`,
    indent: stringWidth(lead + line.slice(0, offset - from)),
    width: Math.max(1, stringWidth(line.slice(offset - from, end - from))),
  }
}

/** Keeps the length of a line, so that columns stay right. */
function singleWidth(text: string): string {
  return text.replace(/\t/g, ' ').replace(UNPRINTABLE, '·')
}
