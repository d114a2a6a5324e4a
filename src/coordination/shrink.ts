import { type Compaction, dropOldest, sizeOf, trimLongest } from '../exchange/compaction.ts'
import { type Packet, tokensOf } from '../exchange/packet.ts'
import { asText } from '../json.ts'
import type { FactOf } from '../store/events.ts'
import type { TeamContext } from './ask.ts'
import { attempt } from './attempt.ts'

export interface Oversized {
  readonly agent: string
  readonly key: string
  readonly packet: Packet
  /** Tokens that it may have. */
  readonly most: number
  readonly compact: Compaction
}

export interface Shrunk {
  readonly packet: Packet
  /** What was done to it, and why. */
  readonly decision?: Omit<FactOf<'decision'>, 'type' | 'key'>
}

/** Makes a packet smaller that is too large for an agent. Task, constraints and what is to be done now stay whole. */
export async function shrink(team: TeamContext, oversized: Oversized): Promise<Shrunk> {
  const { agent, packet, most, compact } = oversized
  const { how, packet: smaller } =
    typeof compact === 'object'
      ? await sumUp(team, oversized, compact.by)
      : { how: HOW[compact], packet: (compact === 'drop' ? dropOldest : trimLongest)(packet, most) }
  const size = sizeOf(smaller)
  const rest = size > most ? `; it still has ${size}, and what is left is not to be cut` : ''
  const reason = `the packet for ${agent} has ${sizeOf(packet)} tokens of at most ${most}: ${how}${rest}`
  const values = { most, before: tokensOf(packet), after: tokensOf(smaller) }
  return { packet: smaller, decision: { what: 'compaction', reason, values } }
}

const HOW = {
  trim: 'the longest pieces of knowledge were cut',
  drop: 'the oldest knowledge was left out',
}

/** Words are longer than tokens. */
const WORDS_PER_TOKEN = 0.6
/** Tokens that make a summary, however little room there is. */
const LEAST = 200

/** The knowledge as an agent sums it up in the step `KEY-summary`; cut when that fails or is still too long. */
async function sumUp(
  team: TeamContext,
  { agent, key, packet, most }: Oversized,
  by: string,
): Promise<{ how: string; packet: Packet }> {
  const { knowledge = {}, ...rest } = packet
  const names = Object.keys(knowledge)
  if (names.length === 0) return { how: HOW.trim, packet: trimLongest(packet, most) }
  const words = Math.floor(Math.max(LEAST, most - sizeOf(rest)) * WORDS_PER_TOKEN)
  const purpose = packet.current ?? packet.task
  const current = `Sum up all that others gave, in ${words} words at the most, for ${agent}, who is to do this:\n${purpose}\nKeep names, numbers, decisions, sources and open questions. Do not do the work itself.`
  const asked = team.ask(by, {
    key: `${key}-summary`,
    packet: { task: packet.task, knowledge, current },
    // Who sums up gets no summary, or two agents could wait for each other's for ever.
    compact: 'trim',
  })
  const ended = await attempt(team, asked)
  if ('error' in ended) {
    const how = `${HOW.trim}, since ${by} gave no summary (${ended.error.message})`
    return { how, packet: trimLongest(packet, most) }
  }
  const summary = asText(ended.output)
  const summed = { ...packet, knowledge: { [`${by}, who summed up ${names.join(', ')}`]: summary } }
  return { how: `${by} summed the knowledge up`, packet: trimLongest(summed, most) }
}
