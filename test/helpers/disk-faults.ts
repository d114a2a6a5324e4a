import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { viewOf } from '../../src/store/view.ts'
import { type Recording, storeIn } from './blackouts.ts'
import { onDisk } from './disk.ts'
import { eventsOn, remainsOf, repeated } from './remains.ts'
import { temporaryFolder } from './runs.ts'

/** What came of a run whose disk failed. */
export interface Failed {
  readonly fault: string
  /** Exit codes: of the run, and of its resumption on a disk that is well again. */
  readonly code: number | null
  readonly resumed: number | null
  readonly milliseconds: number
  /** The line that says what is wrong. */
  readonly said: string
  readonly problems: readonly string[]
}

/** Milliseconds that a run may take longer for its disk having failed. */
const GRACE = 5_000

/**
 * Runs a trial on a disk with a fault, and again without: nothing that was said to be kept is lost. With `resumed`, the fault
 * comes when the run is resumed, having been killed.
 */
export async function runOnFaultyDisk(
  { events: calm, world, milliseconds: usual, named }: Recording,
  fault: string,
  { killed }: { readonly killed?: string } = {},
): Promise<Failed> {
  const folder = temporaryFolder()
  const db = join(storeIn(folder), 'crew.db')
  const problems: string[] = []
  const said = killed ? eventsOn((await world.crew(world.run, folder, { CREW_CRASH_AT: killed })).stdout) : []
  const began = Date.now()
  const end = await world.crew(killed ? world.resume : world.run, folder, onDisk({ folder, fault }))
  const milliseconds = Date.now() - began
  said.push(...eventsOn(end.stdout))
  if (end.signal !== null) problems.push(`ended by ${end.signal}`)
  if (milliseconds > usual + GRACE) problems.push(`took ${milliseconds} ms, and ${usual} without the fault`)
  if (end.code !== 0) problems.push(...illSaid(end.stderr, end.code))
  const left = remainsOf(db)
  if (left.health !== 'ok') problems.push(`damaged: ${left.health}`)
  if (!isDeepStrictEqual(said, left.events.slice(0, said.length))) problems.push('lost: printed events')
  const isThere = left.events.length > 0
  const again = await world.crew(isThere ? world.resume : world.run, folder)
  const { events, health } = remainsOf(db)
  if (health !== 'ok') problems.push(`damaged, when resumed: ${health}`)
  if (again.code !== 0) problems.push(`resumed: ended with ${again.code}: ${again.stderr}`)
  if (repeated(events).length > 0) problems.push(`committed, and repeated: ${repeated(events)}`)
  if (!named.trial.isRace && !isDeepStrictEqual(viewOf(events).output, viewOf(calm).output))
    problems.push('another output')
  rmSync(folder, { recursive: true, force: true })
  const line = end.stderr.split('\n').find(line => /disk|written|opened|damaged|store/.test(line)) ?? ''
  return { fault, code: end.code, resumed: again.code, milliseconds, said: line.trim(), problems }
}

/** What is wrong with what was said of a disk that failed. */
export function illSaid(stderr: string, code: number | null): string[] {
  const problems: string[] = []
  if (code !== 1 && code !== 2) problems.push(`ended with ${code}: ${stderr}`)
  if (/\n\s+at /.test(stderr)) problems.push(`a stack trace: ${stderr}`)
  if (!/: (the disk|it cannot be|the file|its folder|permission denied)/.test(stderr))
    problems.push(`does not say what is wrong: ${stderr}`)
  if (!stderr.includes('→ ')) problems.push(`does not say what to do: ${stderr}`)
  return problems
}
