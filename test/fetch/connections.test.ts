import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { type ConnectionSpecs, connections, openConnections } from '../../src/fetch/connections.ts'
import { createFetch } from '../../src/fetch/fetch.ts'
import { createGuard } from '../../src/fetch/guard.ts'
import { later } from '../helpers/clock.ts'
import { answer, type FaultyServer, json, silence, startFaultyServer } from '../helpers/faulty-server.ts'
import { folderWith } from '../tools/folder.ts'

const deadlines = { total: 5000 }
let server: FaultyServer
let tokenServer: FaultyServer
let secrets: Record<string, string>

beforeEach(async () => {
  server = await startFaultyServer()
  tokenServer = await startFaultyServer()
  server.play(json(200, { ok: true }))
  secrets = {}
})
afterEach(() => Promise.all([server.close(), tokenServer.close()]))

const env = {
  KEY: 'key-of-the-crm',
  NAME: 'ada',
  CRM_ID: 'client-7',
  CRM_SECRET: 'client secret/+:ü',
  REFRESH: 'refresh-token-1',
}

interface Around {
  readonly env?: Record<string, string>
  readonly root?: string
  readonly hosts?: readonly string[]
  readonly clock?: typeof systemClock
  readonly rehearsal?: boolean
}

/** The connection `crm`, with what was declared of it. */
async function open(spec: object, { clock = systemClock, hosts = ['127.0.0.1'], ...more }: Around = {}) {
  const specs = connections.parse({ crm: { baseUrl: `${server.url}/api`, ...spec } })
  const means = {
    env,
    root: '.',
    fetch: createFetch(clock),
    guard: createGuard(hosts, async () => ['127.0.0.1']),
    clock,
    onSecret: (name: string, value: string) => {
      secrets[name] = value
    },
    ...more,
  }
  const crm = (await openConnections(specs as ConnectionSpecs, means)).get('crm')
  if (!crm) throw new Error('it was not opened')
  return { ...crm, get: async (path = '/x') => (await crm.fetch(crm.address(path), { deadlines })).text() }
}

const headersOf = (index: number) => server.received[index]?.headers ?? {}

describe('a connection lets in', () => {
  it('with a bearer token, and header fields of its own', async () => {
    const auth = { kind: 'bearer', token: 'KEY' }
    const crm = await open({ auth, headers: { 'Connection-Id': 'me', 'provider-config-key': 'github' } })
    await crm.get('/items?page=2')
    expect(server.received[0]?.path).toBe('/api/items?page=2')
    expect(headersOf(0)).toMatchObject({
      authorization: 'Bearer key-of-the-crm',
      'connection-id': 'me',
      'provider-config-key': 'github',
    })
    expect(secrets).toEqual({ KEY: 'key-of-the-crm' })
  })

  it('with an API key in a header field, which nobody can replace', async () => {
    const crm = await open({ auth: { kind: 'apiKey', header: 'X-Api-Key', value: 'KEY' } })
    await crm.fetch(crm.address('/x'), { deadlines, headers: { 'x-api-key': 'other' } })
    expect(headersOf(0)['x-api-key']).toBe('key-of-the-crm')
  })

  it('with an API key in the query, which is no part of the address that others see', async () => {
    const crm = await open({ auth: { kind: 'apiKey', query: 'key', value: 'KEY' } })
    expect(crm.address('/x?a=1')).toBe(`${server.url}/api/x?a=1`)
    await crm.get('/x?a=1&key=mine')
    expect(server.received[0]?.path).toBe('/api/x?a=1&key=key-of-the-crm')
    expect(await crm.headers(crm.address('/x'))).toEqual({})
  })

  it('with a name and a password', async () => {
    const crm = await open({ auth: { kind: 'basic', username: 'NAME', password: 'KEY' } })
    await crm.get()
    const encoded = Buffer.from('ada:key-of-the-crm').toString('base64')
    expect(headersOf(0).authorization).toBe(`Basic ${encoded}`)
    expect(Object.values(secrets)).toEqual(['key-of-the-crm', encoded])
  })
})

