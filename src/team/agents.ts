import { isObject, type Json, type JsonObject } from '../json.ts'

/** An agent as a team file declares it. */
interface Declared {
  readonly name: string
  readonly kind: string
  readonly role?: string
}

/** Every agent of a team, as a run has it pinned, and of the teams inside of it, which may have some of the same names. */
export function* agentsIn({ team, files }: JsonObject): Generator<Declared> {
  for (const value of [team, ...(isObject(files) ? Object.values(files) : [])]) yield* agentsOf(value)
}

function* agentsOf(team: Json | undefined): Generator<Declared> {
  if (!isObject(team) || !isObject(team.agents)) return
  for (const [name, agent] of Object.entries(team.agents)) {
    const { kind = 'llm', role, team: inner } = isObject(agent) ? agent : {}
    yield { name, kind: String(kind), ...(typeof role === 'string' && { role }) }
    yield* agentsOf(inner)
  }
}
