// A model that talks slowly, on this machine: the chat completions API of OpenAI. Whom it plays it finds in the role.
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds between two words. */
const PAUSE = 90

/**
 * `parts`: for each NAME of a role "You are NAME" a function of the number of its request. It gives what is said, and with it
 * what it should look like: `{ say, calls, status, pause, usage }`.
 */
export async function startModel(parts) {
  const asked = new Map()
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', chunk => {
      body += chunk
    })
    request.on('end', () => {
      const { messages = [] } = JSON.parse(body)
      const name = /You are ([\w-]+)/.exec(JSON.stringify(messages))?.[1] ?? ''
      const count = (asked.get(name) ?? 0) + 1
      asked.set(name, count)
      answer(response, parts[name]?.(count, messages) ?? { say: 'All is well.' }).catch(() =>
        response.destroy(),
      )
    })
  })
  await new Promise(done => server.listen(0, '127.0.0.1', done))
  return {
    env: {
      OPENAI_BASE_URL: `http://127.0.0.1:${server.address().port}/v1`,
      OPENAI_API_KEY: 'sk-not-a-key-00',
    },
    close: () => server.closeAllConnections() ?? server.close(),
  }
}

async function answer(response, { say = '', calls, status = 200, pause = PAUSE, usage = {} }) {
  if (status !== 200) {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ error: { message: say || 'the server is tired', type: 'server_error' } }))
    return
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const send = data =>
    response.write(`data: ${JSON.stringify({ object: 'chat.completion.chunk', ...data })}\n\n`)
  for (const word of say.split(/(?<= )/)) {
    await sleep(pause)
    if (response.destroyed) return
    send({ choices: [{ index: 0, delta: { role: 'assistant', content: word } }] })
  }
  const named = calls?.map(({ tool, args }, index) => ({
    ...{ index, id: `call-${index}`, type: 'function' },
    function: { name: tool, arguments: JSON.stringify(args) },
  }))
  if (named) send({ choices: [{ index: 0, delta: { tool_calls: named } }] })
  send({ choices: [{ index: 0, delta: {}, finish_reason: named ? 'tool_calls' : 'stop' }] })
  send({ choices: [], usage: { prompt_tokens: 1800, completion_tokens: 160, ...usage } })
  response.end('data: [DONE]\n\n')
}
