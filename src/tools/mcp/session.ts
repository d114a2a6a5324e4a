import type { RequestOptions } from '@modelcontextprotocol/sdk/shared/protocol.js'
import type { ClientRequest, ElicitRequest, ElicitResult } from '@modelcontextprotocol/sdk/types.js'
import type * as z from 'zod'
import type { Clock } from '../../clock.ts'
import { CrewError } from '../../errors.ts'
import type { Fetch } from '../../fetch/fetch.ts'
import type { Partner } from '../../spawn.ts'
import { version } from '../../version.ts'
import { toolFailed } from '../tool.ts'
import { httpTransport } from './http.ts'
import type { Patience } from './patience.ts'
import { loadSdk, type Sdk } from './sdk.ts'
import { type Line, stdioLine } from './stdio.ts'
import { legible, legibleLine } from './words.ts'

/** How a server is reached: nothing in it is a template any more. */
export type Reached =
  | Pick<Partner, 'argv' | 'env' | 'cwd' | 'ending'>
  | {
      readonly url: string
      readonly headers: () => Promise<Readonly<Record<string, string>>>
      readonly fetch: Fetch
    }

/** Why a server cannot be talked to any more. */
export interface Loss {
  readonly why: string
  /** It did harm, or tried to: no good comes of starting it again. */
  readonly isHarmful: boolean
  /** It did not even take the request. */
  readonly isUntouched?: boolean
}

export type Reply<T> = { readonly value: T } | { readonly lost: Loss }

export interface Asking {
  readonly signal: AbortSignal
  readonly patience: Patience
  readonly onProgress?: () => void
}

/** A server that has been greeted, until it is lost or closed. */
export interface Session {
  readonly info: { readonly name: string; readonly version: string }
  readonly has: { readonly tools: boolean; readonly resources: boolean; readonly prompts: boolean }
  readonly lost: () => Loss | undefined
  /**
   * Rejects with `tool-failed` when the server refuses or answers with nonsense, with the reason of `signal`, and with
   * `timeout` when patience is over. The server is told of both.
   */
  ask<T>(request: ClientRequest, result: z.ZodType<T>, asking: Asking): Promise<Reply<T>>
  close(): Promise<void>
}

export interface Hooks {
  /** Somebody asks something in the middle of a call. */
  elicit(asked: ElicitRequest['params'], signal: AbortSignal): Promise<ElicitResult>
  /** It says that its tools are not the same any more. */
  toolsChanged(): void
}

/** Messages within `WINDOW` milliseconds that are too many for any purpose. */
const FLOOD = 20_000
const WINDOW = 10_000
const LONGEST_ERROR = 4000
/** The SDK's own timers are not used: they do not stand still while a person is asked. */
const NEVER = 2 ** 31 - 1
const FAREWELL = 2000

const CLOSED: Loss = { why: 'it closed the connection', isHarmful: false }

/** Reaches a server and greets it. Rejects with `tool-failed` when that does not succeed, with what it said. */
export async function openSession(
  name: string,
  reached: Reached,
  clock: Clock,
  hooks: Hooks,
  patience: Patience,
): Promise<Session> {
  const sdk = await loadSdk()
  const client = new sdk.Client({ name: 'crew', version }, { capabilities: { elicitation: { form: {} } } })
  let loss: Loss | undefined
  const lose = (why: string, isHarmful: boolean) => {
    loss ??= { why, isHarmful }
    void client.close()
  }
  const line = lineTo(reached, clock, sdk, lose)
  client.setRequestHandler(sdk.ElicitRequestSchema, ({ params }, { signal }) => hooks.elicit(params, signal))
  client.setNotificationHandler(sdk.ToolListChangedNotificationSchema, () => hooks.toolsChanged())
  client.onclose = () => {
    loss ??= CLOSED
  }
  try {
    await client.connect(line.transport, { timeout: NEVER, signal: patience.signal })
  } catch (thrown) {
    // The SDK closes what it could not open, whatever the reason: only what is known besides says why.
    const known = loss === CLOSED ? lossOf(thrown, sdk) : loss
    const about = { loss: known, noise: line.noise(), patience }
    await client.close()
    throw notReached(name, reached, thrown, about)
  }
  const { tools, resources, prompts } = client.getServerCapabilities() ?? {}
  const { name: own = '', version: its = '' } = client.getServerVersion() ?? {}
  return {
    info: { name: legibleLine(own, 100), version: legibleLine(its, 100) },
    has: { tools: !!tools, resources: !!resources, prompts: !!prompts },
    lost: () => loss,
    async ask(request, result, asking) {
      if (loss) return { lost: { ...loss, isUntouched: true } }
      try {
        return { value: (await client.request(request, result as never, optionsOf(asking))) as never }
      } catch (thrown) {
        asking.signal.throwIfAborted()
        if (asking.patience.signal.aborted) throw tooLate(name)
        const lost: Loss | undefined = loss ?? lossOf(thrown, sdk)
        if (!lost) throw refused(name, thrown)
        lose(lost.why, lost.isHarmful)
        return { lost }
      }
    },
    async close() {
      loss ??= { why: 'it is not needed any more', isHarmful: false }
      await Promise.race([farewell(line), new Promise<void>(resolve => clock.after(FAREWELL, resolve))])
      await client.close()
    },
  }
}

