/** Text as it is compared: without regard to case, space and punctuation. */
export function normalized(text: string): string {
  return text
    .toLowerCase()
    .replace(/[\s\p{P}]+/gu, ' ')
    .trim()
}

/** The beginning of a text in one line, as evidence. */
export function quoted(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return `"${line.length > 80 ? `${line.slice(0, 80)}…` : line}"`
}
