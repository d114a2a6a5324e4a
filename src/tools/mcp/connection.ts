import { setMaxListeners } from 'node:events'
import type { ElicitRequest, ElicitResult } from '@modelcontextprotocol/sdk/types.js'
import { type Clock, sleep } from '../../clock.ts'
import { unlessAborted } from '../../deadlines.ts'
import { CrewError } from '../../errors.ts'
import { renderText, type Scope } from '../../expressions/template.ts'
import type { Fetch } from '../../fetch/fetch.ts'
import type { Sandbox } from '../../sandbox.ts'
import type { Effects } from '../../store/events.ts'
import { toolFailed } from '../tool.ts'
import { describe, type ServerDescription } from './describe.ts'
import type { Interviewer } from './elicit.ts'
import { type Patience, startPatience } from './patience.ts'
import { type Asking, type Loss, openSession, type Reached, type Reply, type Session } from './session.ts'
import type { ServerSpec } from './spec.ts'

/** What servers of a team are used with. */
export interface Surroundings {
  /** Id of the run: part of what makes a call one that happens once. */
  readonly run: string
  /** The folder of the team: where programs work. */
  readonly root: string
  /** What the templates of servers see. */
  readonly scope: Scope
  readonly clock: Clock
  readonly fetch: Fetch
  /** What programs run in, where the team declares one. */
  readonly sandbox?: Sandbox | undefined
  /** Headers that sign a request for a named connection; asked for before every request. */
  readonly sign?: (connection: string) => Promise<Readonly<Record<string, string>>>
}

/** A server of the team file, started or reached when it is needed, and again when it is gone. */
export interface Connection {
  readonly name: string
  readonly spec: ServerSpec
  readonly surroundings: Surroundings
  /** What the server says of itself now: asked once a session, and again after it said that something changed. */
  describe(session: Session, asking: Asking): Promise<Reply<ServerDescription>>
  /** Has `ask` talk to the server, again after a loss when `effects` allow it. */
  call<T>(call: Call<T>): Promise<T>
  /** Ends it, with all that it started: it cannot be used any more. Never rejects. */
  close(): Promise<void>
}

interface Call<T> {
  /** What is called, in messages. */
  readonly what: string
  readonly effects: Effects
  readonly signal: AbortSignal
  readonly interviewer?: Interviewer
  ask(session: Session, patience: Patience, signal: AbortSignal): Promise<Reply<T>>
}

/** A call in flight. */
interface Flight {
  readonly patience: Patience
  readonly interviewer: Interviewer | undefined
}

/** Milliseconds before a call is made again. */
const PAUSES = [200, 1000]

export function connect(name: string, spec: ServerSpec, surroundings: Surroundings): Connection {
  const { clock } = surroundings
  const flights = new Set<Flight>()
  const over = new AbortController()
  setMaxListeners(0, over.signal)
  /** How often the server said that its tools changed. */
  let changes = 0
  let known: { readonly session: Session; readonly description: ServerDescription } | undefined
  const toolsChanged = () => {
    changes += 1
    known = undefined
  }
  const sessions = createSessions(async () => {
    if (over.signal.aborted) throw toolFailed(`The MCP server ${name} is not used any more.`)
    const patience = startPatience(clock, spec.timeout)
    const signal = AbortSignal.any([patience.signal, over.signal])
    const hooks = { toolsChanged, elicit: handOn(flights) }
    try {
      return await openSession(name, reachedBy(spec, surroundings), clock, hooks, { ...patience, signal })
    } finally {
      patience.stop()
    }
  })
  return {
    name,
    spec,
    surroundings,
    async call(call) {
      const signal = AbortSignal.any([call.signal, over.signal])
      for (let attempt = 0; ; attempt += 1) {
        const session = await sessions.get(signal)
        const flight = { patience: startPatience(clock, spec.timeout), interviewer: call.interviewer }
        flights.add(flight)
        try {
          const reply = await call.ask(session, flight.patience, signal)
          if ('value' in reply) return reply.value
          await sleep(clock, pauseAfter(name, call, reply.lost, attempt), signal)
        } finally {
          flights.delete(flight)
          flight.patience.stop()
        }
      }
    },
    async describe(session, asking) {
      if (known?.session === session) return { value: known.description }
      const before = changes
      const reply = await describe(name, spec, session, asking)
      if ('value' in reply && changes === before) known = { session, description: reply.value }
      return reply
    },
    async close() {
      over.abort(new CrewError('cancelled', `the MCP server ${name} is not used any more`))
      await sessions.close()
    },
  }
}