/** @param lose is told why the server cannot be talked to any more */
function lineTo(
  reached: Reached,
  clock: Clock,
  sdk: Sdk,
  lose: (why: string, isHarmful: boolean) => void,
): Line {
  const pending = new Set<string>()
  const line: Line =
    'argv' in reached
      ? stdioLine(reached, clock, sdk, lose)
      : { transport: httpTransport({ ...reached, clock }, sdk, pending, lose), noise: () => '' }
  line.transport.onmessage = countMessages(clock, pending, () =>
    lose(`it sent more than ${FLOOD} messages within ${WINDOW / 1000} seconds`, true),
  )
  return line
}

function optionsOf({ signal, patience, onProgress }: Asking): RequestOptions {
  return {
    timeout: NEVER,
    signal: AbortSignal.any([signal, patience.signal]),
    onprogress: () => {
      patience.touch()
      onProgress?.()
    },
  }
}

function tooLate(name: string): CrewError {
  return new CrewError('timeout', `the MCP server ${name} did not answer in time`, {
    hint: `raise timeout of the server: mcp: { ${name}: { timeout: 5m } }`,
  })
}

/** A server at an address is told that the session is over, so that it need not keep it. */
async function farewell({ transport }: Line): Promise<void> {
  if (!('terminateSession' in transport)) return
  await (transport.terminateSession as () => Promise<void>)().catch(() => {})
}

/** Counts what arrives, and calls `flood` when that is too much; takes answered requests out of `pending`. */
function countMessages(clock: Clock, pending: Set<string>, flood: () => void) {
  let since = clock.now()
  let count = 0
  return (message: object) => {
    if (!('method' in message) && 'id' in message) pending.delete(String(message.id))
    const now = clock.now()
    if (now - since > WINDOW) {
      since = now
      count = 0
    }
    count += 1
    if (count === FLOOD) flood()
  }
}

/** What an error says about the connection; nothing when the server only refused. */
function lossOf(thrown: unknown, { McpError, StreamableHTTPError, ErrorCode }: Sdk): Loss | undefined {
  if (thrown instanceof StreamableHTTPError) {
    // 404: it has forgotten the session, and so has done nothing of what was asked in it.
    return thrown.code === 404
      ? { why: 'it has forgotten the session', isHarmful: false, isUntouched: true }
      : undefined
  }
  if (thrown instanceof McpError) {
    return thrown.code === ErrorCode.ConnectionClosed ? CLOSED : undefined
  }
  if (!(thrown instanceof CrewError)) return undefined
  const { code, message } = thrown
  if (code === 'reply-too-long') return { why: message, isHarmful: true }
  return code === 'connection' || code === 'timeout' ? { why: message, isHarmful: false } : undefined
}

function refused(name: string, thrown: unknown): CrewError {
  return toolFailed(`The MCP server ${name} refused: ${wordsOf(thrown)}`, thrown)
}

function wordsOf(thrown: unknown): string {
  const isShape = thrown instanceof Error && 'issues' in thrown
  if (isShape) return 'its answer does not have the form that the protocol gives it'
  return legible(thrown instanceof Error ? thrown.message : String(thrown), LONGEST_ERROR)
}

interface Circumstances {
  readonly loss: Loss | undefined
  readonly noise: string
  readonly patience: Patience
}

function notReached(name: string, reached: Reached, thrown: unknown, about: Circumstances): CrewError {
  const { loss, noise, patience } = about
  const failed = 'argv' in reached ? 'could not be started' : 'could not be reached'
  const why = loss ? loss.why : patience.signal.aborted ? 'it did not answer in time' : wordsOf(thrown)
  const wrote = noise === '' ? '' : ` (it wrote what is no message of the protocol: ${noise})`
  const hint = thrown instanceof CrewError ? thrown.details.hint : undefined
  return toolFailed(
    `The MCP server ${name} ${failed}: ${legible(why, LONGEST_ERROR)}${wrote}${hint ? `; ${hint}` : ''}`,
    thrown,
  )
}
