/**
 * A model that costs nothing and thinks for a given time: the chat completions API of OpenAI, as light as it gets, so
 * that what is measured is whoever asks. Prints its port; ends with the process that forked it.
 *
 *   LATENCY=50 node bench/mock-server.mjs
 *   LATENCY=10000 WORDS=30 node bench/mock-server.mjs    # says 30 words over that time
 *
 * With TURNS=20 it calls a tool of those that it is offered until it was asked 20 times in one conversation.
 *
 * GET /count says how many requests came, and when each tenth of them, the first and the last came, and the last was
 * answered (milliseconds since the epoch, with fractions). DELETE /count starts anew; ?hold=10 then leaves whatever
 * comes behind the first ten without an answer, until POST /go.
 */
import { createServer } from 'node:http'

const latency = Number(process.env.LATENCY ?? 0)
const words = Number(process.env.WORDS ?? 0)
const turns = Number(process.env.TURNS ?? 1)
const usage = { prompt_tokens: 20, completion_tokens: 10, total_tokens: 30 }

const fresh = () => ({ requests: 0, arrivals: [], last: 0 })
let count = fresh()
let free = Number.POSITIVE_INFINITY
let held = []

const now = () => performance.timeOrigin + performance.now()

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost')
  if (pathname === '/count') tell(request, response, searchParams)
  else if (pathname === '/go') go(response)
  else if (request.method === 'POST' && pathname.endsWith('/chat/completions')) hear(request, response)
  else response.writeHead(404).end()
})

function tell(request, response, parameters) {
  if (request.method === 'DELETE') {
    count = fresh()
    free = Number(parameters.get('hold') ?? Number.POSITIVE_INFINITY)
    held = []
  }
  const { arrivals, ...rest } = count
  const tenths = Array.from(
    { length: 11 },
    (_, tenth) => arrivals[Math.round((arrivals.length - 1) * tenth * 0.1)],
  )
  response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify({ ...rest, tenths, first: arrivals[0] }))
}

function go(response) {
  for (const reply of held) reply()
  held = []
  response.end()
}

function hear(request, response) {
  count.requests += 1
  count.arrivals.push(now())
  const number = count.requests
  let body = ''
  request.setEncoding('utf8')
  request.on('data', chunk => {
    body += chunk
  })
  request.on('end', () => {
    if (words > 0) return talk(response, number)
    const reply = () => answer(response, number, body)
    if (number > free) held.push(reply)
    else if (latency > 0) setTimeout(reply, latency)
    else reply()
  })
}

function answer(response, number, body) {
  const streams = /"stream":\s*true/.test(body)
  const turn =
    turns > 1 ? JSON.parse(body).messages.filter(({ role }) => role === 'assistant').length + 1 : turns
  const said = turn < turns ? { tool_calls: [callOf(turn)] } : { content: contentOf(number) }
  const text = streams ? streamOf(number, said) : JSON.stringify(completion(number, said))
  response.writeHead(200, { 'content-type': streams ? 'text/event-stream' : 'application/json' }).end(text)
  count.last = now()
}

const contentOf = number => `This is answer ${number} of a model that does not think.`

/** Another line of a file in every turn: who does the same thing again and again is stopped. */
function callOf(turn) {
  const given = JSON.stringify({ path: 'lines.txt', from: turn, lines: 1 })
  return { index: 0, id: `call-${turn}`, type: 'function', function: { name: 'read_file', arguments: given } }
}

const endOf = ({ tool_calls: calls }) => (calls ? 'tool_calls' : 'stop')

function completion(number, said) {
  const choice = { index: 0, message: { role: 'assistant', ...said }, finish_reason: endOf(said) }
  return { ...head(number, 'chat.completion'), choices: [choice], usage }
}

function streamOf(number, said) {
  return chunkOf(number, { role: 'assistant', ...said }) + lastChunks(number, endOf(said))
}

/** Says word after word, until the time is over. */
function talk(response, number) {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  let said = 0
  const timer = setInterval(() => {
    said += 1
    response.write(chunkOf(number, { role: 'assistant', content: `word-${said} ` }))
    if (said < words) return
    clearInterval(timer)
    response.end(lastChunks(number, 'stop'))
    count.last = now()
  }, latency / words)
}

function lastChunks(number, reason) {
  return `${chunkOf(number, {}, reason)}${eventOf(number, { choices: [], usage })}data: [DONE]\n\n`
}

function chunkOf(number, delta, reason = null) {
  return eventOf(number, { choices: [{ index: 0, delta, finish_reason: reason }] })
}

function eventOf(number, rest) {
  return `data: ${JSON.stringify({ ...head(number, 'chat.completion.chunk'), ...rest })}\n\n`
}

function head(number, object) {
  return { id: `chatcmpl-${number}`, object, created: 1_700_000_000, model: 'mock' }
}

process.on('disconnect', () => process.exit())
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
