import { z } from 'zod'
import type { AgentKind } from './agent.ts'
import { command } from './command.ts'
import { http } from './http.ts'
import { human } from './human.ts'
import { llm } from './llm.ts'
import { team } from './team.ts'

/** Every kind of agent that there is. */
const KINDS = { llm, command, http, human, team }

export const agent = z.discriminatedUnion('kind', [
  llm.schema,
  command.schema,
  http.schema,
  human.schema,
  team.schema,
])

export type AgentSpec = z.infer<typeof agent>

export function kindOf(spec: AgentSpec): AgentKind<AgentSpec> {
  // A spec is of the kind that it names: the schema above has seen to that.
  return KINDS[spec.kind ?? 'llm'] as unknown as AgentKind<AgentSpec>
}
