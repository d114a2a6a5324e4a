import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { CrewError } from '../../src/errors.ts'
import type { ResolvedEndpoint } from '../../src/models/endpoint.ts'
import type { ModelRequest, ReplyOptions } from '../../src/models/model.ts'
import { openaiModel } from '../../src/models/openai.ts'
import {
  answer,
  cutAfter,
  drip,
  events,
  type FaultyServer,
  hangUp,
  json,
  type Script,
  silence,
  stallAfter,
  startFaultyServer,
} from '../helpers/faulty-server.ts'

let server: FaultyServer

beforeEach(async () => {
  server = await startFaultyServer()
})
afterEach(() => server.close())

const QUESTION: ModelRequest = {
  messages: [{ role: 'user', content: 'What is six times seven?' }],
  tools: [],
}
const OPTIONS: ReplyOptions = {
  signal: new AbortController().signal,
  timeout: { total: 5000 },
  idempotencyKey: 'run-1/step-1',
  onText: () => {},
}
const PRICE = { input: 1, output: 10, cached: 0.1 }

async function ask(
  script: Script,
  {
    request = QUESTION,
    options = {},
    endpoint = {},
  }: {
    request?: ModelRequest
    options?: Partial<ReplyOptions>
    endpoint?: Partial<ResolvedEndpoint>
  } = {},
) {
  server.play(script)
  const model = await openaiModel(
    {
      name: 'default',
      id: 'openai/test-model',
      provider: 'openai',
      model: 'test-model',
      baseUrl: `${server.url}/v1`,
      api: 'chat',
      traffic: { endpoint: 'test', breaker: undefined },
      apiKey: 'sk-test',
      apiKeyEnv: 'OPENAI_API_KEY',
      timeout: { total: 60_000 },
      price: PRICE,
      ...endpoint,
    },
    { clock: systemClock },
  )
  return model.reply(request, { ...OPTIONS, ...options })
}

async function fail(script: Script, setting: Parameters<typeof ask>[1] = {}): Promise<CrewError> {
  const thrown = await ask(script, setting).then(
    reply => new Error(`it succeeded: ${JSON.stringify(reply)}`),
    (reason: unknown) => reason,
  )
  if (thrown instanceof CrewError) return thrown
  throw thrown
}

function sent(): Record<string, unknown> {
  return JSON.parse(server.received[0]?.body ?? '')
}

const USAGE = {
  prompt_tokens: 100,
  completion_tokens: 20,
  prompt_tokens_details: { cached_tokens: 60 },
}
const SPENT = { input: 100, output: 20, cached: 60, usd: (40 * 1 + 60 * 0.1 + 20 * 10) / 1e6 }

function delta(said: object, finish_reason: string | null = null) {
  return { object: 'chat.completion.chunk', choices: [{ index: 0, delta: said, finish_reason }] }
}

/** A stream that says `content`, ends with `reason`, and reports usage. */
function stream(content: string, reason: string | null = 'stop', usage: object | null = USAGE) {
  return [
    delta({ role: 'assistant', content: '' }),
    ...content.split(/(?<= )/).map(word => delta({ content: word })),
    delta({}, reason),
    ...(usage ? [{ object: 'chat.completion.chunk', choices: [], usage }] : []),
  ]
}

function whole(message: object, finish_reason: string | null = 'stop', usage: object | null = USAGE) {
  return { object: 'chat.completion', choices: [{ index: 0, message, finish_reason }], usage }
}

