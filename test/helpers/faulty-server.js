import { createServer } from 'node:http'
/** A real HTTP server on 127.0.0.1 that misbehaves as it is told. */
export async function startFaultyServer() {
  const received = []
  const sockets = new Set()
  let scripts = []
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
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
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
export function answer(status, body, headers = {}) {
  return response => response.writeHead(status, headers).end(body)
}
export function json(status, value, headers = {}) {
  return answer(status, JSON.stringify(value), { 'content-type': 'application/json', ...headers })
}
/** Server-sent events, ended cleanly, with or without the `[DONE]` that should be the last one. */
export function events(values, { done = true } = {}) {
  return answer(200, toEvents(values) + (done ? 'data: [DONE]\n\n' : ''), EVENT_STREAM)
}
const EVENT_STREAM = { 'content-type': 'text/event-stream' }
function toEvents(values) {
  return values.map(value => `data: ${JSON.stringify(value)}\n\n`).join('')
}
/** Takes the request and says nothing. */
export const silence = () => {}
/** Sends the head and these events, then nothing more. */
export function stallAfter(values) {
  return response => {
    response.writeHead(200, EVENT_STREAM)
    response.flushHeaders()
    response.write(toEvents(values))
  }
}
/** Sends these events, then tears the connection down. */
export function cutAfter(values) {
  return response => {
    response.writeHead(200, EVENT_STREAM)
    response.write(toEvents(values), () => setImmediate(() => response.socket?.destroy()))
  }
}
/** Tears the connection down without a word. */
export const hangUp = response => response.socket?.destroy()
/** One byte every `pace` milliseconds, without end. */
export function drip(pace) {
  return response => {
    response.writeHead(200, EVENT_STREAM)
    const timer = setInterval(() => response.write(':'), pace)
    response.on('close', () => clearInterval(timer))
  }
}
