import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { resumeRun, startRun } from '../../src/engine/runs.ts'
import { openStore } from '../../src/store/sqlite.ts'
export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'crew-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
export async function temporaryStore(file = join(temporaryFolder(), 'crew.db')) {
  const store = await openStore(file, systemClock)
  onTestFinished(() => store.close())
  return store
}
export const RUN = {
  id: 'run1',
  team: 'test',
  path: '/team.yaml',
  rehearsal: false,
  definition: {},
  input: {},
  crew: '0',
}
/** An owner whose process is long gone: its runs can be taken over at once. */
const DEAD = { host: 'elsewhere', pid: 1 }
function runOptions(store, more = {}) {
  return {
    store,
    clock: systemClock,
    owner: DEAD,
    redact: value => value,
    interrupt: new AbortController().signal,
    onEvent: () => {},
    ...more,
  }
}
const HOUR = 3_600_000
export function start(store, program, more = {}) {
  return startRun(RUN, async () => ({ program, time: HOUR }), runOptions(store, more))
}
export function resume(store, program, more = {}) {
  return resumeRun(RUN.id, { limits: {} }, async () => ({ program, time: HOUR }), runOptions(store, more))
}
/** A store in which a run stopped right after the last of `events`, as if its process had been killed there. */
export async function storeWith(events, id = RUN.id) {
  const store = await temporaryStore()
  const [first, ...rest] = events
  if (!first) throw new Error('a run has at least one event')
  const { team, path, rehearsal } = RUN
  const lease = await store.create({ id, team, path, rehearsal }, DEAD, first)
  if (rest.length > 0)
    await store.commit(
      lease,
      rest.map(({ seq, ...fact }) => fact),
    )
  await store.release(lease)
  return store
}
