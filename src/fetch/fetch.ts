import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { pipeline, type Readable } from 'node:stream'
import { createBrotliDecompress, createUnzip } from 'node:zlib'
import type { Clock } from '../clock.ts'
import { type Deadlines, watch } from '../deadlines.ts'
import { CrewError } from '../errors.ts'
import { once } from '../once.ts'
import { parseUrl } from '../url.ts'
import { ByteStream } from './byte-stream.ts'

export interface FetchInit {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal
  readonly deadlines: Deadlines
  /** Called whenever a part of the body has arrived. */
  readonly onBytes?: () => void
  /** Open a connection for this request alone, so that it is never sent twice. */
  readonly fresh?: boolean
  /** Connect to one of these addresses, whatever the name of the host leads to, on a connection of its own. */
  readonly addresses?: readonly string[]
}

/** What a server says: the head at once, the body as it comes, to be read once. */
export interface Answer {
  readonly status: number
  /** Of the status: 2xx. */
  readonly ok: boolean
  /** A field of the head, by its name in lower case. */
  header(name: string): string | undefined
  readonly body: AsyncIterable<Uint8Array>
  /** The whole body as UTF-8. */
  text(): Promise<string>
}

/**
 * One HTTP request. Resolves with whatever status comes; redirects are not followed. Rejects with a CrewError
 * (`connection`, `timeout`, `reply-too-long`, `request-rejected`), or at once with the signal's reason. The same can
 * happen later, to whoever reads the body.
 */
export type Fetch = (address: string, init: FetchInit) => Promise<Answer>

export function createFetch(clock: Clock): Fetch {
  return (address, init) =>
    new Promise((resolve, reject) => new Exchange(clock, address, init, { resolve, reject }))
}

/**
 * Node's own client with kept connections: 1.1 ms where the global fetch takes 1.9 ms. Made when it is first used, since most
 * teams of programs never do, and it brings all of TLS.
 */
const TRANSPORTS = {
  'http:': once(() => ({ request: httpRequest, pool: new HttpAgent({ keepAlive: true }) })),
  'https:': once(() => ({ request: httpsRequest, pool: new HttpsAgent({ keepAlive: true }) })),
}

/** A body is taken in as fast as it comes, read or not; this bounds the memory that costs. */
const LARGEST_BODY = 32 * 2 ** 20

interface Outcome {
  resolve(answer: Answer): void
  reject(reason: unknown): void
}

/** A request on its way, until its last byte has arrived or the first thing has gone wrong. */
class Exchange {
  readonly #url: URL
  readonly #init: FetchInit
  readonly #timers: ReturnType<typeof watch>
  readonly #resolve: Outcome['resolve']
  /** Whoever waits: first the caller, then the reader of the body. */
  #reject: Outcome['reject']
  #request: ClientRequest
  #over = false

  constructor(clock: Clock, address: string, init: FetchInit, { resolve, reject }: Outcome) {
    init.signal?.throwIfAborted()
    this.#resolve = resolve
    this.#reject = reject
    this.#init = init
    this.#url = parseAddress(address)
    this.#request = this.#send(init.fresh ?? false)
    this.#timers = watch(clock, init.deadlines, (name, milliseconds) =>
      this.#fail(missedDeadline(this.#url, name, milliseconds)),
    )
    init.signal?.addEventListener('abort', this.#abort, { once: true })
  }

