import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Event } from '../../src/store/events.ts'
import { viewOf } from '../../src/store/view.ts'
import { task } from '../specs/teams/members.ts'
import { crewHome } from './crew.ts'
import { type DiskRecord, onDisk, readDiskLog } from './disk.ts'
import type { NamedTrial } from './every-trial.ts'
import { cutPower } from './power.ts'
import { eventsOn, remainsOf, repeated } from './remains.ts'
import { temporaryFolder } from './runs.ts'
import { scripted } from './scripted.ts'

/** A run whose disk was watched, and what it takes to go on with it on another. */
export interface Recording {
  readonly named: NamedTrial
  readonly records: readonly DiskRecord[]
  readonly events: readonly Event[]
  /** The folder that was watched. */
  readonly folder: string
  readonly milliseconds: number
  readonly world: Awaited<ReturnType<typeof worldOf>>
}

/** The store is in folders that crew makes: their names have to survive as well. */
export const storeIn = (folder: string) => join(folder, 'state', 'crew')

async function worldOf({ trial: { parts, input = { task }, definition } }: NamedTrial) {
  const server = await scripted(parts ?? {}, { heedsKeys: true })
  const { home, crew, team } = crewHome(server.env)
  const inputs = Object.entries(input).flatMap(([name, value]) => [
    '--input',
    `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  ])
  const run = ['run', team(definition), ...inputs, '--events', ...(parts ? [] : ['--rehearse'])]
  return {
    server,
    /** Runs crew with its store below `folder`. */
    crew: (args: readonly string[], folder: string, env: Record<string, string> = {}) =>
      crew(args, { env: { CREW_HOME: storeIn(folder), ...env } }),
    run,
    resume: ['resume', 'last', '--events', '--trust'],
    home,
  }
}

interface Manner {
  /** What is not synced although crew asks for that. */
  readonly unsynced?: 'no-wal' | 'no'
  /** Where it is killed, to be resumed. */
  readonly killed?: string
}

/** Runs a trial and records all that it does to its disk. */
export async function recordRun(named: NamedTrial, { unsynced, killed }: Manner = {}): Promise<Recording> {
  const world = await worldOf(named)
  const folder = temporaryFolder()
  const log = join(world.home, 'disk.log')
  const began = Date.now()
  const disk = onDisk({ folder, log, ...(unsynced && { unsynced }) })
  const ends = [await world.crew(world.run, folder, { ...disk, ...(killed && { CREW_CRASH_AT: killed }) })]
  if (killed) ends.push(await world.crew(world.resume, folder, disk))
  const milliseconds = Date.now() - began
  const { events } = remainsOf(join(storeIn(folder), 'crew.db'))
  const said = ends.flatMap(({ stdout }) => eventsOn(stdout))
  if (!isDeepStrictEqual(said, events)) throw new Error(`not recorded: ${ends.map(({ stderr }) => stderr)}`)
  return { named, records: readDiskLog(log), events, folder, milliseconds, world }
}

/** What became of a run whose power was cut. */
export interface Blackout {
  readonly unsynced: 'lost' | 'kept' | 'torn'
  /** Events that were printed by then, and those that were still there. */
  readonly printed: number
  readonly kept: number
  readonly problems: readonly string[]
}

/** Cuts the power behind `count` records, and looks at what is left; with `goesOn`, crew lists and resumes it as well. */
export async function blackOut(
  recording: Recording,
  count: number,
  random: () => number,
  { goesOn }: { readonly goesOn: boolean },
): Promise<Blackout> {
  const { records, folder, events } = recording
  const after = temporaryFolder()
  const { unsynced, put } = cutPower(records, count, random)
  put(folder, after)
  const problems: string[] = []
  const { printed, requests } = saidBy(records.slice(0, count))
  const left = remainsOf(join(storeIn(after), 'crew.db'))
  if (left.health !== 'ok') problems.push(`damaged: ${left.health}`)
  if (!isDeepStrictEqual(left.events, events.slice(0, left.events.length)))
    problems.push('there are events that never were')
  if (left.events.length < printed) problems.push(`lost: ${printed - left.events.length} printed events`)
  const intents = left.events.filter(event => event.type === 'step.started' && event.kind === 'model').length
  if (intents < requests) problems.push(`lost: the intents of ${requests - intents} requests`)
  if (goesOn) problems.push(...(await goOn(recording, after, left.events)))
  rmSync(after, { recursive: true, force: true })
  return { unsynced, printed, kept: left.events.length, problems }
}

/** What a process had said to the world: events on stdout, and requests. */
function saidBy(records: readonly DiskRecord[]) {
  const textOf = (path: string) =>
    Buffer.concat(
      records.filter(record => record.what === 'say' && record.path === path).map(({ data }) => data),
    ).toString()
  return {
    printed: eventsOn(textOf('stdout')).length,
    requests: textOf('socket').match(/^idempotency-key: /gim)?.length ?? 0,
  }
}

/** In what the run that was found after a cut does not end as it would have. */
async function goOn(
  { named, events: calm, world }: Recording,
  folder: string,
  left: readonly Event[],
): Promise<string[]> {
  mkdirSync(folder, { recursive: true })
  const problems: string[] = []
  const list = await world.crew(['ls', '--json'], folder)
  if (list.code !== 0) problems.push(`crew ls ended with ${list.code}: ${list.stderr}`)
  const before = world.server.received.length
  const end = await world.crew(left.length > 0 ? world.resume : world.run, folder)
  const sent = world.server.received.length - before
  const { events, health } = remainsOf(join(storeIn(folder), 'crew.db'))
  const [view, calmView] = [viewOf(events), viewOf(calm)]
  if (health !== 'ok') problems.push(`damaged, when resumed: ${health}`)
  if (view.state !== calmView.state) problems.push(`${view.state}, not ${calmView.state}: ${end.stderr}`)
  if (!named.trial.isRace && !isDeepStrictEqual(view.output, calmView.output))
    problems.push(`${JSON.stringify(view.output)}, not ${JSON.stringify(calmView.output)}`)
  const again = repeated(events)
  if (again.length > 0) problems.push(`committed, and repeated: ${again}`)
  const answered = (among: readonly Event[]) =>
    among.filter(({ type }) => type === 'model.replied' || type === 'model.failed').length
  const due = named.trial.parts ? answered(calm) - answered(left) : 0
  if (sent > due) problems.push(`${sent} requests, where ${due} were missing`)
  if (/\n\s+at /.test(end.stderr + list.stderr)) problems.push(`a stack trace: ${end.stderr}`)
  return problems
}
