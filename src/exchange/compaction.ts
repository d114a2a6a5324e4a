import * as z from 'zod'
import { asText, type Json } from '../json.ts'
import { countTokens } from '../tokens.ts'
import { inWords, type Packet } from './packet.ts'

export const contextSettings = z
  .strictObject({
    tokens: z
      .int()
      .min(100)
      .optional()
      .describe(
        "The most that a context packet may have; default: what the model's context window leaves for it, where that is known, else 100000",
      ),
    compact: z
      .union([
        z.enum(['trim', 'drop']),
        z.strictObject({ by: z.string().describe('The agent that writes a summary') }),
      ])
      .optional()
      .describe(
        'What happens to a larger one: trim (default) cuts the longest pieces of knowledge, drop leaves out the oldest, by has an agent sum it up',
      ),
  })
  .describe('How much the agent is handed')

export type Compaction = NonNullable<z.infer<typeof contextSettings>['compact']>

export function sizeOf(packet: Packet): number {
  return countTokens(inWords(packet))
}

/** Without the oldest knowledge, as far as that is needed to get down to `most` tokens. */
export function dropOldest(packet: Packet, most: number): Packet {
  const left = Object.entries(packet.knowledge ?? {})
  const shorter = () => ({ ...packet, knowledge: Object.fromEntries(left) })
  while (left.length > 0 && sizeOf(shorter()) > most) left.shift()
  return trimProgress(shorter(), most)
}

/** With the longest pieces of knowledge cut in the middle, all to the same length. */
export function trimLongest(packet: Packet, most: number): Packet {
  const pieces = Object.entries(packet.knowledge ?? {}).map(([name, value]) => [name, asText(value)] as const)
  const lengths = pieces.map(([, text]) => countTokens(text))
  const others = sizeOf(packet) - lengths.reduce((sum, length) => sum + length, 0)
  const longest = shareOf(lengths, most - others)
  const knowledge = Object.fromEntries(
    pieces.map(([name, text]): [string, Json] => [name, cut(text, longest)]),
  )
  return trimProgress({ ...packet, knowledge }, most)
}

/** Task, constraints and what is to be done now are never cut; what has been done is the last that is. */
function trimProgress(packet: Packet, most: number): Packet {
  const excess = sizeOf(packet) - most
  if (excess <= 0 || !packet.progress) return packet
  return { ...packet, progress: cut(packet.progress, countTokens(packet.progress) - excess) }
}

/** How long each of several texts may be at the most, so that they have `tokens` together. */
function shareOf(lengths: readonly number[], tokens: number): number {
  let left = tokens
  let others = lengths.length
  for (const length of [...lengths].sort((a, b) => a - b)) {
    if (length > left / others) return Math.floor(left / others)
    left -= length
    others -= 1
  }
  return Number.POSITIVE_INFINITY
}

/** Fewer bytes than this say nothing. */
const LEAST = 60

/** Beginning and end of a text that is too long, the end half as long, and between them how much is missing. */
function cut(text: string, tokens: number): string {
  const bytes = Buffer.from(text)
  const size = countTokens(text)
  if (size <= tokens) return text
  const note = (missing: number) => `[… ${missing} tokens were cut here …]`
  const room = 3 * tokens - Buffer.byteLength(note(size)) - 4
  if (room < LEAST) return note(size)
  const tail = Math.floor(room / 3)
  const parts = [bytes.subarray(0, room - tail), bytes.subarray(bytes.length - tail)]
  // A character of several bytes may have been cut through.
  const [head = '', end = ''] = parts.map(part => part.toString().replace(/^\uFFFD+|\uFFFD+$/g, ''))
  return `${head}\n${note(size - tokens)}\n${end}`
}
