import type { FetchLike, Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { Clock } from '../../clock.ts'
import { CrewError } from '../../errors.ts'
import type { Answer, Fetch } from '../../fetch/fetch.ts'
import { isObject, parseJson } from '../../json.ts'
import type { Sdk } from './sdk.ts'
import { LARGEST_MESSAGE } from './stdio.ts'

/** What the SDK reads of the head of an answer. */
const HEAD = [
  'content-type',
  'location',
  'mcp-session-id',
  'mcp-protocol-version',
  'www-authenticate',
  'retry-after',
]
const WITHOUT_BODY = [204, 205, 304]
/** A stream of messages stays open for as long as both sides want: calls have deadlines of their own. */
const STREAM_DEADLINE = 86_400_000
/** Milliseconds that what arrived at the end of a stream takes to be read. */
const READING = 500

export interface Address {
  readonly url: string
  /** Asked for before every request: tokens grow old. */
  readonly headers: () => Promise<Readonly<Record<string, string>>>
  readonly fetch: Fetch
  readonly clock: Clock
}

/** Requests that wait for an answer, by their ids. */
type Pending = Set<string>

/**
 * A server at an address. The SDK speaks streamable HTTP, and every request of it goes through the fetch of crew, with its
 * deadlines and whatever guard is around it. Redirects are followed within the origin only.
 * @param fail is told why it cannot be talked to any more
 */
export function httpTransport(
  { url, headers, fetch, clock }: Address,
  { StreamableHTTPClientTransport }: Sdk,
  pending: Pending,
  fail: (why: string, isHarmful: boolean) => void,
): Transport {
  const send: FetchLike = async (address, init = {}) => {
    const asked = Object.fromEntries(new Headers(init.headers))
    const id = requestIn(init.body)
    if (id !== undefined) pending.add(id)
    const answer = await fetch(String(address), {
      method: init.method ?? 'GET',
      headers: { ...asked, ...(await headers()) },
      ...(typeof init.body === 'string' && { body: init.body }),
      ...(init.signal && { signal: init.signal }),
      deadlines: { total: STREAM_DEADLINE },
      // Sent twice it might be done twice.
      fresh: init.method === 'POST',
    })
    const tooLarge = (why: string) => fail(why, true)
    return asResponse(answer, tooLarge, text => {
      const canResume = /^id:/m.test(text)
      if (id === undefined || canResume) return
      clock.after(READING, () => {
        if (pending.has(id)) fail('it closed the connection without an answer', false)
      })
    })
  }
  // Typed apart from the interface only in what is optional.
  return new StreamableHTTPClientTransport(new URL(url), { fetch: send }) as unknown as Transport
}

/** Id of the request that the body is, if it is one. */
function requestIn(body: unknown): string | undefined {
  const message = typeof body === 'string' ? parseJson(body) : undefined
  return isObject(message) && 'method' in message && 'id' in message ? String(message.id) : undefined
}

/** An answer as the SDK wants it. `ended` is given the beginning of the body, once it has arrived. */
function asResponse(
  answer: Answer,
  tooLarge: (why: string) => void,
  ended: (text: string) => void,
): Response {
  const head = HEAD.flatMap(name => {
    const value = answer.header(name)
    return value === undefined ? [] : [[name, value] as [string, string]]
  })
  const { status } = answer
  const body = WITHOUT_BODY.includes(status)
    ? null
    : ReadableStream.from(bounded(answer.body, tooLarge, ended))
  return new Response(body, { status, headers: head })
}

/** The same bytes, as long as no line of them is longer than a message may be. */
async function* bounded(
  body: AsyncIterable<Uint8Array>,
  tooLarge: (why: string) => void,
  ended: (text: string) => void,
) {
  let line = 0
  let beginning = ''
  try {
    for await (const bytes of body) {
      const last = bytes.lastIndexOf(10)
      line = last < 0 ? line + bytes.length : bytes.length - last - 1
      if (line > LARGEST_MESSAGE) throw tooLong()
      if (beginning.length < 10_000) beginning += Buffer.from(bytes).toString('latin1').slice(0, 10_000)
      yield bytes
    }
  } catch (thrown) {
    if (thrown instanceof CrewError && thrown.code === 'reply-too-long') tooLarge(thrown.message)
    throw thrown
  } finally {
    ended(beginning)
  }
}

function tooLong(): CrewError {
  return new CrewError('reply-too-long', `it sent a message larger than ${LARGEST_MESSAGE / 2 ** 20} MiB`)
}
