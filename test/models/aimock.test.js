import { LLMock } from '@copilotkit/aimock'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { openModel, resolveEndpoint } from '../../src/models/index.ts'

let mock
beforeEach(async () => {
  mock = new LLMock({ port: 0, host: '127.0.0.1', logLevel: 'silent' })
  await mock.start()
})
afterEach(() => mock.stop())
async function ask(reply, api = 'chat', options = {}) {
  mock.onMessage(/./, reply, options)
  const env = { OPENAI_BASE_URL: `${mock.url}/v1`, OPENAI_API_KEY: 'mock' }
  const model = await openModel(resolveEndpoint('m', { model: 'gpt-4o', api }, { env }), {
    clock: systemClock,
  })
  return model.reply(
    {
      messages: [{ role: 'user', content: 'What is the weather in Oslo?' }],
      tools: [{ name: 'weather', description: 'Of a town', parameters: { type: 'object' } }],
    },
    {
      signal: new AbortController().signal,
      timeout: { total: 5000 },
      idempotencyKey: 'k',
      onText: () => {},
    },
  )
}
describe.each(['chat', 'responses'])('OpenAI as aimock plays it, over %s', api => {
  test('says something', async () => {
    const usage = { prompt_tokens: 9, completion_tokens: 3, input_tokens: 9, output_tokens: 3 }
    const reply = await ask({ content: 'It is raining in Oslo.', usage }, api)
    expect(reply).toMatchObject({ text: 'It is raining in Oslo.', toolCalls: [] })
    expect(reply.spent).toEqual({ input: 9, output: 3, cached: 0, usd: expect.any(Number) })
  })
  test('calls a tool', async () => {
    const call = { name: 'weather', arguments: '{"town":"Oslo"}', id: 'call_1' }
    const { toolCalls } = await ask({ toolCalls: [call] }, api)
    expect(toolCalls).toEqual([{ id: 'call_1', name: 'weather', arguments: { town: 'Oslo' } }])
  })
  test('is too fast for us', async () => {
    const busy = { error: { message: 'Rate limited', type: 'rate_limit_error' }, status: 429, retryAfter: 3 }
    await expect(ask(busy, api)).rejects.toMatchObject({
      code: 'rate-limited',
      details: { retryAfter: 3000 },
    })
  })
  test('drops, garbles and disconnects, and none of it is taken for a reply', async () => {
    const content = 'It is raining in Oslo, and it will not stop before the weekend.'
    const faults = [
      [{ chaos: { dropRate: 1 } }, /server-error/],
      [{ chaos: { malformedRate: 1 } }, /reply-malformed/],
      [{ chaos: { disconnectRate: 1 } }, /connection/],
      [{ chaos: { rateLimitRate: 1 } }, /rate-limited/],
      [{ truncateAfterChunks: 2, chunkSize: 5 }, /connection|reply-truncated/],
      [{ disconnectAfterMs: 30, latency: 20, chunkSize: 5 }, /connection|reply-truncated/],
    ]
    for (const [options, code] of faults) {
      mock.clearFixtures()
      await expect(ask({ content }, api, options)).rejects.toMatchObject({
        code: expect.stringMatching(code),
        retryable: true,
      })
    }
  })
})
