import stringWidth from 'string-width'

/**
 * The one place where text that crew did not write is made fit for a terminal. Everything that is shown and came from
 * a model, a tool, a file or another process goes through here, be it a plain line, a table cell or a title.
 */

/**
 * Control sequences as a terminal reads them: strings with their payload (OSC, DCS, SOS, PM, APC), then CSI, then
 * the short ones. What is not complete is left for UNSAFE, which takes the control characters and leaves the rest
 * readable. No part can run over the start of another sequence, which keeps the search linear; repetitions
 * are bounded because each takes up stack.
 */
const SEQUENCES = new RegExp(
  [
    String.raw`(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x00-\x1f\x7f-\x9f]{0,999999}(?:\x07|\x1b\\|\x9c)`,
    String.raw`(?:\x1b\[|\x9b)[0-?]{0,199999}[ -/]{0,99}[@-~]`,
    String.raw`\x1b[ -/]{0,99}[0-OQ-WYZ\x60-~]`,
  ].join('|'),
  'g',
)

/**
 * What never gets through, except line feed and tab: control characters, half characters, and what is invisible
 * (bidirectional overrides, zero-width characters, tags, fillers). Three exceptions: a joiner between emoji, a
 * joiner or its opposite within a word of a script that writes with them, and the variation selector of a symbol.
 */
const UNSAFE = new RegExp(
  [
    String.raw`(?<=\p{Extended_Pictographic}[\ufe0f\p{Emoji_Modifier}]?)(\u200d)(?=\p{Extended_Pictographic})`,
    String.raw`(?<=[\p{sc=Arab}\p{sc=Deva}\p{sc=Beng}\p{sc=Gujr}\p{sc=Guru}\p{sc=Knda}\p{sc=Mlym}\p{sc=Orya}\p{sc=Sinh}\p{sc=Taml}\p{sc=Telu}])([\u200c\u200d])(?=\p{L})`,
    String.raw`(?<=[\p{Emoji}\p{S}])([\ufe0e\ufe0f])`,
    String.raw`[[\p{Cc}\p{Cs}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]--[\t\n]]{1,1000}`,
  ].join('|'),
  'gv',
)

/**
 * `text` without anything that could steer a terminal or deceive a reader. Lines may end in line feeds, and tabs
 * stay. What is split over two calls is as harmless as what comes in one.
 */
export function sanitize(text: string): string {
  return text
    .replace(SEQUENCES, '')
    .replace(/[\u2028\u2029]/g, '\n')
    .replace(UNSAFE, (_, ...kept: (string | undefined)[]) => kept.slice(0, 3).find(Boolean) ?? '')
}

/**
 * `text` in one line in which everything that could steer a terminal or deceive a reader shows as an escape, instead of
 * being left out: for text about which somebody decides.
 */
export function reveal(text: string): string {
  return text.replace(HIDDEN, character => {
    if (character === '\n') return '\\n'
    if (character === '\t') return '\\t'
    return `\\u{${character.codePointAt(0)?.toString(16)}}`
  })
}

/** Also blanks that are no ordinary ones. */
const HIDDEN = /[\p{Cc}\p{Cs}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\ufff9-\ufffb]|(?! )\p{Zs}/gu

/** Text in which every character takes one column. Most text is like that, and there is much of it. */
export const PLAIN = /^[ -~]*$/
/** The same with what crew itself draws with: lines, blocks, marks, all of one column. */
const DRAWN = /^[ -~\u2500-\u25ff·…–›→←↑↓✓✗∅]*$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are written with them
const COLOURS = /\x1b\[[0-9;]*m/g

/** Columns that a terminal needs for a line, whatever its colours. */
export function widthOf(line: string): number {
  if (PLAIN.test(line)) return line.length
  const bare = line.replace(COLOURS, '')
  return DRAWN.test(bare) ? bare.length : stringWidth(bare)
}

const graphemes = new Intl.Segmenter()

/** `text`, harmless, on one line of at most `width` columns; what had to be left out is shown by an ellipsis. */
export function oneLine(text: string, width: number): string {
  const line = (PLAIN.test(text) ? text : sanitize(text)).replace(/\s+/g, ' ').trim()
  if (PLAIN.test(line)) return line.length <= width ? line : width < 1 ? '' : `${line.slice(0, width - 1)}…`
  let fitting = ''
  let used = 0
  for (const { segment } of graphemes.segment(line)) {
    used += widthOf(segment)
    if (used > width) return width < 1 ? '' : `${fitting}…`
    if (used < width) fitting += segment
  }
  return line
}