describe('a reply', () => {
  test('is streamed word by word, and priced with its cached tokens', async () => {
    const words: string[] = []
    const reply = await ask(events(stream('It is forty two.')), {
      options: { onText: word => words.push(word) },
    })
    expect(reply).toEqual({ text: 'It is forty two.', toolCalls: [], spent: SPENT })
    expect(words).toEqual(['It ', 'is ', 'forty ', 'two.'])
  })

  test('is asked for without telling the provider what machine asks', async () => {
    await ask(events(stream('Fine.')))
    const names = Object.keys(server.received[0]?.headers ?? {})
    expect(names).toContain('idempotency-key')
    expect(names.filter(name => name.startsWith('x-stainless'))).toEqual([])
  })

  test('may come in one piece from a server that does not stream', async () => {
    const words: string[] = []
    const script = json(200, whole({ role: 'assistant', content: '42' }))
    const reply = await ask(script, { options: { onText: word => words.push(word) } })
    expect(reply).toEqual({ text: '42', toolCalls: [], spent: SPENT })
    expect(words).toEqual(['42'])
  })

  test('may call several tools, whose arguments arrive in pieces', async () => {
    const call = (index: number, rest: object) => delta({ tool_calls: [{ index, ...rest }] })
    const reply = await ask(
      events([
        call(0, { id: 'a', function: { name: 'add', arguments: '' } }),
        call(0, { function: { arguments: '{"x":' } }),
        call(1, { id: 'b', function: { name: 'now', arguments: '' } }),
        call(0, { function: { arguments: '1}' } }),
        delta({}, 'tool_calls'),
        { choices: [], usage: USAGE },
      ]),
    )
    expect(reply).toEqual({
      text: '',
      toolCalls: [
        { id: 'a', name: 'add', arguments: { x: 1 } },
        { id: 'b', name: 'now', arguments: {} },
      ],
      spent: SPENT,
    })
  })

  test('keeps calls apart that have the same index and other ids', async () => {
    const call = (id: string) =>
      delta({ tool_calls: [{ index: 0, id, function: { name: 'look', arguments: `{"at":"${id}"}` } }] })
    const { toolCalls } = await ask(events([call('a'), call('b'), delta({}, 'stop')]))
    expect(toolCalls.map(({ arguments: { at } }) => at)).toEqual(['a', 'b'])
  })

  test('without usage is charged by a conservative count, and says so', async () => {
    const { spent } = await ask(events(stream('It is forty two.', 'stop', null)))
    expect(spent.estimated).toBe(true)
    expect(spent.input).toBeGreaterThanOrEqual(7)
    expect(spent.output).toBeGreaterThanOrEqual(4)
    expect(spent.usd).toBeCloseTo((spent.input * 1 + spent.output * 10) / 1e6, 12)
  })

  test.each([
    ['zero', { prompt_tokens: 0, completion_tokens: 0 }],
    ['nonsense', { prompt_tokens: 'many', completion_tokens: -1 }],
  ])('with a usage of %s is charged by that count too', async (_, usage) => {
    const { spent } = await ask(events(stream('It is forty two.', 'stop', usage)))
    expect(spent.estimated).toBe(true)
    expect(spent.input).toBeGreaterThan(0)
  })

  test('never has more cached tokens than tokens', async () => {
    const usage = { ...USAGE, prompt_tokens_details: { cached_tokens: 5000 } }
    const { spent } = await ask(events(stream('42', 'stop', usage)))
    expect(spent).toMatchObject({ input: 100, cached: 100 })
  })
})

describe('a request', () => {
  test('goes over the connection of the one before it', async () => {
    for (let call = 1; call <= 3; call += 1) await ask(events(stream('42')))
    expect(server.connections()).toBe(1)
  })

  test('carries key, idempotency key, messages, tools and limits', async () => {
    const request: ModelRequest = {
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Add.' },
        { role: 'assistant', content: '', toolCalls: [{ id: 'a', name: 'add', arguments: { x: 1 } }] },
        { role: 'tool', content: '2', toolCallId: 'a' },
      ],
      tools: [{ name: 'add', description: 'Adds', parameters: { type: 'object' } }],
    }
    await ask(events(stream('2')), { request, endpoint: { maxTokens: 99, temperature: 0 } })

    expect(server.received[0]).toMatchObject({
      method: 'POST',
      path: '/v1/chat/completions',
      headers: { authorization: 'Bearer sk-test', 'idempotency-key': 'run-1/step-1' },
    })
    expect(sent()).toEqual({
      model: 'test-model',
      stream: true,
      stream_options: { include_usage: true },
      max_completion_tokens: 99,
      temperature: 0,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Add.' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'a', type: 'function', function: { name: 'add', arguments: '{"x":1}' } }],
        },
        { role: 'tool', content: '2', tool_call_id: 'a' },
      ],
      tools: [
        { type: 'function', function: { name: 'add', description: 'Adds', parameters: { type: 'object' } } },
      ],
    })
  })

  test('uses the words that other providers know', async () => {
    await ask(events(stream('2')), { endpoint: { provider: 'mistral', maxTokens: 99 } })
    expect(sent()).toMatchObject({ max_tokens: 99 })
    expect(sent()).not.toHaveProperty('stream_options')
    expect(sent()).not.toHaveProperty('max_completion_tokens')
  })

  test('carries no authorization when there is no key', async () => {
    server.play(events(stream('2')))
    const local: ResolvedEndpoint = {
      name: 'local',
      id: 'ollama/qwen',
      provider: 'ollama',
      model: 'qwen',
      baseUrl: `${server.url}/v1`,
      api: 'chat',
      traffic: { endpoint: 'test', breaker: undefined },
      timeout: { total: 1000 },
    }
    const model = await openaiModel(local, { clock: systemClock })
    const { spent } = await model.reply(QUESTION, OPTIONS)
    expect(server.received[0]?.headers).not.toHaveProperty('authorization')
    expect(spent).not.toHaveProperty('usd')
  })

  test.each([
    ['strictly when the schema allows it', { additionalProperties: false, required: ['n'] }, true],
    ['loosely when a property is optional', { additionalProperties: false, required: [] }, false],
    ['loosely when more properties may be added', { required: ['n'] }, false],
    ['loosely when a keyword is unknown', { additionalProperties: false, required: ['n'], not: {} }, false],
  ])('asks for an output %s', async (_, rest, strict) => {
    const schema = { type: 'object', properties: { n: { type: 'integer' } }, ...rest }
    await ask(events(stream('{"n":42}')), {
      request: { ...QUESTION, output: { name: 'the answer', schema } },
    })
    expect(sent().response_format).toEqual({
      type: 'json_schema',
      json_schema: { name: 'the_answer', schema, strict },
    })
  })

  test('asks loosely when only an inner object is open', async () => {
    const inner = { type: 'object', properties: {}, required: [] }
    const schema = {
      type: 'object',
      properties: { list: { type: 'array', items: inner } },
      required: ['list'],
      additionalProperties: false,
    }
    await ask(events(stream('{"list":[]}')), { request: { ...QUESTION, output: { name: 'x', schema } } })
    expect(sent().response_format).toMatchObject({ json_schema: { strict: false } })
  })
})

