import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { connections, openConnections } from '../../src/fetch/connections.ts'
import { createFetch } from '../../src/fetch/fetch.ts'
import { createGuard, guardedFetch } from '../../src/fetch/guard.ts'
import type { JsonObject } from '../../src/json.ts'
import { httpTool, httpToolSchema } from '../../src/tools/declared-http.ts'
import { answer, type FaultyServer, json, startFaultyServer } from '../helpers/faulty-server.ts'
import { setting } from './folder.ts'

let server: FaultyServer
let base: string

beforeEach(async () => {
  server = await startFaultyServer()
  server.play(json(200, { ok: true }))
  base = `http://api.test:${new URL(server.url).port}`
})
afterEach(() => server.close())

const ARGS = { id: { type: 'string' }, more: { type: 'string', optional: true } }

/** The tool `item`, declared like this. */
async function toolOf(declared: object) {
  const clock = systemClock
  const fetch = createFetch(clock)
  const guard = createGuard(['*.test'], async () => ['127.0.0.1'])
  const specs = connections.parse({
    crm: { baseUrl: `${base}/v1`, headers: { 'x-team': 'us' }, auth: { kind: 'bearer', token: 'KEY' } },
  })
  const means = { env: { KEY: 'key-of-the-crm' }, root: '.', fetch, guard, clock, onSecret: () => {} }
  const opened = await openConnections(specs, means)
  const spec = httpToolSchema.parse({ description: 'An item.', args: ARGS, ...declared })
  return httpTool('item', spec, {
    scope: { input: { topic: 'tea' }, env: {}, run: { id: 'run-1' } },
    fetch: guardedFetch(fetch, guard, clock),
    clock,
    connection: name => opened.get(name),
  })
}

const call = async (declared: object, args: JsonObject = { id: '7' }, around = setting('.')) =>
  (await toolOf(declared)).call(args, around)
const received = () => server.received[0] ?? { method: '', path: '', headers: {}, body: '' }

describe('a declared request', () => {
  it('goes to its connection, with what that lets it in by', async () => {
    expect(await call({ get: '/items/${args.id}', connection: 'crm' })).toEqual({ ok: true })
    expect(received()).toMatchObject({ method: 'GET', path: '/v1/items/7' })
    expect(received().headers).toMatchObject({ authorization: 'Bearer key-of-the-crm', 'x-team': 'us' })
    expect(received().headers).not.toHaveProperty('idempotency-key')
  })

  it('goes to a whole address without any of that', async () => {
    await call({ get: `${base}/v1/items/\${args.id}` })
    expect(received().path).toBe('/v1/items/7')
    expect(received().headers).not.toHaveProperty('authorization')
  })

  it('has its query, header fields and body filled in, and leaves out what was not given', async () => {
    const declared = {
      ...{ post: '/items?static=1', connection: 'crm', effects: 'idempotent' },
      args: { ...ARGS, tags: { type: 'array' }, count: { type: 'integer', default: 3 } },
      query: { q: '${args.id}', page: '${args.more}', tag: '${args.tags}' },
      headers: { 'X-Topic': '${input.topic}', 'x-more': '${args.more}' },
      body: { id: 'no. ${args.id}', count: '${args.count}', more: '${args.more}', list: ['${args.tags}'] },
    }
    await call(declared, { id: 'a&b=c', tags: ['x', 'y/z'] })
    expect(received().path).toBe('/v1/items?static=1&q=a%26b%3Dc&tag=x&tag=y%2Fz')
    expect(received().headers).toMatchObject({ 'x-topic': 'tea', 'content-type': 'application/json' })
    expect(received().headers).not.toHaveProperty('x-more')
    expect(JSON.parse(received().body)).toEqual({ id: 'no. a&b=c', count: 3, list: [['x', 'y/z']] })
  })

  it('carries the same key whenever the same step is done again, and another in another', async () => {
    const around = (key: string) => {
      const { ctx, ...more } = setting('.')
      return { ...more, ctx: { ...ctx, key } }
    }
    for (const key of ['a/act', 'a/act', 'b/act'])
      await call({ delete: '/items/${args.id}', connection: 'crm' }, { id: '1' }, around(key))
    const [first, again, other] = server.received.map(({ headers }) => headers['idempotency-key'])
    expect(first).toMatch(/^[\w-]{22}$/)
    expect([again === first, other === first]).toEqual([true, false])
  })

  it('that carries text under a type of its own sends it as it is', async () => {
    const declared = {
      put: '/x',
      connection: 'crm',
      headers: { 'content-type': 'text/csv' },
      body: 'a,${args.id}',
    }
    await call(declared)
    expect(received().body).toBe('a,7')
  })

  test.each([
    ['get', 'pure'],
    ['post', 'once'],
    ['put', 'once'],
    ['patch', 'once'],
    ['delete', 'once'],
  ])('by %s has effects %s, unless it says otherwise', async (method, effects) => {
    const tool = await toolOf({ [method]: '/x', connection: 'crm', timeout: '2m' })
    expect(tool).toMatchObject({ name: 'item', effects, reach: 'connects', deadline: 120_000 })
    expect(await toolOf({ [method]: '/x', connection: 'crm', effects: 'idempotent' })).toMatchObject({
      effects: 'idempotent',
    })
  })

  it('is planned with the address and the body, without anything that lets it in', async () => {
    const tool = await toolOf({ post: '/items/${args.id}', connection: 'crm', body: { a: '${args.more}' } })
    expect(await tool.plan?.({ id: 'a/b', more: 'x' }, setting('.'))).toEqual({
      touches: [['http:', '', new URL(base).host, 'v1', 'items', 'a%2Fb']],
      preview: `POST ${base}/v1/items/a%2Fb\n{"a":"x"}`,
    })
    expect(server.connections()).toBe(0)
  })
})

