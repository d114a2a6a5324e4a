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
  return Object.values(sectionsOf(packet)).join('\n\n')
}

/** Tokens of each section of a packet, counted with a margin. */
export function tokensOf(packet: Packet): Record<string, number> {
  const sections = Object.entries(sectionsOf(packet))
  return Object.fromEntries(sections.map(([name, text]) => [name, countTokens(text)]))
}

function sectionsOf({ task, progress, knowledge = {}, constraints = [], current }: Packet) {
  const given = Object.entries(knowledge).map(([name, value]) => `From ${name}:\n${asText(value)}`)
  const sections: Record<string, string | undefined> = {
    task,
    progress: progress && `What has been done so far:\n${progress}`,
    knowledge: given.join('\n\n'),
    constraints:
      constraints.length === 0 ? '' : `Keep to this:\n${constraints.map(one => `- ${one}`).join('\n')}`,
    current: current && `Your part now:\n${current}`,
  }
  return Object.fromEntries(Object.entries(sections).filter(([, text]) => text)) as Record<string, string>
}
