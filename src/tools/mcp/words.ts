/**
 * What a server says about itself and its tools, fit to be read by a model and a person: without anything invisible
 * (control and format characters, tags, fillers, private characters), of `most` characters at the most.
 */
export function legible(text: string, most: number): string {
  const clean = text.replace(SEQUENCES, '').replace(INVISIBLE, '').trim()
  return clean.length > most ? `${clean.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, '')}…` : clean
}

/** The same in one line. */
export function legibleLine(text: string, most: number): string {
  return legible(text.replace(/\s+/g, ' '), most)
}

const SEQUENCES = new RegExp(
  [String.raw`\x1b\[[0-?]{0,99}[ -/]{0,9}[@-~]`, String.raw`\x1b\][^\x07\x1b]{0,9999}(?:\x07|\x1b\\)`].join(
    '|',
  ),
  'g',
)

const INVISIBLE = new RegExp(
  [
    '[',
    String.raw`[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}]`,
    String.raw`--[\t\n]`,
    ']',
  ].join(''),
  'gv',
)
