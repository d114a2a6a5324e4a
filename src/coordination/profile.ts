import type { AgentSpec } from '../agents/index.ts'

/** What others may know about an agent. */
export interface Profile {
  readonly name: string
  readonly description?: string
  readonly skills: readonly string[]
}

export function profileOf(name: string, spec: AgentSpec): Profile {
  const role = 'role' in spec ? spec.role : undefined
  const description = spec.description ?? firstSentence(role)
  return { name, skills: spec.skills ?? [], ...(description && { description }) }
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
