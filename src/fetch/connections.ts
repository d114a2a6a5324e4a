import * as z from 'zod'
import type { Clock } from '../clock.ts'
import { unlessAborted } from '../deadlines.ts'
import { CrewError } from '../errors.ts'
import { canonicalAddress } from './address.ts'
import { openTokens } from './connections/oauth.ts'
import { type Auth, type ConnectionSpec, connection } from './connections/schema.ts'
import { readSecret, type Secret, type Vault } from './connections/secret.ts'
import type { Answer, Fetch, FetchInit } from './fetch.ts'
import { type Guard, guardedFetch } from './guard.ts'

export const connections = z
  .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_-]*$/, 'a name is letters, digits, - and _'), connection)
  .describe('Services that tools and agents talk to, by name, with what they need to be let in')

export type ConnectionSpecs = z.infer<typeof connections>

/** A service, and the way in. What lets us in is shown to its own origin and to nobody else. */
export interface Connection {
  readonly name: string
  /** The address of something below the base address. Throws `request-rejected` when it would lead elsewhere. */
  address(path: string): string
  /**
   * Header fields for a request to `url`; none for another origin. For whoever has a client of its own: a key that goes
   * into the query is not among them, and tokens may have to be asked for first.
   */
  headers(url: string): Promise<Record<string, string>>
  /** With the guard; to its own origin with all that lets us in, renewed once when it is not taken any more. */
  readonly fetch: Fetch
}

export type Connections = ReadonlyMap<string, Connection>

interface Means extends Vault {
  /** Not guarded yet. */
  readonly fetch: Fetch
  readonly guard: Guard
  readonly clock: Clock
  /** Told of every secret before it is used, so that it can be kept out of everything that is written. */
  onSecret(name: string, value: string): void
  /** Nothing is sent: no secret is needed, and none is read. */
  readonly rehearsal?: boolean
}

/** Reads all secrets. Rejects with `key-missing` when one is not there, so that no run begins that could not go on. */
export async function openConnections(specs: ConnectionSpecs, means: Means): Promise<Connections> {
  const opened = Object.entries(specs).map(
    async ([name, spec]) =>
      [name, means.rehearsal ? rehearsed(name, spec) : await open(name, spec, means)] as const,
  )
  return new Map(await Promise.all(opened))
}

/** What lets us in. */
interface Pass {
  readonly headers: Readonly<Record<string, string>>
  readonly query?: readonly [name: string, value: string]
  /** The token in it, where another could be had. */
  readonly token?: string
}

async function open(name: string, spec: ConnectionSpec, means: Means): Promise<Connection> {
  const { guard, clock } = means
  const base = canonicalAddress(spec.baseUrl)
  if (spec.auth && base.protocol === 'http:' && !guard.isOwn(base)) throw unprotected(name, 'baseUrl', base)
  const fetch = guardedFetch(means.fetch, guard, clock)
  const passFor = await readAuth(name, spec.auth, { ...means, fetch })
  const isOwn = (url: URL) => url.origin === base.origin

  async function send(url: URL, init: FetchInit, pass: Pass): Promise<Answer> {
    const target = new URL(url)
    if (pass.query) target.searchParams.set(...pass.query)
    return fetch(target.href, { ...init, headers: merge(spec.headers, init.headers, pass.headers) })
  }

  return {
    name,
    address: path => addressBelow(base, path),
    async headers(address) {
      if (!isOwn(canonicalAddress(address))) return {}
      const { headers } = await passFor()
      return merge(spec.headers, headers)
    },
    async fetch(address, init) {
      const url = canonicalAddress(address)
      if (!isOwn(url)) return fetch(url.href, init)
      const pass = await unlessAborted(passFor(), init.signal)
      const answer = await send(url, init, pass)
      if (answer.status !== 401 || pass.token === undefined) return answer
      await answer.text()
      return send(url, init, await unlessAborted(passFor(pass.token), init.signal))
    },
  }
}

/** How each request is let in; `rejected` is a token that was not taken. */
async function readAuth(
  name: string,
  auth: Auth | undefined,
  means: Means,
): Promise<(rejected?: string) => Promise<Pass>> {
  const read = (where: Secret, what: string) => readSecret(where, `${what} of connection ${name}`, means)
  const readHidden = async (where: Secret, what: string) => {
    const value = await read(where, what)
    means.onSecret(typeof where === 'string' ? where : `${name}.${what}`, value)
    return value
  }
  const always = (pass: Pass) => async () => pass
  if (auth === undefined) return always({ headers: {} })
  if (auth.kind === 'bearer') {
    return always({ headers: { authorization: `Bearer ${await readHidden(auth.token, 'token')}` } })
  }
  if (auth.kind === 'apiKey') {
    const value = await readHidden(auth.value, 'value')
    if (auth.query !== undefined) return always({ headers: {}, query: [auth.query, value] })
    return always({ headers: { [(auth.header ?? '').toLowerCase()]: value } })
  }
  if (auth.kind === 'basic') {
    const username = await read(auth.username, 'username')
    const password = await readHidden(auth.password, 'password')
    const encoded = Buffer.from(`${username}:${password}`).toString('base64')
    means.onSecret(`${name}.authorization`, encoded)
    return always({ headers: { authorization: `Basic ${encoded}` } })
  }
  const tokenUrl = canonicalAddress(auth.tokenUrl)
  const isOwn = means.guard.isOwn(tokenUrl)
  if (tokenUrl.protocol === 'http:' && !isOwn) throw unprotected(name, 'auth.tokenUrl', tokenUrl)
  const { clientSecret, refreshToken } = auth
  const credentials = {
    clientId: await read(auth.clientId, 'clientId'),
    ...(clientSecret && { clientSecret: await readHidden(clientSecret, 'clientSecret') }),
    ...(refreshToken && { refreshToken: await readHidden(refreshToken, 'refreshToken') }),
  }
  const onToken = (token: string) => means.onSecret(`${name}.token`, token)
  const tokens = openTokens(auth, credentials, { ...means, name, isOwn, onToken })
  return async rejected => {
    const token = await tokens(rejected)
    return { headers: { authorization: `Bearer ${token}` }, token }
  }
}

function rehearsed(name: string, { baseUrl }: ConnectionSpec): Connection {
  const base = canonicalAddress(baseUrl)
  return {
    name,
    address: path => addressBelow(base, path),
    headers: async () => ({}),
    fetch: async () => {
      throw new CrewError('request-rejected', `connection ${name} sends nothing in a rehearsal`)
    },
  }
}

/** Names in lower case, so that a later one replaces an earlier one however they are written. */
function merge(...all: readonly (Readonly<Record<string, string>> | undefined)[]): Record<string, string> {
  const fields = all.flatMap(headers => Object.entries(headers ?? {}))
  return Object.fromEntries(fields.map(([name, value]) => [name.toLowerCase(), value]))
}

function addressBelow(base: URL, path: string): string {
  const prefix = base.pathname.replace(/\/$/, '')
  const url = canonicalAddress(
    `${base.origin}${prefix}${/^[/?]/.test(path) || path === '' ? '' : '/'}${path}`,
  )
  const isBelow = url.pathname === prefix || url.pathname.startsWith(`${prefix}/`)
  if (url.origin === base.origin && isBelow) return url.href
  throw new CrewError('request-rejected', `"${path}" leads out of ${base.origin}${prefix}`)
}

function unprotected(name: string, field: string, { host }: URL): CrewError {
  const message = `connections.${name}.${field} would send secrets to ${host} without encryption`
  return new CrewError('definition', message, {
    hint: `write https://, or declare the host as your own: permissions: { hosts: ["${host}"] }`,
  })
}