  /**
   * A server may close a kept connection in the moment we write to it. Such a request was not heard by anybody, if not
   * a byte came back, and is sent once more on a connection of its own. The one case where this is wrong, a server
   * that takes the request and dies without a word, looks the same: so acts that must not happen twice are sent on a
   * fresh connection from the start.
   */
  #send(fresh: boolean): ClientRequest {
    const request = openRequest(this.#url, this.#init, fresh)
    let bytesBefore = 0
    request.once('socket', socket => {
      bytesBefore = socket.bytesRead
    })
    request.once('response', message => this.#receive(message))
    request.on('error', error => {
      if (this.#over) return
      const unheard = request.reusedSocket && request.socket?.bytesRead === bytesBefore
      if (unheard) this.#request = this.#send(true)
      else this.#fail(brokenConnection(this.#url, error))
    })
    request.end(this.#init.body)
    return request
  }

  #receive(message: IncomingMessage): void {
    const status = message.statusCode ?? 0
    if (status < 200 || status > 599) {
      this.#fail(strangeStatus(this.#url, status))
      return
    }
    const source = decode(message)
    const body = new ByteStream(() => this.#drop())
    this.#reject = reason => body.end(reason)
    let size = 0
    source.on('data', (bytes: Buffer) => {
      if (this.#over) return
      size += bytes.length
      if (size > LARGEST_BODY) this.#fail(tooLarge(this.#url))
      else body.push(bytes)
    })
    source.on('end', () => {
      if (this.#over) return
      this.#finish()
      body.end()
    })
    source.on('error', error => this.#fail(brokenConnection(this.#url, error)))
    message.on('data', this.#timers.touch)
    if (this.#init.onBytes) message.on('data', this.#init.onBytes)
    this.#resolve({
      status,
      ok: status < 300,
      header: name => asLine(message.headers[name]),
      body,
      text: () => body.text(),
    })
  }

  readonly #abort = () => this.#fail(this.#init.signal?.reason)

  #fail(reason: unknown): void {
    if (this.#over) return
    this.#drop()
    this.#reject(reason)
  }

  #drop(): void {
    this.#finish()
    this.#request.destroy()
  }

  #finish(): void {
    this.#over = true
    this.#timers.stop()
    this.#init.signal?.removeEventListener('abort', this.#abort)
  }
}

function parseAddress(address: string): URL {
  const url = parseUrl(address)
  if (url && url.protocol in TRANSPORTS) return url
  throw new CrewError('request-rejected', `"${address}" is not an http or https address`)
}

function openRequest(url: URL, init: FetchInit, fresh: boolean): ClientRequest {
  const { request, pool } = TRANSPORTS[url.protocol === 'https:' ? 'https:' : 'http:']()
  const { method = 'GET', addresses } = init
  const headers = { 'accept-encoding': 'identity', ...init.headers }
  // A kept connection may lead elsewhere: it was made by whoever asked first.
  const where = addresses
    ? { agent: false, lookup: lookupOf(addresses) }
    : { agent: fresh ? (false as const) : pool }
  try {
    return request(url, { method, headers, ...where })
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause)
    throw new CrewError('request-rejected', `the request to ${hostOf(url)} cannot be sent: ${problem}`, {
      cause,
    })
  }
}

/** Answers as if it had asked for the name. */
function lookupOf(addresses: readonly string[]): LookupFunction {
  const all = addresses.map(address => ({ address, family: isIP(address) }))
  return (_, options, callback) => {
    const [first] = all
    if (options.all || !first) callback(null, all)
    else callback(null, first.address, first.family)
  }
}

/** We ask for plain bytes; some proxies compress all the same. */
function decode(message: IncomingMessage): Readable {
  const encoding = message.headers['content-encoding'] ?? 'identity'
  if (encoding === 'identity') return message
  return pipeline(message, encoding === 'br' ? createBrotliDecompress() : createUnzip(), () => {})
}

function asLine(field: string | string[] | undefined): string | undefined {
  return Array.isArray(field) ? field.join(', ') : field
}

function hostOf(url: URL): string {
  return `${url.hostname}:${url.port || (url.protocol === 'https:' ? 443 : 80)}`
}

const MISSED = {
  firstByte: 'did not begin to answer',
  idle: 'fell silent in the middle of its answer',
  total: 'did not finish its answer',
}

function missedDeadline(url: URL, name: keyof Deadlines, milliseconds: number): CrewError {
  const message = `${hostOf(url)} ${MISSED[name]} within ${milliseconds / 1000} s (timeout.${name})`
  return new CrewError('timeout', message, {
    hint: `raise timeout.${name} in the team file if that is too short`,
  })
}

const REMEDIES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there: start the server, or correct the address',
  ENOTFOUND: 'the host name is unknown: correct the address, or check the network',
  EAI_AGAIN: 'the host name could not be looked up: check the network',
}

/** Nobody was reached, or not until the end. */
export function brokenConnection(url: URL, cause: NodeJS.ErrnoException): CrewError {
  const why = cause.code ?? cause.message
  const hint = REMEDIES[why] ?? 'try again; if it stays, check the network and the server'
  return new CrewError('connection', `the connection to ${hostOf(url)} failed: ${why}`, { hint, cause })
}

function strangeStatus(url: URL, status: number): CrewError {
  return new CrewError('connection', `${hostOf(url)} answered with status ${status}, which is not HTTP`, {
    hint: 'check that the address belongs to an HTTP server',
  })
}

function tooLarge(url: URL): CrewError {
  return new CrewError(
    'reply-too-long',
    `the answer of ${hostOf(url)} is larger than ${LARGEST_BODY / 2 ** 20} MiB`,
  )
}
