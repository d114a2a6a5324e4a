import { describe, expect, test } from 'vitest'
import type { ResolvedEndpoint } from '../../src/models/endpoint.ts'
import { dearest, findPrice } from '../../src/models/price.ts'
import type { Provider } from '../../src/models/providers.ts'

const SPENT = { input: 1_000_000, output: 1_000_000, cached: 400_000 }

function endpoint(provider: Provider | undefined, model: string): ResolvedEndpoint {
  return {
    name: 'default',
    id: `${provider}/${model}`,
    model,
    baseUrl: 'http://127.0.0.1',
    api: 'chat',
    traffic: { endpoint: 'test', breaker: undefined },
    timeout: { total: 1000 },
    ...(provider && { provider }),
  }
}

describe('the price of a call', () => {
  test('is the one of the team file when it gives one', async () => {
    const price = await findPrice({
      ...endpoint('ollama', 'qwen'),
      price: { input: 1, output: 2, cached: 0.5 },
    })
    expect(price(SPENT)).toEqual({ ...SPENT, usd: 0.6 + 0.2 + 2 })
  })

  test('takes cached tokens for ordinary ones when the team file prices none', async () => {
    const price = await findPrice({ ...endpoint('ollama', 'qwen'), price: { input: 1, output: 2 } })
    expect(price(SPENT).usd).toBe(3)
  })

  test('is zero, not unknown, when the team file says so', async () => {
    const price = await findPrice({ ...endpoint('ollama', 'qwen'), price: { input: 0, output: 0 } })
    expect(price(SPENT).usd).toBe(0)
  })

  test.each([
    ['openai', 'gpt-5-mini'],
    ['anthropic', 'claude-sonnet-4-5'],
    ['gemini', 'gemini-2.5-flash'],
    ['mistral', 'mistral-large-latest'],
    ['groq', 'llama-3.3-70b-versatile'],
    ['openrouter', 'openai/gpt-4o'],
    ['deepseek', 'deepseek-chat'],
  ] as const)('of %s is found in the list', async (provider, model) => {
    expect((await findPrice(endpoint(provider, model)))(SPENT).usd).toBeGreaterThan(0)
  })

  test('counts cached tokens as the list prices them', async () => {
    const price = await findPrice(endpoint('openai', 'gpt-4o'))
    const usd = price({ input: 1000, output: 0, cached: 1000 }).usd ?? 0
    expect(usd).toBeCloseTo((price({ input: 1000, output: 0, cached: 0 }).usd ?? 0) / 2, 10)
  })

  test.each([
    ['openai', 'a-model-of-tomorrow'],
    ['ollama', 'qwen3:8b'],
    [undefined, 'gpt-4o'],
  ] as const)('of %s/%s is unknown and said to be', async (provider, model) => {
    expect((await findPrice(endpoint(provider, model)))(SPENT)).not.toHaveProperty('usd')
  })
})

describe('the most that a call can cost', () => {
  const worst = async (cached: number) => {
    const price = await findPrice({ ...endpoint('ollama', 'qwen'), price: { input: 1, output: 2, cached } })
    return dearest(price, { input: 1_000_000, output: 1_000_000, cached: 0 })
  }

  test('counts nothing as cached, for that is cheaper', async () => {
    expect(await worst(0.1)).toMatchObject({ usd: 3, cached: 0 })
  })

  test('is that of the cache where a provider asks more for it', async () => {
    expect(await worst(1.25)).toMatchObject({ usd: 3.25, cached: 0 })
  })
})
