import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../../src/app.ts'
import { loadTeam } from '../../src/team/load.ts'
import { temporaryFolder, temporaryStore } from './runs.ts'
/** A team from a definition, checked as a file would be. */
export function team(definition) {
  const path = join(temporaryFolder(), 'team.json')
  writeFileSync(path, JSON.stringify({ name: 'test', ...definition }))
  return loadTeam(path)
}
/** Runs a team to its end, on a store of its own. */
export async function finish(team, { input = {}, env = {}, rehearsal = false } = {}) {
  const store = await temporaryStore()
  let id = ''
  const onCreated = created => {
    id = created
  }
  const surroundings = { store, env, interrupt: new AbortController().signal, onEvent: () => {} }
  const outcome = await run(team, input, { rehearsal, onCreated }, surroundings)
  return { id, outcome, events: await store.events(id), store }
}