describe('an argument in a path', () => {
  test.each([
    ['a/../../admin', '/v1/items/a%2F..%2F..%2Fadmin/x'],
    ['..\\..', '/v1/items/..%5C../x'],
    ['%2e%2e', '/v1/items/%252e%252e/x'],
    ['a?b=c#d', '/v1/items/a%3Fb%3Dc%23d/x'],
    ['@evil.test', '/v1/items/%40evil.test/x'],
    ['a\r\nb: c', '/v1/items/a%0D%0Ab%3A%20c/x'],
    ['//evil.test', '/v1/items/%2F%2Fevil.test/x'],
    ['...', '/v1/items/.../x'],
    ['ü', '/v1/items/%C3%BC/x'],
  ])('%j stays one name of it', async (id, path) => {
    await call({ get: '/items/${args.id}/x', connection: 'crm' }, { id })
    expect(received().path).toBe(path)
  })

  test.each(['.', '..', '', '\ud800', 'a\0b'])('%j is refused', async id => {
    for (const declared of [
      { get: '/items/${args.id}', connection: 'crm' },
      { delete: `${base}/items/\${args.id}/x` },
    ])
      await expect(call(declared, { id })).rejects.toMatchObject({ code: 'tool-failed' })
    expect(server.connections()).toBe(0)
  })

  it('is refused where it makes a dot with what stands beside it, or is a list', async () => {
    await expect(call({ get: '/items/.${args.id}', connection: 'crm' }, { id: '.' })).rejects.toThrow(
      'lead out of',
    )
    const list = { get: '/items/${args.id}', connection: 'crm', args: { id: { type: 'array' } } }
    await expect(call(list, { id: [1] })).rejects.toThrow('must be text or a number')
  })

  it('of the wrong type, or too many, is told to the model', async () => {
    const declared = { get: '/items/${args.id}', connection: 'crm' }
    for (const args of [{}, { id: 7 }, { id: '7', other: 1 }])
      await expect(call(declared, args)).rejects.toMatchObject({ code: 'tool-failed' })
  })
})

