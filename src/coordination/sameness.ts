import { brief } from '../json.ts'

/** Text as it is compared: without regard to case, space and punctuation. */
export function normalized(text: string): string {
  return text
    .toLowerCase()
    .replace(/[\s\p{P}]+/gu, ' ')
    .trim()
}

/** The beginning of a text in one line, as evidence. */
export function quoted(text: string): string {
  return `"${brief(text)}"`
}
