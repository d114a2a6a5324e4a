import { expect, it } from 'vitest'
import { resolveEndpoint } from '../../src/models/index.ts'
import { findRoom } from '../../src/models/room.ts'

const room = (endpoint: object) => findRoom(resolveEndpoint('default', endpoint, { env: {} }))

it('leaves of a known context window what the answer does not need, and a margin', async () => {
  const whole = await room({ provider: 'openai', model: 'gpt-5-mini' })
  expect(whole).toBeGreaterThan(100_000)
  const short = await room({ provider: 'openai', model: 'gpt-5-mini', maxTokens: 100_000 })
  expect(short).toBeLessThan((whole ?? 0) - 70_000)
  expect(await room({ provider: 'openai', model: 'gpt-5-mini', maxTokens: 10_000_000 })).toBe(1_000)
})

it('is not known of a model that no list names', async () => {
  expect(await room({ provider: 'openai', model: 'my-own' })).toBeUndefined()
  expect(await room({ baseUrl: 'http://127.0.0.1:1/v1', model: 'gpt-5-mini' })).toBeUndefined()
})
