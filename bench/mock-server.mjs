/**
 * A model that costs nothing and thinks for a given time: the chat completions API of OpenAI, as light as it gets, so
 * that what is measured is whoever asks. Prints its port; ends with the process that forked it.
 *
 *   LATENCY=50 node bench/mock-server.mjs
 *   LATENCY=10000 WORDS=30 node bench/mock-server.mjs    # says 30 words over that time
 *
 * GET /count says how many requests came, and when the first came and the last was answered (milliseconds since the
 * epoch, with fractions). DELETE /count starts anew.
 */
import { createServer } from 'node:http'

const latency = Number(process.env.LATENCY ?? 0)
const words = Number(process.env.WORDS ?? 0)
const usage = { prompt_tokens: 20, completion_tokens: 10, total_tokens: 30 }

let count = { requests: 0, first: 0, last: 0 }

const now = () => performance.timeOrigin + performance.now()

const server = createServer((request, response) => {
  if (request.url === '/count') tell(request, response)
  else if (request.method === 'POST' && request.url?.endsWith('/chat/completions')) hear(request, response)
  else response.writeHead(404).end()
})

function tell(request, response) {
  if (request.method === 'DELETE') count = { requests: 0, first: 0, last: 0 }
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(count))
}

function hear(request, response) {
  count.requests += 1
  count.first ||= now()
  const number = count.requests
  let body = ''
  request.setEncoding('utf8')
  request.on('data', chunk => {
    body += chunk
  })
  request.on('end', () => {
    if (words > 0) return talk(response, number)
    const reply = () => answer(response, number, /"stream":\s*true/.test(body))
    if (latency > 0) setTimeout(reply, latency)
    else reply()
  })
}

function answer(response, number, streams) {
  const content = `This is answer ${number} of a model that does not think.`
  const text = streams ? streamOf(number, content) : JSON.stringify(completion(number, content))
  response.writeHead(200, { 'content-type': streams ? 'text/event-stream' : 'application/json' }).end(text)
  count.last = now()
}

/** Says word after word, until the time is over. */
function talk(response, number) {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  let said = 0
  const timer = setInterval(() => {
    said += 1
    response.write(chunkOf(number, choiceOf({ role: 'assistant', content: `word-${said} ` })))
    if (said < words) return
    clearInterval(timer)
    response.end(endOf(number))
    count.last = now()
  }, latency / words)
}

function completion(number, content) {
  const choice = { index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }
  return { ...head(number, 'chat.completion'), choices: [choice], usage }
}

function streamOf(number, content) {
  return chunkOf(number, choiceOf({ role: 'assistant', content })) + endOf(number)
}

function endOf(number) {
  return `${chunkOf(number, choiceOf({}, 'stop'))}${chunkOf(number, { choices: [], usage })}data: [DONE]\n\n`
}

function choiceOf(delta, reason = null) {
  return { choices: [{ index: 0, delta, finish_reason: reason }] }
}

function chunkOf(number, rest) {
  return `data: ${JSON.stringify({ ...head(number, 'chat.completion.chunk'), ...rest })}\n\n`
}

function head(number, object) {
  return { id: `chatcmpl-${number}`, object, created: 1_700_000_000, model: 'mock' }
}

process.on('disconnect', () => process.exit())
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