describe('an answer', () => {
  const get = (script: Parameters<FaultyServer['play']>[0]) => {
    server.play(script)
    return call({ get: '/x', connection: 'crm' })
  }

  it('is JSON, text, readable text, or nothing', async () => {
    expect(await get(json(200, [1, { a: null }]))).toEqual([1, { a: null }])
    expect(await get(answer(200, 'plain', { 'content-type': 'text/plain' }))).toBe('plain')
    expect(await get(answer(200, '<p>a<p>b', { 'content-type': 'text/html' }))).toBe('a\n\nb')
    expect(await get(answer(200, '{"a":', { 'content-type': 'application/json' }))).toBe('{"a":')
    expect(await get(answer(204, ''))).toBe('[Status 204, no content.]')
    expect(await get(answer(200, Buffer.from([0, 1]), { 'content-type': 'image/gif' }))).toContain(
      'it is not text',
    )
  })

  it('larger than 1 MiB is cut, and said to be', async () => {
    const text = String(await get(json(200, 'x'.repeat(2 ** 20))))
    expect(text).toMatch(/^\[Note: it is larger than 1 MiB: this is its beginning.\]\n"x/)
  })

  test.each([
    ['404', json(404, { message: 'no such item' }), '404 no such item'],
    ['429', answer(429, 'slow down'), '429 slow down'],
    ['500', answer(500, '<html>'), '500 an HTML page'],
  ])('with status %s is a failure that says so', async (_, script, words) => {
    await expect(get(script)).rejects.toMatchObject({
      code: 'tool-failed',
      message: `GET ${base}/v1/x: ${words}`,
    })
  })

  it('that points elsewhere is followed by what only reads, without what let it in', async () => {
    server.play(answer(302, '', { location: base.replace('api.test', 'other.test') }), json(200, 'there'))
    expect(await call({ get: '/x', connection: 'crm' })).toBe('there')
    expect(server.received[1]?.headers).not.toHaveProperty('authorization')
    expect(server.received[1]?.headers).not.toHaveProperty('x-team')
  })

  it('that points elsewhere is a failure for what acts', async () => {
    server.play(answer(307, '', { location: '/y' }))
    await expect(call({ post: '/x', connection: 'crm' })).rejects.toThrow('307 redirects to /y')
    expect(server.received).toHaveLength(1)
  })

  it('that points at something private or forbidden is not followed', async () => {
    server.play(answer(302, '', { location: 'http://169.254.169.254/' }))
    await expect(call({ get: '/x', connection: 'crm' })).rejects.toThrow('nothing was sent')
    server.play(answer(302, '', { location: '/admin' }))
    const mayTouch = (_: string, parts: readonly string[]) => !parts.includes('admin')
    const around = setting('.', undefined, { mayTouch })
    await expect(call({ get: '/x', connection: 'crm' }, { id: '1' }, around)).rejects.toThrow(
      '302 redirects to /admin',
    )
  })
})

describe('a declaration', () => {
  test.each([
    ['a host by an argument', { get: 'https://${args.id}/x' }],
    ['a host that an argument could go on', { get: 'https://api.test${args.id}/x' }],
    ['a port by an argument', { get: 'https://api.test:${args.id}/x' }],
    ['a scheme by an argument', { get: '${args.id}://api.test/x' }],
    ['an address by an argument', { get: '${args.id}' }],
    ['a user name', { get: 'https://${args.id}@api.test/x' }],
    ['a path without a connection', { get: '/x' }],
    ['a whole address with one', { get: 'https://api.test/x', connection: 'crm' }],
    ['another host with one', { get: '//evil.test/x', connection: 'crm' }],
    ['an argument in front of the path', { get: '${args.id}/x', connection: 'crm' }],
    ['two methods', { get: '/x', post: '/x', connection: 'crm' }],
    ['no method', { connection: 'crm' }],
    ['a body by get', { get: '/x', connection: 'crm', body: {} }],
    ['a fragment', { get: '/x#y', connection: 'crm' }],
  ])('cannot have %s', (_, spec) => {
    expect(httpToolSchema.safeParse({ description: 'x', args: ARGS, ...spec }).success).toBe(false)
  })
})
