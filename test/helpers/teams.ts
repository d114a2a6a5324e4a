import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../../src/app.ts'
import type { Outcome } from '../../src/engine/execute.ts'
import type { JsonObject } from '../../src/json.ts'
import type { Event } from '../../src/store/events.ts'
import type { Store } from '../../src/store/store.ts'
import { loadTeam, type Team } from '../../src/team/load.ts'
import { temporaryFolder, temporaryStore } from './runs.ts'

/** A team from a definition, checked as a file would be. */
export function team(definition: object): Promise<Team> {
  const path = join(temporaryFolder(), 'team.json')
  writeFileSync(path, JSON.stringify({ name: 'test', ...definition }))
  return loadTeam(path)
}

export interface Finished {
  readonly id: string
  readonly outcome: Outcome
  readonly events: readonly Event[]
  readonly store: Store
}

interface Settings {
  readonly input?: JsonObject
  readonly env?: Readonly<Record<string, string>>
  readonly rehearsal?: boolean
}

/** Runs a team to its end, on a store of its own. */
export async function finish(
  team: Team,
  { input = {}, env = {}, rehearsal = false }: Settings = {},
): Promise<Finished> {
  const store = await temporaryStore()
  let id = ''
  const onCreated = (created: string) => {
    id = created
  }
  const surroundings = { store, env, interrupt: new AbortController().signal, onEvent: () => {} }
  const outcome = await run(team, input, { rehearsal, onCreated }, surroundings)
  return { id, outcome, events: await store.events(id), store }
}
