import { rmSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import type { Event } from '../../src/store/events.ts'
import { viewOf } from '../../src/store/view.ts'
import { task } from '../specs/teams/members.ts'
import { crewHome, type Ended, ended } from './crew.ts'
import type { NamedTrial } from './every-trial.ts'
import { actsInFlight, eventsOn, remainsOf, repeated } from './remains.ts'
import { scripted } from './scripted.ts'

/** How a process is killed: when it passes a named point, so long after its Nth event, or after it was started. */
export type Kill =
  | { readonly by: 'point'; readonly point: string }
  | { readonly by: 'event'; readonly count: number; readonly delay: number }
  | { readonly by: 'time'; readonly delay: number }

/** A run that nothing interrupts: what all that are killed have to come to. */
export interface Calm {
  readonly named: NamedTrial
  readonly code: number | null
  readonly events: readonly Event[]
  readonly requests: Requests
  readonly milliseconds: number
}

/** What a server got, and how many different idempotency keys that had. */
interface Requests {
  readonly count: number
  readonly keys: number
}

/** A run that was killed again and again, until it ended by itself. */
export interface Chain {
  readonly named: NamedTrial
  /** Those that struck, in order. */
  readonly kills: readonly Kill[]
  /** How many of them struck before there was a run. */
  readonly early: number
  /** Acts that were under way when they struck, and calls that were sent again for it. */
  readonly inFlight: number
  readonly resent: number
  /** What is not as it should be. */
  readonly problems: readonly string[]
}

/** Milliseconds that the server takes over an answer at the most: some kills strike meanwhile. */
const SLOWEST = 20

/** A home, a team in it, and a server that answers it. */
async function worldOf({ trial: { parts, input = { task }, definition } }: NamedTrial, random: () => number) {
  const server = await scripted(parts ?? {}, { heedsKeys: true, pace: () => random() * SLOWEST })
  const { home, db, start, team } = crewHome(server.env)
  const inputs = Object.entries(input).flatMap(([name, value]) => [
    '--input',
    `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  ])
  const run = ['run', team(definition), ...inputs, '--events', ...(parts ? [] : ['--rehearse'])]
  return {
    db,
    /** Begins the run, or goes on with it, until it ends or is killed. */
    live(kill?: Kill): Promise<Ended> {
      const { events } = remainsOf(db)
      const args = events.length > 0 ? ['resume', 'last', '--events', ...asHinted(events)] : run
      const child = start(args, kill?.by === 'point' ? { CREW_CRASH_AT: kill.point } : {})
      child.stdin?.end()
      const strike = (delay: number) => setTimeout(() => child.kill('SIGKILL'), delay)
      if (kill?.by === 'time') strike(kill.delay)
      if (kill?.by === 'event') {
        let left = kill.count
        child.stdout?.on('data', (text: string) => {
          const before = left
          left -= text.split('\n').length - 1
          if (before > 0 && left <= 0) strike(kill.delay)
        })
      }
      return ended(child)
    },
    requests: (): Requests => ({
      count: server.received.length,
      keys: new Set(server.received.map(({ headers }) => headers['idempotency-key'])).size,
    }),
    async leave() {
      await server.close()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** What nobody knows the outcome of is charged. Killed often enough, a run is through its budget, and says how to give it more. */
function asHinted(events: readonly Event[]): string[] {
  return isSpentUp(events) ? ['--budget', 'tokens=1000000'] : []
}

function isSpentUp(events: readonly Event[]): boolean {
  const last = events.at(-1)
  const isCharged = events.some(({ type }) => type === 'step.unknown')
  return isCharged && last?.type === 'run.failed' && last.error.code === 'limit-budget'
}

export async function runCalmly(named: NamedTrial, random: () => number): Promise<Calm> {
  const world = await worldOf(named, random)
  const began = Date.now()
  const { code } = await world.live()
  const milliseconds = Date.now() - began
  const calm = { named, code, events: remainsOf(world.db).events, requests: world.requests(), milliseconds }
  await world.leave()
  return calm
}

/** Kills one run by each of `kills` in turn, resumes it after each, and at last lets it end. */
export async function killAgainAndAgain(
  calm: Calm,
  kills: readonly Kill[],
  random: () => number,
): Promise<Chain> {
  const world = await worldOf(calm.named, random)
  const struck: Kill[] = []
  const said: Event[] = []
  const problems: string[] = []
  let early = 0
  let inFlight = 0
  for (const kill of [...kills, undefined, undefined]) {
    const { code, signal, stdout, stderr } = await world.live(kill)
    said.push(...eventsOn(stdout))
    if (/\n\s+at /.test(stderr)) problems.push(`a stack trace: ${stderr}`)
    const { events } = remainsOf(world.db)
    if (signal === null && isSpentUp(events)) continue
    if (signal === null && code !== calm.code) problems.push(`ended with ${code}: ${stderr}`)
    if (signal === null || kill === undefined) break
    struck.push(kill)
    if (events.length === 0) early += 1
    inFlight += actsInFlight(events)
    // Who resumes a run that has failed has it tried once more.
    if (events.at(-1)?.type === 'run.failed' && !isSpentUp(events)) break
  }
  const requests = world.requests()
  const { events, health } = remainsOf(world.db)
  problems.push(...differences(calm, { events, said, requests, inFlight }))
  if (health !== 'ok') problems.push(`the store is damaged: ${health}`)
  await world.leave()
  const resent = requests.count - calm.requests.count
  return { named: calm.named, kills: struck, early, inFlight, resent, problems }
}

interface Survived {
  readonly events: readonly Event[]
  /** All events that were printed, by processes that were killed or not. */
  readonly said: readonly Event[]
  readonly requests: Requests
  readonly inFlight: number
}

/** In what a run that was killed is not like one that was not. */
function differences({ named, events: calm, requests: few }: Calm, survived: Survived): string[] {
  const { events, said, requests, inFlight } = survived
  const problems: string[] = []
  const check = (isWell: boolean, problem: () => string) => isWell || problems.push(problem())
  const lost = said.find(event => !isDeepStrictEqual(event, events[event.seq - 1]))
  check(lost === undefined, () => `printed, and lost: ${JSON.stringify(lost)}`)
  const again = repeated(events)
  check(again.length === 0, () => `committed, and repeated: ${again}`)
  check(requests.count <= few.count + inFlight, () => {
    return `${requests.count} requests, ${few.count} without kills, ${inFlight} in flight at a kill`
  })
  const { isRace } = named.trial
  check(isRace || requests.keys === few.keys, () => `${requests.keys} different calls, not ${few.keys}`)
  const [end, calmEnd] = [viewOf(events), viewOf(calm)]
  check(end.state === calmEnd.state, () => `${end.state}, not ${calmEnd.state}`)
  if (isRace) return problems
  const outcome = [end.output, end.error?.code]
  const expected = [calmEnd.output, calmEnd.error?.code]
  check(
    isDeepStrictEqual(outcome, expected),
    () => `${JSON.stringify(outcome)}, not ${JSON.stringify(expected)}`,
  )
  const [results, calmResults] = [resultsOf(events), resultsOf(calm)]
  const other = [...new Set([...results.keys(), ...calmResults.keys()])].filter(
    key => !isDeepStrictEqual(results.get(key), calmResults.get(key)),
  )
  check(other.length === 0, () => `other results of ${other}`)
  return problems
}

function resultsOf(events: readonly Event[]) {
  return new Map(
    events.flatMap(event => (event.type === 'step.succeeded' ? [[event.key, event.output]] : [])),
  )
}