describe('what lets in', () => {
  it('is shown to no other origin', async () => {
    const crm = await open({ auth: { kind: 'bearer', token: 'KEY' }, headers: { 'x-team': 'us' } })
    tokenServer.play(json(200, {}))
    await (await crm.fetch(`${tokenServer.url}/api/x`, { deadlines })).text()
    expect(tokenServer.received).toHaveLength(1)
    for (const name of ['authorization', 'x-team'])
      expect(tokenServer.received[0]?.headers).not.toHaveProperty(name)
    expect(await crm.headers(tokenServer.url)).toEqual({})
    expect(await crm.headers(`${server.url}/elsewhere`)).toEqual({
      'x-team': 'us',
      authorization: 'Bearer key-of-the-crm',
    })
  })

  it('is not sent without encryption to a host that is not declared', async () => {
    const auth = { kind: 'bearer', token: 'KEY' }
    await expect(open({ baseUrl: 'http://crm.example.com', auth }, { hosts: [] })).rejects.toMatchObject({
      code: 'definition',
      message: 'connections.crm.baseUrl would send secrets to crm.example.com without encryption',
    })
    const tokens = {
      kind: 'oauth2',
      tokenUrl: 'http://t.example.com',
      clientId: 'CRM_ID',
      clientSecret: 'CRM_SECRET',
    }
    await expect(open({ auth: tokens })).rejects.toThrow('auth.tokenUrl would send secrets')
  })

  it('is not even sent to a declared connection where its host is private and not declared', async () => {
    const crm = await open(
      { baseUrl: 'https://crm.test', auth: { kind: 'bearer', token: 'KEY' } },
      { hosts: [] },
    )
    await expect(crm.get()).rejects.toMatchObject({ code: 'request-rejected' })
  })

  it('needs not be there in a rehearsal, which sends nothing', async () => {
    const crm = await open({ auth: { kind: 'bearer', token: 'NONE' } }, { rehearsal: true })
    expect(crm.address('/a')).toBe(`${server.url}/api/a`)
    await expect(crm.get()).rejects.toMatchObject({ code: 'request-rejected' })
    expect(server.connections()).toBe(0)
  })
})

test.each(['/../x', '/../../x', '/%2e%2e/x', '/a/../../x', '\\..\\..\\x', '/..'])(
  'an address cannot leave the base address by %s',
  async path => {
    const { address } = await open({})
    expect(() => address(path)).toThrow('leads out of')
  },
)

test.each(['@evil.test/x', '//evil.test/x', 'https://evil.test/', ':80/x', '.evil.test'])(
  'an address cannot change the host by %s',
  async path => {
    const { address } = await open({})
    expect(address(path).startsWith(`${server.url}/api/`)).toBe(true)
    const bare = await open({ baseUrl: server.url })
    expect(bare.address(path).startsWith(`${server.url}/`)).toBe(true)
  },
)