describe('a reply is not accepted', () => {
  test('when the stream ends without saying why', async () => {
    const error = await fail(events(stream('It is forty', null, null), { done: false }))
    expect(error).toMatchObject({ code: 'reply-truncated', retryable: true })
    expect(error.details.spent).toMatchObject({ estimated: true })
    expect(error.details.spent?.output).toBeGreaterThanOrEqual(3)
  })

  test('when the stream says that it is done but never gave a reason', async () => {
    expect((await fail(events(stream('It is forty', null)))).code).toBe('reply-truncated')
  })

  test('when the stream is empty, which costs nothing', async () => {
    const error = await fail(events([]))
    expect(error.code).toBe('reply-truncated')
    expect(error.details).not.toHaveProperty('spent')
  })

  test('when it ran out of tokens, though they are charged', async () => {
    const error = await fail(events(stream('It is forty', 'length')))
    expect(error).toMatchObject({ code: 'reply-too-long', retryable: false })
    expect(error.details.spent).toEqual(SPENT)
    expect(error.details.hint).toContain('models.default.maxTokens')
  })

  test('when a filter cut it', async () => {
    expect((await fail(events(stream('It is', 'content_filter')))).code).toBe('reply-refused')
  })

  test('when the model refuses, in its own words', async () => {
    const error = await fail(
      events([delta({ refusal: 'I will not ' }), delta({ refusal: 'count.' }, 'stop')]),
    )
    expect(error).toMatchObject({ code: 'reply-refused', retryable: false })
    expect(error.message).toContain('I will not count.')
  })

  test.each([
    ['nothing', ''],
    ['white space', ' \n '],
  ])('when it is %s', async (_, content) => {
    const error = await fail(events(stream(content)))
    expect(error).toMatchObject({ code: 'reply-empty', retryable: true })
    expect(error.details.spent).toEqual(SPENT)
  })

  test('when it ends for a reason that nobody knows', async () => {
    const error = await fail(events(stream('It is', 'boredom')))
    expect(error.code).toBe('reply-malformed')
    expect(error.message).toContain('"boredom"')
  })

  test.each([
    ['are cut off', '{"x":1'],
    ['are a list', '[1]'],
    ['are a word', 'x'],
  ])('when the arguments of a tool %s', async (_, args) => {
    const call = delta({ tool_calls: [{ index: 0, id: 'a', function: { name: 'add', arguments: args } }] })
    const error = await fail(events([call, delta({}, 'tool_calls')]))
    expect(error.code).toBe('reply-malformed')
    expect(error.message).toContain('tool "add"')
  })

  test('when it calls a tool without a name', async () => {
    const call = delta({ tool_calls: [{ index: 0, id: 'a', function: { arguments: '{}' } }] })
    expect((await fail(events([call, delta({}, 'tool_calls')]))).code).toBe('reply-malformed')
  })

  test.each([
    ['an HTML page', answer(200, '<html>Welcome to the hotel wifi</html>', { 'content-type': 'text/html' })],
    ['empty', answer(200, '', { 'content-type': 'application/json' })],
    ['no JSON', answer(200, '{"choices": [', { 'content-type': 'application/json' })],
    ['JSON of another kind', json(200, { hello: 'world' })],
    ['a list', json(200, [])],
    ['without content', answer(204, '')],
    ['a completion of the wrong shape', json(200, { choices: [{ message: { content: 42 } }] })],
    ['a stream of broken JSON', answer(200, 'data: {"choi\n\n', { 'content-type': 'text/event-stream' })],
    ['a stream of the wrong shape', events([{ choices: 'none' }])],
  ])('when the body is %s, and it costs nothing', async (_, script) => {
    const error = await fail(script)
    expect(error).toMatchObject({ code: 'reply-malformed', retryable: true })
    expect(error.details).not.toHaveProperty('spent')
  })

  test.each([
    ['of an unknown kind', { message: 'went wrong' }, 'reply-malformed'],
    ['about the rate', { message: 'slow down', code: 'rate_limit_exceeded' }, 'rate-limited'],
    ['about the rate, as a number', { message: 'slow down', code: 429 }, 'rate-limited'],
    ['about the quota', { message: 'pay', type: 'insufficient_quota' }, 'quota-exhausted'],
    ['about the server', { message: 'overloaded', type: 'overloaded_error' }, 'server-error'],
    ['with the name of a built-in', { message: 'odd', code: 'constructor' }, 'reply-malformed'],
  ])('when it is an error object %s, alone or in a stream', async (_, error, code) => {
    const alone = await fail(json(200, { error }))
    const inStream = await fail(events([delta({ content: 'It' }), { error }]))
    expect([alone.code, inStream.code]).toEqual([code, code])
    expect(alone.message).toContain(error.message)
    expect(alone.details).not.toHaveProperty('spent')
    expect(inStream.details.spent).toMatchObject({ estimated: true })
  })
})

