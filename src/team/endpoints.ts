import type { ResolvedEndpoint } from '../models/endpoint.ts'
import { resolveEndpoint, type Surroundings } from '../models/index.ts'
import type { Definition } from './schema.ts'

/** The endpoints that the agents of a team call, by their names in the team file. Throws `definition`. */
export function endpointsOf(
  { agents, models }: Pick<Definition, 'agents' | 'models'>,
  surroundings: Surroundings,
): ReadonlyMap<string, ResolvedEndpoint> {
  const names = Object.values(agents).flatMap(agent =>
    agent.kind === undefined || agent.kind === 'llm' ? [agent.model ?? 'default'] : [],
  )
  return new Map(names.map(name => [name, resolveEndpoint(name, models?.[name], surroundings)]))
}
