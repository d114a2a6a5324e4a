import * as z from 'zod'
import type { Clock } from '../clock.ts'
import { CrewError, toCrewError } from '../errors.ts'
import { type Answer, createFetch, type Fetch } from '../fetch/fetch.ts'
import { type Allowed, quote, readAllowed } from '../fetch/status.ts'
import { isObject, type Json, parseJson } from '../json.ts'
import type { Spend } from '../spend.ts'
import { mostTokens } from '../tokens.ts'
import { chat } from './chat.ts'
import type { Dialect } from './dialect.ts'
import { accept, type Draft, emptyDraft, malformed } from './draft.ts'
import type { ResolvedEndpoint } from './endpoint.ts'
import { refusedCall, reportedError } from './failure.ts'
import type { Model, ModelRequest, ReplyOptions } from './model.ts'
import { dearest, findPrice, type Price } from './price.ts'
import { responses } from './responses.ts'
import { readEvents } from './sse.ts'
import { ASSUMED_OUTPUT, estimate } from './tokens.ts'

type Sdk = typeof import('openai')

/** What a model is called in. */
export interface Surroundings {
  readonly clock: Clock
  /** Told what the provider says of its limits, before anything else is done about its answer. */
  readonly onAllowed?: (allowed: Allowed) => Promise<void>
}

/** What is needed to reach a model, whatever it is asked. */
interface Line extends Surroundings {
  readonly dialect: Dialect
  readonly endpoint: ResolvedEndpoint
  /** What is the same in every request: where it goes, and its head. */
  readonly address: string
  readonly headers: Readonly<Record<string, string>>
  readonly fetch: Fetch
}

/** A model behind an OpenAI-compatible endpoint, asked through OpenAI's SDK. */
export async function openaiModel(endpoint: ResolvedEndpoint, surroundings: Surroundings): Promise<Model> {
  const [sdk, price] = await Promise.all([import('openai'), findPrice(endpoint)])
  const dialect = endpoint.api === 'responses' ? responses : chat
  const line = {
    ...(await prepare(sdk, endpoint, dialect.path)),
    dialect,
    endpoint,
    fetch: createFetch(surroundings.clock),
    ...surroundings,
  }
  return {
    id: endpoint.id,
    timeout: endpoint.timeout,
    traffic: endpoint.traffic,
    worstCase: request => dearest(price, estimate(request, endpoint.maxTokens ?? ASSUMED_OUTPUT)),
    async reply(request, options) {
      const draft = emptyDraft()
      try {
        await converse(line, request, options, draft)
        return Object.assign(accept(draft, endpoint), { spent: spendOf(draft, request, price) })
      } catch (thrown) {
        options.signal.throwIfAborted()
        const error = toFailure(thrown, endpoint)
        // A provider that was too slow for us was working, and will say so on its bill.
        const billed = draft.begun || error.code === 'timeout'
        throw billed ? charged(error, spendOf(draft, request, price)) : error
      }
    },
  }
}

/** Asks once, and writes what comes back into `draft`, so that what was heard before a failure is not forgotten. */
async function converse(
  line: Line,
  request: ModelRequest,
  options: ReplyOptions,
  draft: Draft,
): Promise<void> {
  const { dialect, endpoint, address, headers, fetch } = line
  const hear = (part: unknown) => {
    const error = findError(part)
    if (error) throw reportedError(endpoint, error)
    dialect.read(draft, part, options.onText)
  }
  const { signal, timeout: deadlines, onBytes, idempotencyKey } = options
  const answer = await fetch(address, {
    method: 'POST',
    headers: Object.assign({ 'idempotency-key': idempotencyKey }, headers),
    body: JSON.stringify(dialect.write(endpoint, request)),
    signal,
    deadlines,
    ...(onBytes && { onBytes }),
  })
  const refusal = answer.ok ? undefined : refusedCall(endpoint, answer, await answer.text(), line.clock.now())
  await tell(line, answer, refusal)
  if (refusal) throw refusal
  if (isStream(answer)) await readEvents(answer.body, hear)
  else {
    hear(parseReply(await answer.text(), endpoint))
    if (!draft.begun) throw malformed(endpoint.id, 'it is not what a model says')
  }
}

/** What is asked of us by a refusal goes before what its other words say. */
async function tell(
  { onAllowed, clock }: Line,
  answer: Answer,
  refusal: CrewError | undefined,
): Promise<void> {
  const { pause, ...rate } = readAllowed(answer, clock.now())
  const { retryAfter = pause } = refusal?.code === 'rate-limited' ? refusal.details : {}
  if (retryAfter === undefined && Object.keys(rate).length === 0) return
  await onAllowed?.({ ...rate, ...(retryAfter !== undefined && { pause: retryAfter }) })
}

function isStream(answer: Answer): boolean {
  return answer.header('content-type')?.includes('text/event-stream') ?? false
}

/** A reply that came in one piece: some servers do not stream, whatever they are asked. */
function parseReply(body: string, { id }: ResolvedEndpoint): Json {
  const reply = parseJson(body)
  if (isObject(reply)) return reply
  throw malformed(id, body.trim() === '' ? 'it is empty' : `it is ${quote(body)}`)
}

/** Where the providers put an error that they found only after they had answered "200 OK". */
function findError(part: unknown): unknown {
  if (!isObject(part)) return undefined
  if (part.type === 'error') return part.error ?? part
  return part.error ?? (isObject(part.response) ? part.response.error : undefined)
}

/**
 * Address and head of a request, as the SDK writes them. Sending and reading are ours: the SDK knows no deadline for a body,
 * and takes much for a reply that is none. It is asked once, and not for every call: nothing else in a head changes.
 */
async function prepare(
  { OpenAI }: Sdk,
  { apiKey, baseUrl, provider }: ResolvedEndpoint,
  path: string,
): Promise<Pick<Line, 'address' | 'headers'>> {
  const client = new OpenAI({
    apiKey: apiKey ?? 'none',
    baseURL: baseUrl,
    logLevel: 'off',
    // The SDK would take these from the environment and tell them to any provider.
    ...(provider !== 'openai' && { organization: null, project: null }),
    ...(apiKey === undefined && { defaultHeaders: { authorization: null } }),
  })
  const { url, req } = await client.buildRequest({ method: 'post', path, body: {} })
  // The SDK reports machine and runtime to the provider in headers of its own; nobody has asked for that.
  const asked = [...new Headers(req.headers)].filter(([name]) => !name.startsWith('x-stainless-'))
  return { address: url, headers: Object.fromEntries(asked) }
}

function spendOf({ usage, text, calls }: Draft, request: ModelRequest, price: Price): Spend {
  const written = text + calls.map(call => call.name + call.arguments).join('')
  const { maxTokens = Number.POSITIVE_INFINITY } = request
  return price(usage ?? estimate(request, Math.min(maxTokens, mostTokens(written))))
}

function toFailure(thrown: unknown, endpoint: ResolvedEndpoint): CrewError {
  if (thrown instanceof CrewError) return thrown
  if (thrown instanceof z.ZodError) return malformed(endpoint.id, z.prettifyError(thrown), thrown)
  if (thrown instanceof SyntaxError) return malformed(endpoint.id, thrown.message, thrown)
  return toCrewError(thrown)
}

function charged(error: CrewError, spent: Spend): CrewError {
  return new CrewError(error.code, error.message, { ...error.details, spent, cause: error.cause })
}
