const WORD = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu

const STOP = new Set(
  `a about above after again all also am an and any are as at be because been before being below between both but by
  can could did do does doing down during each either every few for from further get give had has have having he her
  here his how however i if in instead into is it its just let like made make many may me might more most much must my
  neither no nor not now of off often on once one only or other our out over own per rather same she should since so
  some such than that the their them then there these they this those three through to too two under until up upon us
  use used using very was we well were what when where whether which while who whose why will with within without would
  yet you your`.split(/\s+/),
)

/** How many words `text` has; a character counts as one in scripts without spaces. */
export function countWords(text: string): number {
  return text.match(WORD)?.length ?? 0
}

/** The words of `text` that mean something, in lower case and without plural endings, in order. */
export function meaningfulWords(text: string): string[] {
  const words: string[] = []
  for (const word of text.toLowerCase().match(WORD) ?? []) if (!STOP.has(word)) words.push(stem(word))
  return words
}

function stem(word: string): string {
  if (
    word.length < 4 ||
    !word.endsWith('s') ||
    word.endsWith('ss') ||
    word.endsWith('us') ||
    word.endsWith('is')
  )
    return word
  return word.endsWith('ies') ? `${word.slice(0, -3)}y` : word.slice(0, -1)
}

/** The parts of a name in a schema: `needsHumanReview` and `needs_human_review` are needs, human and review. */
export function nameParts(name: string): string[] {
  return name
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)
}

export function capitalized(text: string): string {
  return /^\p{Ll}[\p{Ll}-]*(?:\P{L}|$)/u.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text
}