describe('a secret', () => {
  const bearer = (token: unknown) => ({ auth: { kind: 'bearer', token } })

  it('that is not in the environment is missed before anything is sent', async () => {
    await expect(open(bearer('NO_SUCH_KEY'))).rejects.toMatchObject({
      code: 'key-missing',
      message: 'token of connection crm is missing: the variable NO_SUCH_KEY is not set',
      details: { hint: 'set it: export NO_SUCH_KEY=…' },
    })
    await expect(open(bearer('BLANK'), { env: { BLANK: '  ' } })).rejects.toMatchObject({
      code: 'key-missing',
    })
  })

  it('can stand in a file of its own, relative to the team file', async () => {
    const root = folderWith({ 'crm.key': 'from-a-file\r\n\n' })
    chmodSync(join(root, 'crm.key'), 0o600)
    const crm = await open(bearer({ file: 'crm.key' }), { root })
    await crm.get()
    expect(headersOf(0).authorization).toBe('Bearer from-a-file')
    expect(secrets).toEqual({ 'crm.token': 'from-a-file' })
  })

  test.each([0o644, 0o640, 0o604, 0o620])(
    'in a file of mode %o is refused, with what mends it',
    async mode => {
      const root = folderWith({ 'my key': 'x'.repeat(20) })
      const path = join(root, 'my key')
      chmodSync(path, mode)
      await expect(open(bearer({ file: 'my key' }), { root })).rejects.toMatchObject({
        code: 'key-missing',
        details: { hint: `chmod 600 '${path}'` },
      })
    },
  )

  it('is refused where there is no file, an empty one, a folder or a flood', async () => {
    const root = folderWith({ empty: '\n', large: 'x'.repeat(70_000), 'folder/x': '' })
    for (const file of ['empty', 'large', 'folder']) chmodSync(join(root, file), 0o700)
    for (const file of ['empty', 'large', 'folder', 'missing'])
      await expect(open(bearer({ file }), { root }), file).rejects.toMatchObject({ code: 'key-missing' })
  })

  it('in a home folder is found there', async () => {
    const home = folderWith()
    writeFileSync(join(home, 'key'), 'at-home-it-is', { mode: 0o600 })
    const { HOME } = process.env
    process.env.HOME = home
    try {
      await open(bearer({ file: '~/key' }))
    } finally {
      process.env.HOME = HOME
    }
    expect(secrets).toEqual({ 'crm.token': 'at-home-it-is' })
  })
})

describe('OAuth 2', () => {
  const auth = () => ({
    kind: 'oauth2',
    tokenUrl: `${tokenServer.url}/token`,
    clientId: 'CRM_ID',
    clientSecret: 'CRM_SECRET',
    scope: 'read',
    parameters: { audience: 'api' },
  })
  const token = (name: string, more: object = {}) =>
    json(200, { access_token: name, token_type: 'Bearer', expires_in: 3600, ...more })
  const fieldsOf = (index: number) =>
    Object.fromEntries(new URLSearchParams(tokenServer.received[index]?.body))

  it('asks for a token as the client, and uses it until shortly before it ends', async () => {
    tokenServer.play(token('access-token-1'), token('access-token-2'))
    let late = 0
    const clock = { ...systemClock, now: () => later(late).now() }
    const crm = await open({ auth: auth() }, { clock })
    await crm.get()
    await crm.get()
    late = 3530_000
    await crm.get()
    late = 3545_000
    await crm.get()
    expect(server.received.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer access-token-1',
      'Bearer access-token-1',
      'Bearer access-token-1',
      'Bearer access-token-2',
    ])
    expect(fieldsOf(0)).toEqual({ grant_type: 'client_credentials', scope: 'read', audience: 'api' })
    const shown = Buffer.from(
      String(tokenServer.received[0]?.headers.authorization).slice(6),
      'base64',
    ).toString()
    expect(new URLSearchParams(`x=${shown.split(':')[1]}`).get('x')).toBe(env.CRM_SECRET)
    expect(Object.values(secrets)).toEqual([env.CRM_SECRET, 'access-token-2'])
  })

  it('asks once, however many wait', async () => {
    tokenServer.play(response => setTimeout(() => token('access-token-1')(response), 30))
    const crm = await open({ auth: auth() })
    await Promise.all([crm.get(), crm.get(), crm.get(), crm.headers(crm.address('/'))])
    expect(tokenServer.received).toHaveLength(1)
    expect(server.received).toHaveLength(3)
  })

  it('renews by a refresh token, and goes on with the next one it is given', async () => {
    tokenServer.play(
      token('access-1', { refresh_token: 'refresh-token-2', expires_in: 1 }),
      token('access-2'),
    )
    server.play(json(401, {}), json(200, {}))
    const { clientSecret: _, ...publicClient } = auth()
    const crm = await open({ auth: { ...publicClient, refreshToken: 'REFRESH' } })
    await crm.get()
    expect(fieldsOf(0)).toMatchObject({
      grant_type: 'refresh_token',
      refresh_token: 'refresh-token-1',
      client_id: 'client-7',
    })
    expect(fieldsOf(1)).toMatchObject({ refresh_token: 'refresh-token-2' })
    expect(Object.values(secrets)).toContain('access-2')
  })

  it('renews a token that is not taken once, and then believes the server', async () => {
    tokenServer.play(token('access-1'), token('access-2'), token('access-3'))
    server.play(json(401, {}), json(200, { done: true }))
    const crm = await open({ auth: auth() })
    expect(JSON.parse(await crm.get())).toEqual({ done: true })
    expect(server.received.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer access-1',
      'Bearer access-2',
    ])
    server.play(json(401, { message: 'go away' }))
    const refused = await crm.fetch(crm.address('/x'), { deadlines })
    expect(refused.status).toBe(401)
    expect(tokenServer.received).toHaveLength(3)
  })

  it('can show the secret in the body', async () => {
    tokenServer.play(token('access-1'))
    await (await open({ auth: { ...auth(), sends: 'post' } })).get()
    expect(fieldsOf(0)).toMatchObject({ client_id: 'client-7', client_secret: env.CRM_SECRET })
  })

  test.each([
    [
      'refuses',
      json(400, { error: 'invalid_client', error_description: 'no such client' }),
      'unauthorized',
      'invalid_client: no such client',
    ],
    [
      'refuses with a challenge',
      json(401, {}, { 'www-authenticate': 'Basic realm="x"' }),
      'unauthorized',
      'got no token',
    ],
    [
      'answers with a page',
      answer(200, '<html>', { 'content-type': 'text/html' }),
      'unauthorized',
      'got no token',
    ],
    ['answers with no token', json(200, { token_type: 'bearer' }), 'unauthorized', 'access_token'],
    [
      'answers with a token of another kind',
      json(200, { access_token: 'x', token_type: 'mac' }),
      'unauthorized',
      'got no token',
    ],
    ['redirects', answer(302, '', { location: 'http://127.0.0.1:1/' }), 'unauthorized', 'got no token'],
    ['is down', answer(503, 'later'), 'server-error', '503 later'],
    ['wants to be left alone', answer(429, 'slow'), 'rate-limited', '429 slow'],
  ])('that a server %s is an error that says so', async (_, script, code, words) => {
    tokenServer.play(script)
    const failed = (await open({ auth: auth() })).get()
    await expect(failed).rejects.toMatchObject({ code, message: expect.stringContaining(words) })
    expect(server.received).toHaveLength(0)
  })

  it('holds nobody up who does not wait any more, and asks again after a failure', async () => {
    tokenServer.play(silence)
    const crm = await open({ auth: auth() })
    const controller = new AbortController()
    const waiting = crm.fetch(crm.address('/x'), { deadlines, signal: controller.signal })
    controller.abort(new Error('no more'))
    await expect(waiting).rejects.toThrow('no more')
    await tokenServer.close()
    await expect(crm.get()).rejects.toMatchObject({ code: 'connection' })
  })
})

