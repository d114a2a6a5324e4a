import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Services } from '../../src/agents/agent.ts'
import { type HttpSpec, http } from '../../src/agents/http.ts'
import { systemClock } from '../../src/clock.ts'
import type { Context, StepRequest } from '../../src/engine/context.ts'
import { type Connection, openConnections } from '../../src/fetch/connections.ts'
import { createFetch } from '../../src/fetch/fetch.ts'
import { createGuard } from '../../src/fetch/guard.ts'
import type { Json } from '../../src/json.ts'
import { Lineup } from '../../src/policies/model.ts'
import { retrySettings } from '../../src/policies/retry.ts'
import {
  answer,
  type FaultyServer,
  hangUp,
  json,
  silence,
  startFaultyServer,
} from '../helpers/faulty-server.ts'

let server: FaultyServer
let steps: { readonly key: string; readonly request: StepRequest; readonly output: Json }[]

beforeEach(async () => {
  server = await startFaultyServer()
  steps = []
})
afterEach(() => server.close())

async function connectionTo(url: string): Promise<Connection> {
  const clock = systemClock
  const specs = { crm: { baseUrl: `${url}/api`, auth: { kind: 'bearer', token: 'KEY' } } } as const
  const means = { env: { KEY: 'key-of-crm' }, root: '.', clock, onSecret: () => {} }
  const guard = createGuard(['127.0.0.1'])
  const opened = await openConnections(specs, { ...means, fetch: createFetch(clock), guard })
  return opened.get('crm') as Connection
}

/** Runs the steps, and keeps what a journal would. */
function fakeContext(signal: AbortSignal): Context {
  const ctx = {
    key: 'poster',
    reopened: 0,
    signal,
    async step(key: string, request: StepRequest, fn: (inner: Context) => Promise<Json>) {
      const output = await fn({ ...ctx, key: `poster/${key}`, emit: () => {} } as unknown as Context)
      steps.push({ key, request, output })
      return output
    },
  }
  return ctx as unknown as Context
}

async function perform(
  spec: Partial<HttpSpec>,
  {
    rehearsal = false,
    signal = new AbortController().signal,
    connections = new Map<string, Connection>(),
    rejections = [] as { answer: string; problem: string }[],
  } = {},
): Promise<Json> {
  const services = {
    clock: systemClock,
    fetch: createFetch(systemClock),
    rehearsal,
    rehearse: async ({ task }: { task: string }) => `rehearsed: ${task}`,
    connection: (name: string) => connections.get(name),
  } as unknown as Services
  return http.perform(
    {
      agent: 'poster',
      task: 'Post it',
      root: '.',
      scope: { input: { topic: 'tea', secret: 'hush' } },
      spec: { kind: 'http', url: `${server.url}/hook`, ...spec },
      rejections,
      past: [],
      note: () => {},
      retry: retrySettings(),
      lineup: new Lineup([]),
      account: () => {},
      accounts: [],
      isBudgeted: false,
      idempotencyKey: 'key-1',
      guard: act => act(),
      aside: wait => wait(),
      services,
      colleagues: { others: [], refusal: () => 'nobody is here', ask: async () => null },
    },
    fakeContext(signal),
  )
}