/** One session that can be used, for all who ask at the same time; another one when it is lost. */
function createSessions(open: () => Promise<Session>) {
  let latest: Promise<Session> | undefined
  return {
    async get(signal: AbortSignal): Promise<Session> {
      const before = latest
      const current = before && (await unlessAborted(before, signal).catch(() => undefined))
      signal.throwIfAborted()
      if ((!current || current.lost()) && latest === before) {
        latest = open()
        // Whoever waits for it hears of it.
        latest.catch(() => {})
      }
      return unlessAborted(latest as Promise<Session>, signal)
    },
    async close(): Promise<void> {
      const session = await latest?.catch(() => undefined)
      await session?.close()
    },
  }
}

/**
 * Hands what a server asks on to a call in flight, whose patience stands still meanwhile. The protocol does not say to
 * which it belongs: it is the one that has been under way longest, and with none there is nobody to be asked.
 */
function handOn(flights: ReadonlySet<Flight>) {
  return async (params: ElicitRequest['params'], signal: AbortSignal): Promise<ElicitResult> => {
    const asked = [...flights].find(({ interviewer }) => interviewer)?.interviewer
    if (!asked) return { action: 'cancel' }
    const pauses = [...flights].map(({ patience }) => patience.pause())
    const goOn = () => {
      for (const end of pauses) end()
    }
    signal.addEventListener('abort', goOn, { once: true })
    return asked.ask(params).finally(goOn)
  }
}

/** Milliseconds until the call may be made again. Throws `tool-failed` when it may not. */
function pauseAfter(
  name: string,
  { what, effects }: Pick<Call<unknown>, 'what' | 'effects'>,
  { why, isHarmful, isUntouched = false }: Loss,
  attempt: number,
): number {
  const pause = PAUSES[attempt]
  if (effects === 'once' && !isUntouched) throw lostDuring(name, what, `${why}. ${UNKNOWN}`)
  if (isHarmful || pause === undefined) {
    const tried = attempt === 0 ? '' : ` It was tried ${attempt + 1} times.`
    throw lostDuring(name, what, `${why}.${tried}`)
  }
  return pause
}

const UNKNOWN = 'Nobody knows whether it happened: find that out before you try it again.'

function lostDuring(name: string, what: string, why: string): CrewError {
  return toolFailed(`The MCP server ${name} was lost in the middle of ${what}: ${why}`)
}

/** It has no end of its own. */
const NONE = { total: Number.POSITIVE_INFINITY }

/** Fills the templates in. Rejects with `template-failed`. */
function reachedBy(spec: ServerSpec, { root, scope, fetch, sandbox, sign }: Surroundings): Reached {
  const filled = (texts: Readonly<Record<string, string>> = {}) =>
    Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, renderText(text, scope)]))
  const { run, env, url = '', headers, connection } = spec
  if (run) {
    const argv = run.map(part => renderText(part, scope))
    const program = {
      argv,
      env: filled(env),
      cwd: root,
      deadlines: NONE,
      signal: new AbortController().signal,
    }
    return sandbox?.wrap(program) ?? program
  }
  return {
    url: renderText(url, scope),
    fetch,
    headers: async () => ({
      ...filled(headers),
      ...(connection !== undefined && (await sign?.(connection))),
    }),
  }
}
