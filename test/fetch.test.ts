import { createServer } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../src/clock.ts'
import { CrewError } from '../src/errors.ts'
import { createFetch, type FetchInit } from '../src/fetch/fetch.ts'
import {
  answer,
  cutAfter,
  drip,
  type FaultyServer,
  hangUp,
  json,
  silence,
  stallAfter,
  startFaultyServer,
} from './helpers/faulty-server.ts'

const fetch = createFetch(systemClock)
let server: FaultyServer

beforeEach(async () => {
  server = await startFaultyServer()
})
afterEach(() => server.close())

function get(init: Partial<FetchInit> = {}) {
  return fetch(server.url, { deadlines: { total: 5000 }, ...init })
}

async function read(init: Partial<FetchInit> = {}): Promise<string> {
  return (await get(init)).text()
}

async function failureOf(promise: Promise<unknown>): Promise<CrewError> {
  const thrown = await promise.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  )
  if (thrown instanceof CrewError) return thrown
  throw thrown
}

describe('a request', () => {
  test('carries method, headers and body, and gives status, headers and body back', async () => {
    server.play(json(418, { tea: true }, { 'x-kind': 'pot', 'set-cookie': 'a=1' }))
    const response = await get({ method: 'PUT', headers: { 'x-asked': 'yes' }, body: '{"ö":1}' })

    expect(response.status).toBe(418)
    expect(response.header('x-kind')).toBe('pot')
    expect(JSON.parse(await response.text())).toEqual({ tea: true })
    expect(server.received).toMatchObject([{ method: 'PUT', body: '{"ö":1}', headers: { 'x-asked': 'yes' } }])
  })

  test('reuses the connection of the one before it', async () => {
    server.play(answer(200, 'ok'))
    await read()
    await read()
    await read()
    expect(server.connections()).toBe(1)
  })

  test('has a connection of its own when it asks for one', async () => {
    server.play(answer(200, 'ok'))
    await read()
    await read({ fresh: true })
    expect(server.connections()).toBe(2)
  })

  test('gives a redirect back instead of following it', async () => {
    server.play(answer(302, '', { location: '/elsewhere' }))
    const response = await get()
    expect(response.status).toBe(302)
    expect(response.header('location')).toBe('/elsewhere')
    expect(server.received).toHaveLength(1)
  })

  test('can be answered with no body at all', async () => {
    server.play(answer(204, ''))
    expect(await read()).toBe('')
  })

  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('asks for plain bytes and still reads %s', async (encoding, compress) => {
    server.play(answer(200, compress('squeezed'), { 'content-encoding': encoding }))
    expect(await read()).toBe('squeezed')
    expect(server.received[0]?.headers['accept-encoding']).toBe('identity')
  })

  test('is refused before it is sent when the address or a header is impossible', async () => {
    const init = { deadlines: { total: 1000 } }
    expect(await failureOf(fetch('ftp://127.0.0.1/x', init))).toMatchObject({ code: 'request-rejected' })
    expect(await failureOf(fetch('no address', init))).toMatchObject({ code: 'request-rejected' })
    const bent = await failureOf(get({ headers: { authorization: 'Bearer sk-secret\n' } }))
    expect(bent.code).toBe('request-rejected')
    expect(bent.message).toContain('authorization')
    expect(bent.message).not.toContain('sk-secret')
  })
})

describe('a deadline', () => {
  test('for the first byte holds while the server is silent', async () => {
    server.play(silence)
    const error = await failureOf(get({ deadlines: { firstByte: 60, total: 5000 } }))
    expect(error.code).toBe('timeout')
    expect(error.message).toBe(`${server.host} did not begin to answer within 0.06 s (timeout.firstByte)`)
    await server.hungUp()
  })

  test('for the first byte is not met by headers alone', async () => {
    server.play(stallAfter([]))
    const error = await failureOf(read({ deadlines: { firstByte: 60, total: 5000 } }))
    expect(error.message).toContain('timeout.firstByte')
  })

  test('for silence holds in the middle of a body', async () => {
    server.play(stallAfter([{ word: 1 }]))
    const error = await failureOf(read({ deadlines: { firstByte: 5000, idle: 60, total: 5000 } }))
    expect(error.message).toContain('fell silent in the middle of its answer within 0.06 s (timeout.idle)')
    await server.hungUp()
  })

  test('for the whole holds against a server that never stops sending single bytes', async () => {
    server.play(drip(15))
    const error = await failureOf(read({ deadlines: { firstByte: 100, idle: 100, total: 250 } }))
    expect(error.message).toContain('timeout.total')
    await server.hungUp()
  })

  test('is forgotten once the answer is complete', async () => {
    server.play(answer(200, 'ok'))
    const response = await get({ deadlines: { firstByte: 40, idle: 40, total: 40 } })
    await new Promise(resolve => setTimeout(resolve, 80))
    expect(await response.text()).toBe('ok')
  })
})

