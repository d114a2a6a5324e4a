import { spawn } from 'node:child_process'
import { readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { createFetch } from '../../src/fetch/fetch.ts'
import { createGuard, guardedFetch } from '../../src/fetch/guard.ts'
import { failed, ok, open, using } from '../helpers/mcp.ts'
import { temporaryFolder } from '../helpers/runs.ts'

const require = createRequire(import.meta.url)

function program(name: string, file = 'dist/index.js'): string {
  return join(dirname(require.resolve(`@modelcontextprotocol/server-${name}/package.json`)), file)
}

describe('server-everything', () => {
  it('is of use over its standard input and output', async () => {
    const connection = open({ run: [process.execPath, program('everything'), 'stdio'], patience: 30 })
    const { events } = await using(connection, async ({ call, tools }) => {
      const names = tools.map(({ name }) => name.slice(3))
      expect(names).toEqual(
        expect.arrayContaining(['echo', 'list_resources', 'read_resource', 'list_prompts', 'get_prompt']),
      )
      // It offers these only to those who can be asked.
      expect(names).not.toContain('trigger-sampling-request')
      expect(names).not.toContain('get-roots-list')
      expect(await call('echo', { message: 'Hello' })).toEqual(ok(/Echo: Hello$/))
      expect(await call('get-sum', { a: 2, b: 3 })).toEqual(ok(/sum of 2 and 3 is 5/))
      expect(await call('get-sum', { a: 'two' })).toEqual(failed(/a must be number/))
      expect(await call('get-structured-content', { location: 'Chicago' })).toEqual(ok(/"temperature": \d+/))
      expect(await call('get-tiny-image')).toEqual(ok(/\[image: image\/png, \d+ bytes\]/))
      expect(await call('trigger-long-running-operation', { duration: 0.1, steps: 4 })).toEqual(
        ok(/completed/),
      )
      expect(await call('trigger-elicitation-request')).toEqual(ok(/nobody answered within 30 ms/))
      expect(await call('get-resource-links', { count: 2 })).toEqual(ok(/\[link to the resource/))
      const listed = await call('list_resources')
      const uri = 'ok' in listed && /^- (\S+)/m.exec(listed.ok)?.[1]
      expect(await call('read_resource', { uri: `${uri}` })).toEqual(ok(/\[resource demo:/))
      expect(await call('read_resource', { uri: 'demo://no/such/thing' })).toEqual(failed(/refused/))
      expect(await call('list_prompts')).toEqual(ok(/- simple-prompt/))
      expect(await call('get_prompt', { name: 'args-prompt', arguments: { city: 'Bonn' } })).toEqual(
        ok(/Bonn/),
      )
    })
    expect(events.filter(({ type }) => type === 'wait.expired')).toHaveLength(1)
  })

  it('is of use over HTTP', async () => {
    const port = 20_000 + (process.pid % 20_000)
    const env = { PATH: process.env.PATH, PORT: String(port) }
    const server = spawn(process.execPath, [program('everything'), 'streamableHttp'], { env })
    onTestFinished(() => void server.kill('SIGKILL'))
    await new Promise<void>(resolve => server.stderr.on('data', text => /listening/i.test(text) && resolve()))
    await using(open({ url: `http://127.0.0.1:${port}/mcp`, patience: 30 }), async ({ call }) => {
      expect(await call('echo', { message: 'Hello' })).toEqual(ok(/Echo: Hello$/))
      expect(await call('trigger-long-running-operation', { duration: 0.1, steps: 2 })).toEqual(
        ok(/completed/),
      )
      expect(await call('trigger-elicitation-request')).toEqual(ok(/nobody answered within 30 ms/))
      expect(await call('list_prompts')).toEqual(ok(/- simple-prompt/))
    })
  })
})

describe('server-filesystem', () => {
  it('reads and writes below its folder, and nowhere else', async () => {
    const folder = realpathSync(temporaryFolder())
    writeFileSync(join(folder, 'a.txt'), 'from the file')
    const tools = ['read_text_file', 'write_file']
    await using(open({ run: [process.execPath, program('filesystem'), folder], tools }), async desk => {
      expect(desk.tools.map(({ name }) => name)).toEqual(['s__read_text_file', 's__write_file'])
      expect(await desk.call('read_text_file', { path: join(folder, 'a.txt') })).toEqual(ok(/from the file/))
      const path = join(folder, 'b.txt')
      expect(await desk.call('write_file', { path, content: 'written' })).toEqual(ok(/b\.txt/))
      expect(readFileSync(path, 'utf8')).toBe('written')
      expect(await desk.call('read_text_file', { path: '/etc/hostname' })).toEqual(failed(/Access denied/))
    })
  })
})

describe('server-memory', () => {
  it('remembers, in the file that its declared environment names', async () => {
    const file = join(temporaryFolder(), 'memory.jsonl')
    const env = { MEMORY_FILE_PATH: `\${env.FILE}` }
    const connection = open(
      { run: [process.execPath, program('memory')], env },
      { scope: { env: { FILE: file } } },
    )
    const entities = [{ name: 'Ada', entityType: 'person', observations: ['writes programs'] }]
    await using(connection, async ({ call }) => {
      expect(await call('create_entities', { entities })).toEqual(ok(/"Ada"/))
      expect(await call('search_nodes', { query: 'programs' })).toEqual(ok(/writes programs/))
      expect(await call('create_entities', { entities: 'Ada' })).toEqual(failed(/entities must be array/))
    })
    expect(readFileSync(file, 'utf8')).toContain('Ada')
  })
})

interface Request {
  readonly id?: number
  readonly method: string
  readonly params: { readonly name: string }
}

type Answer = (request: Request, response: ServerResponse, asked: IncomingMessage) => void

const result = (response: ServerResponse, { id }: Request, result: object) =>
  response
    .writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 'session-1' })
    .end(JSON.stringify({ jsonrpc: '2.0', id, result }))
const text = (text: string) => ({ content: [{ type: 'text', text }] })

/** A server at an address whose tools answer as they like. */
async function serve(tools: Readonly<Record<string, Answer>>) {
  const heard: { method: string; headers: IncomingMessage['headers'] }[] = []
  const server = createServer(async (asked, response) => {
    let body = ''
    for await (const part of asked) body += part
    if (asked.method !== 'POST') {
      heard.push({ method: asked.method ?? '', headers: asked.headers })
      return response.writeHead(405).end()
    }
    const request: Request = JSON.parse(body)
    heard.push({ method: request.method, headers: asked.headers })
    if (request.id === undefined) return response.writeHead(202).end()
    if (request.method === 'initialize') {
      const serverInfo = { name: 'web', version: '1' }
      return result(response, request, {
        protocolVersion: '2025-06-18',
        capabilities: { tools: {} },
        serverInfo,
      })
    }
    if (request.method === 'tools/list') {
      const listed = Object.keys(tools).map(name => ({ name, inputSchema: { type: 'object' } }))
      return result(response, request, { tools: listed })
    }
    return tools[request.params.name]?.(request, response, asked)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const methods = () => heard.map(({ method }) => method)
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, heard, methods }
}

describe('a server at an address', () => {
  it('is signed for, told of its session, and told when that is over', async () => {
    const { url, heard, methods } = await serve({
      hello: (request, response) => result(response, request, text('hello')),
    })
    let tokens = 0
    const connection = open(
      { url, headers: { 'x-team': `\${env.TEAM}` }, connection: 'web' },
      {
        scope: { env: { TEAM: 'red' } },
        sign: async name => {
          tokens += 1
          return { authorization: `Bearer ${name}-${tokens}` }
        },
      },
    )
    await using(connection, async ({ call, tools }) => {
      expect(tools[0]).toMatchObject({ name: 's__hello', reach: 'connects', effects: 'once' })
      expect(await call('hello')).toEqual(ok(/hello$/))
    })
    await connection.close()
    expect(methods()).toEqual(expect.arrayContaining(['initialize', 'tools/list', 'tools/call', 'DELETE']))
    for (const { headers } of heard) {
      expect(headers).toMatchObject({
        'x-team': 'red',
        authorization: expect.stringMatching(/^Bearer web-\d+$/),
      })
    }
    expect(heard.find(({ method }) => method === 'tools/call')?.headers).toMatchObject({
      'mcp-session-id': 'session-1',
    })
    await using(connection, async () => {}).then(({ outcome }) =>
      expect(outcome).toMatchObject({ state: 'failed' }),
    )
  })

  it('is not sent anything twice unless that does no harm', async () => {
    let calls = 0
    const once =
      (first: Answer): Answer =>
      (request, response, asked) => {
        calls += 1
        if (calls % 2 === 1) first(request, response, asked)
        else result(response, request, text('second time'))
      }
    const drop: Answer = (_, response) =>
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end()
    const { url, methods } = await serve({
      drop: once(drop),
      drop_pure: once(drop),
      cut: once((_, __, asked) => asked.socket.destroy()),
      // It has done nothing: it does not even know the session.
      forget: once((_, response) => response.writeHead(404).end()),
    })
    const connection = open({ url, effects: { drop_pure: 'pure' } })
    await using(connection, async ({ call }) => {
      expect(await call('drop')).toEqual(
        failed(/s__drop: it closed the connection without an answer. Nobody knows/),
      )
      calls = 0
      expect(await call('drop_pure')).toEqual(ok(/second time$/))
      calls = 0
      expect(await call('cut')).toEqual(
        failed(/in the middle of s__cut: the connection to .* failed.*Nobody knows/),
      )
      calls = 0
      expect(await call('forget')).toEqual(ok(/second time$/))
    })
    expect(methods().filter(method => method === 'tools/call')).toHaveLength(6)
  })

  it('cannot send more than anybody can keep, lead elsewhere, or lie about its answers', async () => {
    const elsewhere = await serve({})
    const { url } = await serve({
      large(_, response) {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.end(`data: ${'x'.repeat(5 * 2 ** 20)}\n\n`)
      },
      lead: (_, response) => response.writeHead(307, { location: elsewhere.url }).end(),
      refuse: (_, response) => response.writeHead(403).end('not you'),
      page: (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>Welcome'),
      broken: (_, response) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"jsonrpc":'),
    })
    await using(open({ url, timeout: '2s' }), async ({ call }) => {
      expect(await call('large')).toEqual(failed(/s__large: it sent a message larger than 4 MiB/))
      expect(await call('lead')).toEqual(failed(/refused.*redirect/i))
      expect(await call('refuse')).toEqual(failed(/refused: .*not you/))
      expect(await call('page')).toEqual(failed(/refused: .*text\/html/))
      expect(await call('broken')).toEqual(failed(/refused: /))
    })
    expect(elsewhere.heard).toEqual([])
  })

  it('that is not there is said to be so', async () => {
    const { outcome } = await using(open({ url: 'http://127.0.0.1:1/mcp' }), async () => {})
    expect(outcome).toMatchObject({
      error: { message: /^The MCP server s could not be reached: .*ECONNREFUSED; nothing listens there/ },
    })
  })

  it('whose address the team did not declare is said not to have been called', async () => {
    const fetch = guardedFetch(createFetch(systemClock), createGuard([]), systemClock)
    const { outcome } = await using(open({ url: 'http://127.0.0.1:1/mcp' }, { fetch }), async () => {})
    expect(outcome).toMatchObject({
      error: { message: /an address of this machine: nothing was sent; .*permissions: \{ hosts:/ },
    })
  })
})
