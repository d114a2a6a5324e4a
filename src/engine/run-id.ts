import type { Clock } from '../clock.ts'

/** Crockford's base 32: no letter can be taken for a digit or for another letter. */
const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz'

const EPOCH = Date.UTC(2025, 0, 1)

/**
 * Six characters for the second (until 2059), so that ids sort by age, and five at random: with a hundred runs a second
 * two of them are the same once in some two hours.
 */
export function newRunId({ now, random }: Clock): string {
  const second = Math.floor((now() - EPOCH) / 1000)
  return inBase32(second, 6) + inBase32(Math.floor(random() * 32 ** 5), 5)
}

function inBase32(value: number, length: number): string {
  let text = ''
  for (let rest = value; text.length < length; rest = Math.floor(rest / 32)) text = DIGITS[rest % 32] + text
  return text
}
