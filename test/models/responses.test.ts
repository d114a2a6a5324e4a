import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import type { ModelReply, ModelRequest } from '../../src/models/model.ts'
import { openaiModel } from '../../src/models/openai.ts'
import { events, type FaultyServer, json, type Script, startFaultyServer } from '../helpers/faulty-server.ts'

let server: FaultyServer

beforeEach(async () => {
  server = await startFaultyServer()
})
afterEach(() => server.close())

const QUESTION: ModelRequest = { messages: [{ role: 'user', content: 'Six times seven?' }], tools: [] }

async function ask(script: Script, request = QUESTION, words: string[] = []): Promise<ModelReply> {
  server.play(script)
  const model = await openaiModel(
    {
      name: 'default',
      id: 'openai/test-model',
      provider: 'openai',
      model: 'test-model',
      baseUrl: `${server.url}/v1`,
      api: 'responses',
      traffic: { endpoint: 'test', breaker: undefined },
      apiKey: 'sk-test',
      timeout: { total: 60_000 },
      maxTokens: 99,
      price: { input: 1, output: 10, cached: 0.1 },
    },
    { clock: systemClock },
  )
  return model.reply(request, {
    signal: new AbortController().signal,
    timeout: { total: 5000 },
    idempotencyKey: 'k',
    onText: word => words.push(word),
  })
}

const USAGE = { input_tokens: 100, output_tokens: 20, input_tokens_details: { cached_tokens: 60 } }
const SPENT = { input: 100, output: 20, cached: 60, usd: (40 * 1 + 60 * 0.1 + 20 * 10) / 1e6 }

function said(...content: object[]) {
  return { type: 'message', role: 'assistant', content }
}

function response(status: string, output: object[], rest: object = {}) {
  return { object: 'response', status, output, usage: USAGE, error: null, ...rest }
}

function delta(text: string) {
  return { type: 'response.output_text.delta', delta: text }
}

describe('the responses API', () => {
  test('streams words, and ends with the whole reply and its usage', async () => {
    const words: string[] = []
    const completed = response('completed', [
      { type: 'reasoning' },
      said({ type: 'output_text', text: 'It is 42' }),
    ])
    const script = events([
      { type: 'response.created', response: response('in_progress', []) },
      delta('It is '),
      delta('42'),
      { type: 'response.completed', response: completed },
    ])
    expect(await ask(script, QUESTION, words)).toEqual({ text: 'It is 42', toolCalls: [], spent: SPENT })
    expect(words).toEqual(['It is ', '42'])
  })

  test('may answer in one piece, with tool calls', async () => {
    const call = { type: 'function_call', call_id: 'a', name: 'add', arguments: '{"x":1}' }
    const reply = await ask(json(200, response('completed', [call])))
    expect(reply).toEqual({
      text: '',
      toolCalls: [{ id: 'a', name: 'add', arguments: { x: 1 } }],
      spent: SPENT,
    })
  })

  test('is sent the conversation, tools and format in its own words', async () => {
    const schema = {
      type: 'object',
      properties: { n: { type: 'integer' } },
      required: ['n'],
      additionalProperties: false,
    }
    const request: ModelRequest = {
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'assistant', content: 'Adding', toolCalls: [{ id: 'a', name: 'add', arguments: { x: 1 } }] },
        { role: 'tool', content: '2', toolCallId: 'a' },
      ],
      tools: [{ name: 'add', description: 'Adds', parameters: { type: 'object' } }],
      output: { name: 'answer', schema },
    }
    await ask(json(200, response('completed', [said({ type: 'output_text', text: '{"n":2}' })])), request)
    expect(server.received[0]?.path).toBe('/v1/responses')
    expect(JSON.parse(server.received[0]?.body ?? '')).toEqual({
      model: 'test-model',
      stream: true,
      store: false,
      max_output_tokens: 99,
      input: [
        { role: 'system', content: 'Be brief.' },
        { role: 'assistant', content: 'Adding' },
        { type: 'function_call', call_id: 'a', name: 'add', arguments: '{"x":1}' },
        { type: 'function_call_output', call_id: 'a', output: '2' },
      ],
      tools: [
        {
          type: 'function',
          name: 'add',
          description: 'Adds',
          parameters: { type: 'object' },
          strict: false,
        },
      ],
      text: { format: { type: 'json_schema', name: 'answer', schema, strict: true } },
    })
  })

  const ended = (type: string, status: string, rest: object, output: object[] = []) =>
    events([delta('It is'), { type, response: response(status, output, rest) }])

  test.each([
    ['stops without an end', events([delta('It is')]), 'reply-truncated'],
    [
      'runs out of tokens',
      ended('response.incomplete', 'incomplete', { incomplete_details: { reason: 'max_output_tokens' } }),
      'reply-too-long',
    ],
    [
      'is filtered',
      ended('response.incomplete', 'incomplete', { incomplete_details: { reason: 'content_filter' } }),
      'reply-refused',
    ],
    [
      'refuses',
      ended('response.completed', 'completed', {}, [said({ type: 'refusal', refusal: 'No.' })]),
      'reply-refused',
    ],
    ['says nothing', ended('response.completed', 'completed', {}), 'reply-empty'],
    [
      'calls a tool with broken arguments',
      ended('response.completed', 'completed', {}, [{ type: 'function_call', name: 'add', arguments: '{' }]),
      'reply-malformed',
    ],
    [
      'is of the wrong shape',
      ended('response.completed', 'completed', { output: 'none' }),
      'reply-malformed',
    ],
    ['is cancelled', ended('response.completed', 'cancelled', {}), 'reply-malformed'],
    [
      'fails in the middle',
      ended('response.failed', 'failed', { error: { code: 'rate_limit_exceeded', message: 'Slow down' } }),
      'rate-limited',
    ],
    ['reports an error', events([{ type: 'error', code: 'server_error', message: 'Sorry' }]), 'server-error'],
  ])('rejects when it %s', async (_, script, code) => {
    await expect(ask(script)).rejects.toMatchObject({ code })
  })
})

test('a request may ask for shorter replies than the model is set to', async () => {
  const reply = response('completed', [said({ type: 'output_text', text: '42' })])
  await ask(json(200, reply), { ...QUESTION, maxTokens: 7 })
  await ask(json(200, reply))
  expect(server.received.map(({ body }) => JSON.parse(body).max_output_tokens)).toEqual([7, 99])
})
