import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { resume, run } from '../../src/app.ts'
import type { Outcome } from '../../src/engine/execute.ts'
import { CrewError } from '../../src/errors.ts'
import type { JsonObject } from '../../src/json.ts'
import type { Event, Fact } from '../../src/store/events.ts'
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

/** `npm run test:resume`: every run is stopped behind each of its steps that is committed, and resumed. */
export const STOPS = process.env.CREW_TEST_RESUME === '1'

interface Settings {
  readonly input?: JsonObject
  readonly env?: Readonly<Record<string, string>>
  readonly rehearsal?: boolean
  /** Whether the run is stopped behind each committed step, and resumed. */
  readonly stops?: boolean
}

/** Runs a team to its end, on a store of its own. */
export async function finish(
  team: Team,
  { input = {}, env = {}, rehearsal = false, stops = STOPS }: Settings = {},
): Promise<Finished> {
  const store = await temporaryStore()
  let id = ''
  const onCreated = (created: string) => {
    id = created
  }
  const surroundings = () => ({ store, env, ...stopping(stops) })
  let outcome = await run(team, input, { rehearsal, onCreated }, surroundings())
  while (stops && outcome.state === 'interrupted')
    outcome = await resume(id, await store.events(id), {}, surroundings())
  return { id, outcome, events: await store.events(id), store }
}

/** Has a run stop when the next step is committed. */
function stopping(stops: boolean) {
  const stop = new AbortController()
  const onEvent = ({ type }: Fact) => {
    if (stops && type === 'step.succeeded') stop.abort(new CrewError('interrupted', 'a test stops it here'))
  }
  return { interrupt: stop.signal, onEvent }
}
