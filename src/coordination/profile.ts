import { type AgentSpec, kindOf } from '../agents/index.ts'
import type { Compaction } from '../exchange/compaction.ts'
import type { JsonSchema } from '../json.ts'

/** What others may know about an agent. */
export interface Profile {
  readonly name: string
  readonly description?: string
  readonly skills: readonly string[]
  /** What it needs as it is, and what it changes: names of files, tables, services … */
  readonly reads: readonly string[]
  readonly writes: readonly string[]
  /** How much it may be handed, and what happens to more. */
  readonly context: { readonly tokens: number; readonly compact: Compaction }
  /** What it declares to answer with; absent means text. */
  readonly output?: JsonSchema
  /** To do its work again when that has failed may do harm, or is what it does by itself. */
  readonly isOnce?: true
  /** It can be asked for a judgement on anything; a program, a person or a team is there for one thing. */
  readonly isModel?: true
}

/** Tokens of a packet for an agent of which nobody knows how much it can read. */
const USUAL_ROOM = 100_000

/** `room`: tokens that its model can be handed, where that is known. */
export function profileOf(name: string, spec: AgentSpec, room = USUAL_ROOM): Profile {
  const role = 'role' in spec ? spec.role : undefined
  const description = spec.description ?? firstSentence(role)
  const { skills = [], reads = [], writes = [], context = {}, output } = spec
  const isModel = (spec.kind ?? 'llm') === 'llm'
  return {
    name,
    skills,
    context: { tokens: context.tokens ?? room, compact: context.compact ?? 'trim' },
    reads,
    writes,
    ...(description && { description }),
    ...(output && { output }),
    ...(!kindOf(spec).mayRepeat(spec) && { isOnce: true }),
    ...(isModel && { isModel }),
  }
}

/** Agents as a list for one that has to choose among them. */
export function rosterOf(agents: Readonly<Record<string, Profile>>, names: readonly string[]): string {
  return names
    .map(name => {
      const { description, skills = [] } = agents[name] ?? {}
      const can = skills.length > 0 ? ` (skills: ${skills.join(', ')})` : ''
      return `- ${name}${can}${description ? `: ${description}` : ''}`
    })
    .join('\n')
}

function firstSentence(role = ''): string | undefined {
  return /^[^\n]*?[.!?](?=\s|$)|^[^\n]+/.exec(role.trim())?.[0]
}