describe('a status', () => {
  const openai = (message: string, code: string | null = null) => ({ error: { message, type: 'x', code } })

  test.each([
    [401, 'unauthorized', false],
    [403, 'unauthorized', false],
    [404, 'model-not-found', false],
    [402, 'quota-exhausted', false],
    [429, 'rate-limited', true],
    [408, 'server-error', true],
    [409, 'server-error', true],
    [500, 'server-error', true],
    [503, 'server-error', true],
    [529, 'server-error', true],
    [400, 'request-rejected', false],
    [422, 'request-rejected', false],
    [302, 'request-rejected', false],
  ])('of %i is %s', async (status, code, retryable) => {
    const error = await fail(json(status, openai('The reason.')))
    expect(error).toMatchObject({ code, retryable })
    expect(error.message).toBe(`openai/test-model at ${server.url}/v1: ${status} The reason.`)
    expect(error.details).not.toHaveProperty('spent')
    expect(server.received).toHaveLength(1)
  })

  test('of 429 with an exhausted quota is not tried again', async () => {
    const error = await fail(json(429, openai('You exceeded your quota', 'insufficient_quota')))
    expect(error).toMatchObject({ code: 'quota-exhausted', retryable: false })
  })

  test('of 401 names the variable that holds the key', async () => {
    const error = await fail(json(401, openai('Incorrect API key')))
    expect(error.details.hint).toContain('OPENAI_API_KEY')
  })

  test('of 404 names model and endpoint', async () => {
    const { hint } = (await fail(json(404, openai('No such model')))).details
    expect(hint).toContain('test-model')
    expect(hint).toContain(server.url)
  })

  test('of 302 says where it points to', async () => {
    const error = await fail(answer(302, '', { location: 'https://login.example' }))
    expect(error.message).toContain('302 redirects to https://login.example')
  })

  test.each([
    ['seconds', { 'retry-after': '7' }, 7000],
    ['seconds without bounds', { 'retry-after': '9999999' }, 9_999_999_000],
    ['milliseconds', { 'retry-after-ms': '250', 'retry-after': '1' }, 250],
    [
      'the reset of its tokens',
      { 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '6m0s' },
      360_000,
    ],
    ['the reset of its requests', { 'x-ratelimit-reset-requests': '120ms' }, 120],
    [
      'the reset of what is used up',
      {
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-requests': '2s',
        'x-ratelimit-remaining-tokens': '9000',
        'x-ratelimit-reset-tokens': '1h',
      },
      2000,
    ],
  ])('tells in %s how long to wait', async (_, headers, wait) => {
    const error = await fail(json(429, openai('Slow down'), headers))
    expect(error.details.retryAfter).toBe(wait)
  })

  test('tells by a date how long to wait', async () => {
    const date = new Date(Date.now() + 30_000).toUTCString()
    const { retryAfter } = (await fail(json(503, openai('Later'), { 'retry-after': date }))).details
    expect(retryAfter).toBeGreaterThan(27_000)
    expect(retryAfter).toBeLessThanOrEqual(30_000)
  })

  test.each([[{ 'retry-after': 'soon' }], [{}]])('tells nothing with %j', async headers => {
    expect((await fail(json(429, openai('Slow down'), headers))).details).not.toHaveProperty('retryAfter')
  })

  test.each([
    ['JSON in another style', JSON.stringify({ detail: 'no such route' }), 'no such route'],
    ['an HTML page', '<html>Bad gateway</html>', 'an HTML page'],
    ['nothing', '', 'nothing more'],
    ['many lines', 'one\n\u001b[31mtwo\n', 'one [31mtwo'],
    ['a long text', 'x'.repeat(5000), `${'x'.repeat(299)}…`],
  ])('with %s is quoted in one short line', async (_, body, quoted) => {
    const error = await fail(answer(500, body))
    expect(error.message).toBe(`openai/test-model at ${server.url}/v1: 500 ${quoted}`)
  })
})

