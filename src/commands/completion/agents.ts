import { isObject, type Json, type JsonObject } from '../../json.ts'
import type { Candidate } from './candidates.ts'

/** Every agent of a team, as a run has it pinned, and of the teams inside of it; or only those of one kind. */
export function agentsIn(pinned: JsonObject, only?: string): Candidate[] {
  const found = new Map<string, string>()
  const collect = (value: Json | undefined) => {
    if (!isObject(value) || !isObject(value.agents)) return
    for (const [name, agent] of Object.entries(value.agents)) {
      const { kind = 'llm', role, team } = isObject(agent) ? agent : {}
      const isMeant = (only === undefined || kind === only) && !found.has(name)
      if (isMeant) found.set(name, typeof role === 'string' ? role : String(kind))
      if (isObject(team)) collect(team)
    }
  }
  const { team, files } = pinned
  for (const value of [team, ...(isObject(files) ? Object.values(files) : [])]) collect(value)
  return [...found].map(([value, about]) => ({ value, about }))
}
