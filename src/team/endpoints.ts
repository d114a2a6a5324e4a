import { readSettings } from '../config.ts'
import type { ResolvedEndpoint } from '../models/endpoint.ts'
import { resolveEndpoint, type Surroundings } from '../models/index.ts'
import { withFallbacks } from '../policies/model.ts'
import type { Definition } from './schema.ts'

/** What decides on a model besides the team file: the environment and the settings. */
export async function surroundingsOf(env: Surroundings['env']): Promise<Surroundings> {
  const { model, baseUrl } = await readSettings()
  return { env, ...(model && { defaultModel: model }), ...(baseUrl && { defaultBaseUrl: baseUrl }) }
}

/** The endpoints that the agents of a team call, by their names in the team file. Throws `definition`. */
export function endpointsOf(
  { agents, models }: Pick<Definition, 'agents' | 'models'>,
  surroundings: Surroundings,
): ReadonlyMap<string, ResolvedEndpoint> {
  const names = Object.values(agents).flatMap(agent =>
    agent.kind === undefined || agent.kind === 'llm' ? withFallbacks(agent.model ?? 'default', models) : [],
  )
  return new Map(names.map(name => [name, resolveEndpoint(name, models?.[name], surroundings)]))
}