describe('in a team file, a connection', () => {
  test.each([
    ['an address with a user name', { baseUrl: 'https://a:b@h' }],
    ['an address with a template', { baseUrl: 'https://${env.HOST}/' }],
    ['an address with a query', { baseUrl: 'https://h/?key=1' }],
    ['another scheme', { baseUrl: 'ftp://h/' }],
    ['a secret that is no name', { baseUrl: 'https://h', auth: { kind: 'bearer', token: 'abc-def' } }],
    [
      'a secret that is written out',
      { baseUrl: 'https://h', auth: { kind: 'bearer', token: { value: 'x' } } },
    ],
    ['an API key that goes nowhere', { baseUrl: 'https://h', auth: { kind: 'apiKey', value: 'KEY' } }],
    [
      'an API key that goes everywhere',
      { baseUrl: 'https://h', auth: { kind: 'apiKey', value: 'K', header: 'x', query: 'y' } },
    ],
    ['a header field that is none', { baseUrl: 'https://h', headers: { 'a b': 'c' } }],
    [
      'a client without anything to show',
      { baseUrl: 'https://h', auth: { kind: 'oauth2', tokenUrl: 'https://h', clientId: 'A' } },
    ],
  ])('cannot have %s', (_, spec) => {
    expect(connections.safeParse({ crm: spec }).success).toBe(false)
  })
})
