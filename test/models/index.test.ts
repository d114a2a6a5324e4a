import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { openModel, rehearsedModel, resolveEndpoint } from '../../src/models/index.ts'

const KEY = { OPENAI_API_KEY: 'sk-test' }

describe('the endpoint "default"', () => {
  const resolve = (env: Record<string, string>, settings = {}) =>
    resolveEndpoint('default', undefined, { env, ...settings })

  test('needs no word in the team file', () => {
    expect(resolve(KEY)).toEqual({
      name: 'default',
      id: 'openai/gpt-5-mini',
      provider: 'openai',
      model: 'gpt-5-mini',
      baseUrl: 'https://api.openai.com/v1',
      api: 'chat',
      apiKey: 'sk-test',
      apiKeyEnv: 'OPENAI_API_KEY',
      timeout: { total: 60_000, idle: 30_000 },
      traffic: {
        endpoint: 'openai/gpt-5-mini at https://api.openai.com/v1',
        breaker: { failures: 20, cooldown: 30_000 },
      },
    })
  })

  test('is what the configuration says before what the environment says', () => {
    const env = { ...KEY, OPENAI_MODEL: 'gpt-env' }
    expect(resolve(env).id).toBe('openai/gpt-env')
    expect(resolve(env, { defaultModel: 'gpt-set' }).id).toBe('openai/gpt-set')
  })

  test('may be of another provider', () => {
    const endpoint = resolve({ ANTHROPIC_API_KEY: 'a' }, { defaultModel: 'anthropic/claude-x' })
    expect(endpoint).toMatchObject({ provider: 'anthropic', model: 'claude-x', apiKey: 'a' })
  })

  test('keeps a slash that belongs to the model', () => {
    expect(resolve(KEY, { defaultModel: 'qwen/qwen3' }).id).toBe('openai/qwen/qwen3')
  })

  test('is reached where the configuration says', () => {
    const defaultBaseUrl = 'http://10.0.0.5/v1'
    expect(resolve({ ...KEY, OPENAI_BASE_URL: 'http://other' }, { defaultBaseUrl }).baseUrl).toBe(
      defaultBaseUrl,
    )
  })
})

describe('a declared endpoint', () => {
  test('is reached at its own address, else OPENAI_BASE_URL, else where its provider is', () => {
    const env = { ...KEY, OPENAI_BASE_URL: 'http://127.0.0.1:9/v1/' }
    const declared = { model: 'm', provider: 'openai' } as const
    expect(resolveEndpoint('x', { ...declared, baseUrl: 'http://own/v1' }, { env }).baseUrl).toBe(
      'http://own/v1',
    )
    expect(resolveEndpoint('x', declared, { env }).baseUrl).toBe('http://127.0.0.1:9/v1')
    expect(resolveEndpoint('x', { model: 'm', provider: 'groq' }, { env }).baseUrl).toBe(
      'https://api.groq.com/openai/v1',
    )
  })

  test('with an address and no provider is never told the key of OpenAI', () => {
    const endpoint = resolveEndpoint('x', { model: 'm', baseUrl: 'https://unknown.example/v1' }, { env: KEY })
    expect(endpoint.id).toBe('unknown.example/m')
    expect(endpoint).not.toHaveProperty('apiKey')
    expect(endpoint).not.toHaveProperty('provider')
  })

  test('takes its key from the variable that it names, without the line break of a careless export', () => {
    const env = { MY_KEY: ' sk-mine\n' }
    const declared = { model: 'm', baseUrl: 'https://unknown.example/v1', apiKeyEnv: 'MY_KEY' }
    expect(resolveEndpoint('x', declared, { env }).apiKey).toBe('sk-mine')
  })

  test.each([
    [5000, { total: 5000, idle: 30_000 }],
    [{ idle: 100 }, { total: 60_000, idle: 100 }],
    [undefined, { total: 60_000, idle: 30_000 }],
  ])('with the timeout %j has the deadlines %j', (timeout, deadlines) => {
    const declared = { model: 'm', ...(timeout !== undefined && { timeout }) }
    expect(resolveEndpoint('x', declared, { env: KEY }).timeout).toEqual(deadlines)
  })

  test('must name a model unless it is of OpenAI', () => {
    expect(resolveEndpoint('x', {}, { env: KEY }).model).toBe('gpt-5-mini')
    const nameless = () => resolveEndpoint('x', { provider: 'groq' }, { env: KEY })
    expect(nameless).toThrow(expect.objectContaining({ code: 'definition' }))
  })

  test('must be declared unless it is the default', () => {
    const missing = () => resolveEndpoint('careful', undefined, { env: KEY })
    expect(missing).toThrow(
      expect.objectContaining({ code: 'definition', message: expect.stringContaining('careful') }),
    )
  })
})

describe('a missing key', () => {
  const open = (declared: Parameters<typeof resolveEndpoint>[1], env = {}) =>
    openModel(resolveEndpoint('default', declared, { env }), { clock: systemClock })

  test.each([[{}], [{ OPENAI_API_KEY: '  ' }]])('is noticed before any call, given %j', async env => {
    await expect(open(undefined, env)).rejects.toMatchObject({
      code: 'key-missing',
      message:
        'model "default" (openai/gpt-5-mini) needs a key, and OPENAI_API_KEY is not set in the environment',
      details: { hint: expect.stringContaining('--rehearse') },
    })
  })

  test('of an unknown provider asks for the name of its variable', async () => {
    await expect(open({ model: 'm', baseUrl: 'https://unknown.example/v1' })).rejects.toMatchObject({
      code: 'key-missing',
      details: { hint: expect.stringContaining('models.default.apiKeyEnv') },
    })
  })

  test.each([
    [{ provider: 'ollama', model: 'qwen' } as const],
    [{ provider: 'vllm', model: 'qwen', baseUrl: 'http://10.0.0.5/v1' } as const],
    [{ model: 'qwen', baseUrl: 'http://127.0.0.1:1/v1' }],
    [{ model: 'qwen', baseUrl: 'http://localhost:1/v1' }],
    [{ model: 'qwen', baseUrl: 'http://[::1]:1/v1' }],
  ])('does not matter to %j', async declared => {
    await expect(open(declared)).resolves.toMatchObject({ id: expect.stringContaining('qwen') })
  })

  test('does not matter when OPENAI_BASE_URL points at this machine', async () => {
    await expect(open(undefined, { OPENAI_BASE_URL: 'http://127.0.0.1:1/v1' })).resolves.toBeDefined()
  })

  test('does not matter to a rehearsal, which says what the calls would have cost', async () => {
    const model = await rehearsedModel(resolveEndpoint('default', undefined, { env: {} }))
    const { text, spent } = await model.reply(
      { messages: [{ role: 'user', content: 'Say something about tea.' }], tools: [] },
      {
        signal: new AbortController().signal,
        timeout: { total: 1000 },
        idempotencyKey: 'k',
        onText: () => {},
      },
    )
    expect(text).not.toBe('')
    expect(spent).toMatchObject({ usd: expect.any(Number), estimated: true })
    expect(spent.input).toBeGreaterThan(0)
  })
})