describe('an http agent', () => {
  test('posts task and input, and answers with the text that comes back', async () => {
    server.play(answer(200, 'thanks'))
    expect(await perform({})).toBe('thanks')
    expect(server.received).toMatchObject([
      {
        method: 'POST',
        path: '/hook',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'key-1' },
        body: JSON.stringify({ task: 'Post it', input: { topic: 'tea', secret: 'hush' } }),
      },
    ])
  })

  test('fills templates in address, headers and body, and keeps headers out of the journal', async () => {
    server.play(answer(200, 'ok'))
    await perform({
      url: `${server.url}/\${input.topic}`,
      method: 'PUT',
      headers: { Authorization: 'Bearer ${input.secret}' },
      body: { about: ['${input.topic}'] },
    })
    expect(server.received[0]).toMatchObject({
      method: 'PUT',
      path: '/tea',
      headers: { authorization: 'Bearer hush' },
      body: '{"about":["tea"]}',
    })
    expect(steps).toMatchObject([
      {
        key: 'request',
        request: {
          kind: 'http',
          effects: 'once',
          input: { method: 'PUT', url: `${server.url}/tea`, body: { about: ['tea'] } },
        },
      },
    ])
    expect(JSON.stringify(steps)).not.toContain('hush')
  })

  test('goes through its connection, whose secrets no step is asked with', async () => {
    server.play(answer(200, 'in'))
    const crm = await connectionTo(server.url)
    const spec = { connection: 'crm', url: '/${input.topic}' }
    expect(await perform(spec, { connections: new Map([['crm', crm]]) })).toBe('in')
    expect(server.received[0]).toMatchObject({
      path: '/api/tea',
      headers: { authorization: 'Bearer key-of-crm' },
    })
    expect(steps[0]?.request.input).toMatchObject({ url: `${server.url}/api/tea` })
    expect(JSON.stringify(steps)).not.toContain('key-of-crm')
  })

  test('cannot leave its connection, and sends nothing through it in a rehearsal', async () => {
    const connections = new Map([['crm', await connectionTo(server.url)]])
    const leaving = perform({ connection: 'crm', url: '/../${input.topic}' }, { connections })
    await expect(leaving).rejects.toMatchObject({ code: 'request-rejected' })
    const spec = { connection: 'crm', method: 'GET', url: '/x' } as const
    expect(await perform(spec, { connections, rehearsal: true })).toBe('rehearsed: Post it')
    expect(server.received).toHaveLength(0)
  })

  test('sends no body with GET, which is pure', async () => {
    server.play(answer(200, 'ok'))
    await perform({ method: 'GET' })
    expect(server.received[0]).toMatchObject({ method: 'GET', body: '' })
    expect(steps[0]?.request.effects).toBe('pure')
  })

  test('says why earlier answers were not accepted', async () => {
    server.play(answer(200, 'ok'))
    const rejections = [{ answer: 'no', problem: 'too short' }]
    await perform({}, { rejections })
    expect(JSON.parse(server.received[0]?.body ?? '')).toMatchObject({ feedback: rejections })
  })

  test('hands on JSON as it came, for its caller to check', async () => {
    server.play(json(200, { ok: true }))
    expect(await perform({ output: { type: 'object' } })).toBe('{"ok":true}')
  })

  test.each([
    [500, 'server-error', true],
    [408, 'server-error', true],
    [429, 'rate-limited', true],
    [404, 'request-rejected', false],
    [301, 'request-rejected', false],
    [401, 'unauthorized', false],
  ])('fails on status %i', async (status, code, retryable) => {
    server.play(json(status, { message: 'The reason.' }, { 'retry-after': '2' }))
    const failing = perform({ url: `${server.url}/hook?key=hush` })
    await expect(failing).rejects.toMatchObject({
      code,
      retryable,
      message: `POST ${server.url}/hook: ${status} The reason.`,
      details: { retryAfter: 2000 },
    })
  })

  test('keeps its deadline', async () => {
    server.play(silence)
    await expect(perform({ timeout: { total: 60 } })).rejects.toMatchObject({ code: 'timeout' })
  })

  test('stops when it is no longer wanted', async () => {
    server.play(silence)
    const controller = new AbortController()
    const reason = new Error('not wanted')
    setTimeout(() => controller.abort(reason), 50)
    await expect(perform({}, { signal: controller.signal })).rejects.toBe(reason)
    await server.hungUp()
  })

  test('that must act once never sends a request again, whatever the connection does', async () => {
    server.play(answer(200, 'ok'), hangUp)
    await perform({ effects: 'idempotent' })
    await expect(perform({ effects: 'once' })).rejects.toMatchObject({ code: 'connection' })
    expect(server.received).toHaveLength(2)
  })

  test('may be repeated unless it must act once', () => {
    const spec = { kind: 'http', url: server.url } as const
    expect(http.mayRepeat(spec)).toBe(false)
    expect(http.mayRepeat({ ...spec, method: 'GET' })).toBe(true)
    expect(http.mayRepeat({ ...spec, effects: 'idempotent' })).toBe(true)
  })
})

describe('in a rehearsal', () => {
  test('an http agent with effects is not executed', async () => {
    expect(await perform({}, { rehearsal: true })).toBe('rehearsed: Post it')
    expect(await perform({ effects: 'idempotent' }, { rehearsal: true })).toBe('rehearsed: Post it')
    expect(server.received).toHaveLength(0)
  })

  test('a pure one is', async () => {
    server.play(answer(200, 'found'))
    expect(await perform({ method: 'GET' }, { rehearsal: true })).toBe('found')
  })
})