describe('the connection', () => {
  test.each([
    ['before the head', silence, { firstByte: 60, total: 5000 }, 'firstByte'],
    ['after the head', stallAfter([]), { firstByte: 60, total: 5000 }, 'firstByte'],
    ['in mid-stream', stallAfter([delta({ content: 'It' })]), { idle: 60, total: 5000 }, 'idle'],
    ['byte by byte', drip(15), { firstByte: 100, idle: 100, total: 250 }, 'total'],
    ['in the body of an error', stalledError, { idle: 60, total: 5000 }, 'idle'],
  ])('that stalls %s misses its deadline', async (_, script, timeout, name) => {
    const error = await fail(script, { options: { timeout } })
    expect(error).toMatchObject({ code: 'timeout', retryable: true })
    expect(error.message).toContain(`timeout.${name}`)
    expect(error.details.spent).toMatchObject({ estimated: true })
    await server.hungUp()
  })

  test('that is cut in mid-stream costs what was heard', async () => {
    const error = await fail(cutAfter([delta({ content: 'It is forty' })]))
    expect(error).toMatchObject({ code: 'connection', retryable: true })
    expect(error.details.spent).toMatchObject({ estimated: true })
  })

  test('that is cut before a word costs nothing', async () => {
    const error = await fail(hangUp)
    expect(error.code).toBe('connection')
    expect(error.details).not.toHaveProperty('spent')
  })

  test('that cannot be made names the server', async () => {
    await server.close()
    const error = await fail(silence)
    expect(error.code).toBe('connection')
    expect(error.message).toContain(server.host)
    expect(error.message).toContain('ECONNREFUSED')
  })

  test.each([
    ['before the head', silence],
    ['in mid-stream', stallAfter([delta({ content: 'It' })])],
    ['after the head', stallAfter([])],
  ])('is closed at once when the call is cancelled %s', async (_, script) => {
    const controller = new AbortController()
    const reason = new CrewError('cancelled', 'not needed')
    setTimeout(() => controller.abort(reason), 60)
    await expect(ask(script, { options: { signal: controller.signal } })).rejects.toBe(reason)
    await server.hungUp()
  })

  test('reports a cancellation without a reason of ours as what it is, not as a short reply', async () => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 60)
    const call = ask(stallAfter([delta({ content: 'It' })]), { options: { signal: controller.signal } })
    await expect(call).rejects.toMatchObject({ name: 'AbortError' })
  })
})

function stalledError(response: Parameters<Script>[0]): void {
  response.writeHead(500, { 'content-type': 'application/json' })
  response.write('{"error":')
}

describe('the worst case of a call', () => {
  test('is its input counted with a margin and all the output it may have, priced', async () => {
    const endpoint: ResolvedEndpoint = {
      name: 'default',
      id: 'openai/x',
      provider: 'openai',
      model: 'x',
      baseUrl: server.url,
      api: 'chat',
      traffic: { endpoint: 'test', breaker: undefined },
      apiKey: 'k',
      timeout: { total: 1000 },
      maxTokens: 500,
      price: PRICE,
    }
    const model = await openaiModel(endpoint, { clock: systemClock })
    const worst = model.worstCase(QUESTION)
    expect(worst).toMatchObject({ output: 500, cached: 0, estimated: true })
    expect(worst.input).toBeGreaterThanOrEqual(8)
    expect(worst.usd).toBeCloseTo((worst.input + 5000) / 1e6, 12)
  })
})
