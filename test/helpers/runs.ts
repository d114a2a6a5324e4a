import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import type { Program } from '../../src/engine/execute.ts'
import {
  type Resumption,
  type RunOptions,
  type RunStart,
  resumeRun,
  startRun,
} from '../../src/engine/runs.ts'
import type { Event } from '../../src/store/events.ts'
import { openStore } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'

/** A file system in memory, where there is one with room: what is killed here loses no power, and a disk takes its time. */
const MEMORY = '/dev/shm'
const ROOM = 512 * 2 ** 20
const hasMemory = existsSync(MEMORY) && room(MEMORY) > ROOM
const base = hasMemory ? MEMORY : tmpdir()

function room(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(base, 'crew-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A store without runs, made once in each process: thousands are needed, and to migrate one takes longer than to use it. */
let blank: Promise<Uint8Array> | undefined

async function makeBlank(): Promise<Uint8Array> {
  const folder = mkdtempSync(join(base, 'crew-blank-'))
  const file = join(folder, 'crew.db')
  await (await openStore(file, systemClock)).close()
  const bytes = readFileSync(file)
  rmSync(folder, { recursive: true })
  return bytes
}

export async function temporaryStore(file = join(temporaryFolder(), 'crew.db')): Promise<Store> {
  blank ??= makeBlank()
  if (!existsSync(file)) writeFileSync(file, await blank, { mode: 0o600 })
  const store = await openStore(file, systemClock)
  onTestFinished(() => store.close())
  return store
}

export const RUN: RunStart = {
  id: 'run1',
  team: 'test',
  path: '/team.yaml',
  rehearsal: false,
  definition: {},
  input: {},
  crew: '0',
}

/** How the runs of tests of the store begin. */
export const BEGUN = {
  type: 'run.started',
  team: 't',
  definition: {},
  input: {},
  rehearsal: false,
  crew: '0',
  at: 1,
} as const

/** An owner whose process is long gone: its runs can be taken over at once. */
const DEAD = { host: 'elsewhere', pid: 1 }

function runOptions(store: Store, more: Partial<RunOptions> = {}): RunOptions {
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

export function start(store: Store, program: Program, more: Partial<RunOptions> = {}) {
  return startRun(RUN, async () => ({ program, time: HOUR }), runOptions(store, more))
}

export function resume(
  store: Store,
  program: Program,
  { recorded, ...more }: Partial<RunOptions> & Pick<Resumption, 'recorded'> = {},
) {
  const resumption = { limits: {}, ...(recorded && { recorded }) }
  return resumeRun(RUN.id, resumption, async () => ({ program, time: HOUR }), runOptions(store, more))
}

/** A store in which a run stopped right after the last of `events`, as if its process had been killed there. */
export async function storeWith(
  events: readonly Event[],
  id = RUN.id,
  { rehearsal }: Pick<RunStart, 'rehearsal'> = RUN,
): Promise<Store> {
  const store = await temporaryStore()
  const [first, ...rest] = events
  if (!first) throw new Error('a run has at least one event')
  const { team, path } = RUN
  const lease = await store.create({ id, team, path, rehearsal }, DEAD, first)
  if (rest.length > 0)
    await store.commit(
      lease,
      rest.map(({ seq, ...fact }) => fact),
    )
  await store.release(lease)
  return store
}
