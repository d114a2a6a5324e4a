import { createRedactor } from '../redact.ts'

const redact = createRedactor({})
const REDACTED = '[redacted]'

/** The text with everything that looks like a key or a token replaced by as many asterisks. */
export function maskSecrets(text: string): string {
  const redacted = redact(text)
  if (redacted === text) return text
  let masked = ''
  for (const part of redacted.split(REDACTED))
    masked = masked.padEnd(text.indexOf(part, masked.length), '*') + part
  return masked.padEnd(text.length, '*')
}

/** Where in a text a key or a token is written out. */
export function findSecret(text: string): { readonly offset: number; readonly length: number } | undefined {
  const masked = maskSecrets(text)
  if (masked === text) return undefined
  const differs = (index: number) => masked[index] !== text[index]
  const places = Array.from(text, (_, index) => index)
  const offset = places.findIndex(differs)
  const end = places.findIndex(index => index > offset && masked[index] !== '*')
  return { offset, length: (end < 0 ? text.length : end) - offset }
}
