import { asText, type Json } from '../json.ts'
import { countTokens } from '../tokens.ts'

/** All that an agent is told when it is asked to do something, and no more than it needs. */
export interface Packet {
  /** What the team was asked. */
  readonly task: string
  /** What has been done so far, in words. */
  readonly progress?: string
  /** What others gave, by who gave it. */
  readonly knowledge?: Readonly<Record<string, Json>>
  /** What must hold whatever is done. */
  readonly constraints?: readonly string[]
  /** What this agent is to do now, where that is not simply the task. */
  readonly current?: string
}

/** A packet as an agent reads it. */
export function inWords(packet: Packet): string {
  return sectionsOf(packet)
    .map(([, text]) => text)
    .join('\n\n')
}

/** Tokens of each section of a packet, counted with a margin. */
export function tokensOf(packet: Packet): Record<string, number> {
  const tokens: Record<string, number> = {}
  for (const [name, text] of sectionsOf(packet)) tokens[name] = countTokens(text)
  return tokens
}

/** Those that say something. */
function sectionsOf({ task, progress, knowledge, constraints, current }: Packet) {
  const sections: [name: string, text: string][] = []
  const add = (name: string, text: string) => void (text && sections.push([name, text]))
  add('task', task)
  if (progress) add('progress', `What has been done so far:\n${progress}`)
  if (knowledge) {
    const given = Object.entries(knowledge).map(([name, value]) => `From ${name}:\n${asText(value)}`)
    add('knowledge', given.join('\n\n'))
  }
  if (constraints?.length)
    add('constraints', `Keep to this:\n${constraints.map(one => `- ${one}`).join('\n')}`)
  if (current) add('current', `Your part now:\n${current}`)
  return sections
}
