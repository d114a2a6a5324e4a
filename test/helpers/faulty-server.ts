import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** What the server does with one request. */
export type Script = (response: ServerResponse) => void

interface Received {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface FaultyServer {
  readonly url: string
  readonly host: string
  readonly received: Received[]
  /** Connections that were opened so far. */
  readonly connections: () => number
  /** Resolves as soon as a client has closed its connection. */
  readonly hungUp: () => Promise<void>
  /** Scripts for the next requests; the last one serves all that follow. */
  play(...scripts: Script[]): void
  close(): Promise<void>
}

/** A real HTTP server on 127.0.0.1 that misbehaves as it is told. */
export async function startFaultyServer(): Promise<FaultyServer> {
  const received: Received[] = []
  const sockets = new Set<Socket>()
  let scripts: Script[] = []
  let connections = 0

  const server = createServer(async (request, response) => {
    let body = ''
    for await (const bytes of request.setEncoding('utf8')) body += bytes
    received.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body })
    const script = scripts.length > 1 ? scripts.shift() : scripts[0]
    script?.(response)
  })
  server.on('connection', socket => {
    connections += 1
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    received,
    connections: () => connections,
    hungUp: () =>
      new Promise(resolve => {
        if (sockets.size === 0) resolve()
        for (const socket of sockets) socket.once('close', () => resolve())
      }),
    play(...next) {
      scripts = next
    },
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise(resolve => server.close(() => resolve()))
    },
  }
}

export function answer(status: number, body: string | Buffer, headers: Record<string, string> = {}): Script {
  return response => response.writeHead(status, headers).end(body)
}

export function json(status: number, value: unknown, headers: Record<string, string> = {}): Script {
  return answer(status, JSON.stringify(value), { 'content-type': 'application/json', ...headers })
}

/** Server-sent events, ended cleanly, with or without the `[DONE]` that should be the last one. */
export function events(values: readonly unknown[], { done = true } = {}): Script {
  return answer(200, toEvents(values) + (done ? 'data: [DONE]\n\n' : ''), EVENT_STREAM)
}

const EVENT_STREAM = { 'content-type': 'text/event-stream' }

function toEvents(values: readonly unknown[]): string {
  return values.map(value => `data: ${JSON.stringify(value)}\n\n`).join('')
}

/** Takes the request and says nothing. */
export const silence: Script = () => {}

/** Sends the head and these events, then nothing more. */
export function stallAfter(values: readonly unknown[]): Script {
  return response => {
    response.writeHead(200, EVENT_STREAM)
    response.flushHeaders()
    response.write(toEvents(values))
  }
}

/** Sends these events, then tears the connection down. */
export function cutAfter(values: readonly unknown[]): Script {
  return response => {
    response.writeHead(200, EVENT_STREAM)
    response.write(toEvents(values), () => setImmediate(() => response.socket?.destroy()))
  }
}

/** Tears the connection down without a word. */
export const hangUp: Script = response => response.socket?.destroy()

/** One byte every `pace` milliseconds, without end. */
export function drip(pace: number): Script {
  return response => {
    response.writeHead(200, EVENT_STREAM)
    const timer = setInterval(() => response.write(':'), pace)
    response.on('close', () => clearInterval(timer))
  }
}
