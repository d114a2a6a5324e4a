import type { ClientAuth, TokenEndpointResponse } from 'oauth4webapi'
import type { Clock } from '../../clock.ts'
import { CrewError } from '../../errors.ts'
import type { Fetch } from '../fetch.ts'
import { codeOfStatus, quote } from '../status.ts'
import type { OAuth } from './schema.ts'

/** The secrets of an OAuth client, read. */
export interface Credentials {
  readonly clientId: string
  readonly clientSecret?: string
  readonly refreshToken?: string
}

interface Means {
  /** Of the connection, as a sentence names it. */
  readonly name: string
  /** Guarded. */
  readonly fetch: Fetch
  readonly clock: Clock
  /** The team file names the host as one of its own: http will do. */
  readonly isOwn: boolean
  /** Told of every token before it is used. */
  onToken(token: string): void
}

/** Gives tokens that are good for a while yet: never `rejected`, which the server did not take. */
export type Tokens = (rejected?: string) => Promise<string>

/** A token is renewed that long before it ends, or after nine tenths of its life if that is later. */
const MARGIN = 60_000
const DEADLINES = { total: 30_000 }

/** Tokens of an OAuth 2 client, kept in memory and asked for one at a time, whoever else waits for them. */
export function openTokens(spec: OAuth, credentials: Credentials, means: Means): Tokens {
  let current: { readonly token: string; readonly until: number } | undefined
  let flight: Promise<string> | undefined
  let { refreshToken } = credentials

  async function renew(): Promise<string> {
    const began = means.clock.now()
    const response = await request(spec, { ...credentials, ...(refreshToken && { refreshToken }) }, means)
    const { access_token: token, expires_in: seconds, refresh_token: next } = response
    // A server may give a new refresh token each time, and take the old one no more.
    if (next !== undefined && refreshToken !== undefined) refreshToken = next
    for (const secret of [token, next, response.id_token]) if (secret) means.onToken(secret)
    const life = seconds === undefined ? Number.POSITIVE_INFINITY : seconds * 1000
    current = { token, until: began + Math.max(life - MARGIN, life * 0.9) }
    return token
  }

  return async rejected => {
    const isGood = current && current.token !== rejected && means.clock.now() < current.until
    if (current && isGood) return current.token
    flight ??= renew().finally(() => {
      flight = undefined
    })
    return flight
  }
}

async function request(
  spec: OAuth,
  { clientId, clientSecret, refreshToken }: Credentials,
  means: Means,
): Promise<TokenEndpointResponse> {
  const oauth = await import('oauth4webapi')
  const server = { issuer: new URL(spec.tokenUrl).origin, token_endpoint: spec.tokenUrl }
  const client = { client_id: clientId }
  const show = spec.sends === 'post' ? oauth.ClientSecretPost : oauth.ClientSecretBasic
  const auth: ClientAuth = clientSecret === undefined ? oauth.None() : show(clientSecret)
  const options = {
    [oauth.customFetch]: send(means),
    [oauth.allowInsecureRequests]: means.isOwn,
  }
  const fields = { ...spec.parameters, ...(spec.scope !== undefined && { scope: spec.scope }) }
  try {
    if (refreshToken === undefined) {
      const response = await oauth.clientCredentialsGrantRequest(server, client, auth, fields, options)
      return await oauth.processClientCredentialsResponse(server, client, response)
    }
    const more = { ...options, additionalParameters: fields }
    const response = await oauth.refreshTokenGrantRequest(server, client, auth, refreshToken, more)
    return await oauth.processRefreshTokenResponse(server, client, response)
  } catch (thrown) {
    if (thrown instanceof CrewError) throw thrown
    throw refused(spec, means.name, thrown)
  }
}

/** Our own fetch in the shape of the global one, as far as a token endpoint needs it. */
function send({ fetch, name }: Means) {
  return async (
    address: string,
    init: { method: string; headers: Record<string, string>; body?: unknown },
  ) => {
    const answer = await fetch(address, {
      method: init.method,
      headers: init.headers,
      ...(init.body !== undefined && init.body !== null && { body: String(init.body) }),
      deadlines: DEADLINES,
    })
    const body = await answer.text()
    const code = codeOfStatus(answer.status)
    // What may heal is not what the library takes for an answer.
    if (!answer.ok && (code === 'rate-limited' || code === 'server-error'))
      throw new CrewError(code, `connection ${name} got no token: ${answer.status} ${quote(body)}`)
    const names = ['content-type', 'www-authenticate']
    const headers = names.flatMap(field => {
      const value = answer.header(field)
      return value === undefined ? [] : [[field, value] as [string, string]]
    })
    const isEmpty = [204, 205, 304].includes(answer.status)
    return new Response(isEmpty ? null : body, { status: answer.status, headers })
  }
}

function refused({ tokenUrl }: OAuth, name: string, thrown: unknown): CrewError {
  const {
    error,
    error_description: details,
    message,
  } = thrown as {
    readonly error?: string
    readonly error_description?: string
    readonly message?: string
  }
  const said = [error ?? message ?? String(thrown), details].filter(Boolean).join(': ')
  return new CrewError('unauthorized', `connection ${name} got no token of ${tokenUrl}: ${quote(said)}`, {
    hint: `check auth of connections.${name}, and that its secrets are still good`,
    cause: thrown,
  })
}
