import { run } from '../../src/app.ts'
import type { Outcome } from '../../src/engine/execute.ts'
import type { Event } from '../../src/store/events.ts'
import { drawFault, FAULTS, POISON, seeded } from './faults.ts'
import { modelServer, saying } from './model-server.ts'
import { temporaryStore } from './runs.ts'
import { team } from './teams.ts'

export interface Matrix {
  readonly runs: number
  readonly steps: number
  /** Of all calls, how many go wrong: 0.2 or 0.5. */
  readonly faulty: number
  readonly attempts: number
  /** Runs at a time. */
  readonly lanes: number
  readonly seed: number
}

/** Of a call, in milliseconds. */
export const DEADLINE = 2_000

export interface Figures {
  readonly completed: number
  readonly requests: number
  readonly faults: number
  /** Outputs with something in them that the server never meant. */
  readonly poisoned: number
  /** The longest call, and the longest time that a run took beyond what is accounted for, in milliseconds. */
  readonly slowestCall: number
  readonly lostTime: number
  readonly seconds: number
  /** How the others ended: how many by error code. */
  readonly ends: Readonly<Record<string, number>>
  /** Decisions and alerts, by what they are. */
  readonly decisions: Readonly<Record<string, number>>
}

/** Runs a pipeline many times against a server that fails at random, all on one store, with everything as by default. */
export async function runMatrix({ runs, steps, faulty, attempts, lanes, seed }: Matrix): Promise<Figures> {
  const random = seeded(seed)
  let faults = 0
  const server = await modelServer(response => {
    const fault = drawFault(random, faulty)
    if (fault) faults += 1
    const script = fault ? FAULTS[fault] : saying('All is well.')
    script(response)
  })
  const names = Array.from({ length: steps }, (_, index) => `step-${index + 1}`)
  const agent = {
    role: 'You help.',
    retry: { attempts, backoff: '1ms' },
    timeout: { total: DEADLINE, firstByte: 400, idle: 400 },
  }
  const definition = await team({
    agents: Object.fromEntries(names.map(name => [name, agent])),
    pattern: { kind: 'pipeline', stages: names },
  })
  const store = await temporaryStore()
  const surroundings = () => ({
    store,
    env: { ...server.env },
    interrupt: new AbortController().signal,
    onEvent: () => {},
  })
  const ended: { outcome: Outcome; events: readonly Event[] }[] = []
  let left = runs
  const lane = async () => {
    while (left > 0) {
      left -= 1
      let id = ''
      const onCreated = (created: string) => {
        id = created
      }
      const outcome = await run(
        definition,
        { task: 'Help.' },
        { rehearsal: false, onCreated },
        surroundings(),
      )
      ended.push({ outcome, events: await store.events(id) })
    }
  }
  const began = Date.now()
  await Promise.all(Array.from({ length: lanes }, lane))
  const all = ended.flatMap(({ events }) => events)
  return {
    completed: ended.filter(({ outcome }) => outcome.state === 'succeeded').length,
    requests: server.received.length,
    faults,
    poisoned: all.filter(event => 'output' in event && JSON.stringify(event.output).includes(POISON)).length,
    slowestCall: Math.max(...all.map(event => ('milliseconds' in event ? event.milliseconds : 0))),
    lostTime: Math.max(...ended.map(({ events }) => lostTimeIn(events))),
    seconds: Math.round((Date.now() - began) / 1000),
    ends: count(ended.flatMap(({ outcome }) => (outcome.state === 'failed' ? outcome.error.code : []))),
    decisions: count(
      all.flatMap(event => (event.type === 'decision' || event.type === 'alert' ? event.what : [])),
    ),
  }
}

/** What a run took that neither its calls, pauses nor turns in a queue account for: they come one after the other. */
function lostTimeIn(events: readonly Event[]): number {
  const accounted = events.map(event => {
    if ('milliseconds' in event) return event.milliseconds
    if (event.type === 'decision' && event.what === 'queued') return Number(event.values?.milliseconds)
    return event.type === 'timer.set' ? event.until - event.at : 0
  })
  const [first, last] = [events[0]?.at ?? 0, events.at(-1)?.at ?? 0]
  return last - first - accounted.reduce((sum, milliseconds) => sum + milliseconds, 0)
}

function count(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}