describe('aborting', () => {
  const reason = new CrewError('cancelled', 'nobody wants it any more')

  test('before the request sends nothing', async () => {
    const signal = AbortSignal.abort(reason)
    await expect(get({ signal })).rejects.toBe(reason)
    expect(server.connections()).toBe(0)
  })

  test.each([
    ['while the server is silent', silence],
    ['in the middle of a body', stallAfter([{ word: 1 }])],
  ])('%s rejects with the reason and closes the connection', async (_, script) => {
    server.play(script)
    const controller = new AbortController()
    const reading = read({ signal: controller.signal })
    setTimeout(() => controller.abort(reason), 50)
    await expect(reading).rejects.toBe(reason)
    await server.hungUp()
  })

  test('on a connection that is reused does not send the request again', async () => {
    server.play(answer(200, 'ok'), silence)
    await read()
    const controller = new AbortController()
    const reading = read({ signal: controller.signal })
    setTimeout(() => controller.abort(reason), 50)
    await expect(reading).rejects.toBe(reason)
    await new Promise(resolve => setTimeout(resolve, 50))
    expect(server.received).toHaveLength(2)
  })

  test('by whoever reads the body closes the connection', async () => {
    server.play(stallAfter([{ word: 1 }]))
    const response = await get()
    for await (const _ of response.body) break
    await server.hungUp()
  })
})

describe('a broken connection', () => {
  test('names the server when nothing listens there', async () => {
    await server.close()
    const error = await failureOf(get())
    expect(error).toMatchObject({ code: 'connection', retryable: true })
    expect(error.message).toBe(`the connection to ${server.host} failed: ECONNREFUSED`)
    expect(error.details.hint).toContain('nothing listens there')
  })

  test('in the middle of a body is an error for its reader', async () => {
    server.play(cutAfter([{ word: 1 }]))
    const response = await get()
    expect(await failureOf(response.text())).toMatchObject({ code: 'connection' })
  })

  test('in the middle of a body of known length is one too', async () => {
    server.play(response => {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('too little', () => response.socket?.end())
    })
    expect(await failureOf(read())).toMatchObject({ code: 'connection' })
  })

  test('while compressed bytes arrive is one too', async () => {
    server.play(answer(200, gzipSync('squeezed').subarray(0, 12), { 'content-encoding': 'gzip' }))
    expect(await failureOf(read())).toMatchObject({ code: 'connection' })
  })

  test('on first use is not tried again', async () => {
    server.play(hangUp)
    expect(await failureOf(get())).toMatchObject({ code: 'connection' })
    expect(server.received).toHaveLength(1)
  })

  test('that was kept, and closed before a byte came back, is replaced once', async () => {
    server.play(answer(200, 'first'), hangUp, answer(200, 'second'))
    expect(await read()).toBe('first')
    expect(await read()).toBe('second')
    expect(server.received).toHaveLength(3)
  })

  test('that was kept is replaced once, not for ever', async () => {
    server.play(answer(200, 'first'), hangUp)
    await read()
    expect(await failureOf(get())).toMatchObject({ code: 'connection' })
    expect(server.received).toHaveLength(3)
  })

  test('that was kept is not replaced when part of an answer came back', async () => {
    server.play(answer(200, 'first'), response => {
      response.socket?.write('HTTP/1.1 200', () => setImmediate(() => response.socket?.destroy()))
    })
    await read()
    expect(await failureOf(get())).toMatchObject({ code: 'connection' })
    expect(server.received).toHaveLength(2)
  })

  test('is never replaced for a request that must not be sent twice', async () => {
    server.play(answer(200, 'first'), hangUp)
    await read()
    expect(await failureOf(get({ fresh: true }))).toMatchObject({ code: 'connection' })
    expect(server.received).toHaveLength(2)
  })
})

describe('an answer', () => {
  test('that is no HTTP is a connection problem', async () => {
    const listener = createServer(socket => socket.end('SSH-2.0-OpenSSH\r\n'))
    await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
    const address = listener.address()
    const port = typeof address === 'object' ? address?.port : 0
    const error = await failureOf(fetch(`http://127.0.0.1:${port}`, { deadlines: { total: 5000 } }))
    expect(error.code).toBe('connection')
    listener.close()
  })

  test('with a status that HTTP does not have is one too', async () => {
    server.play(answer(799, 'what'))
    expect(await failureOf(get())).toMatchObject({ code: 'connection' })
  })

  test('larger than 32 MiB is refused while it is read', async () => {
    server.play(answer(200, Buffer.alloc(33 * 2 ** 20)))
    const error = await failureOf(read())
    expect(error.code).toBe('reply-too-long')
    await server.hungUp()
  })
})
