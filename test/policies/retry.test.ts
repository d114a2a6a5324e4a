import { describe, expect, it } from 'vitest'
import { resume } from '../../src/app.ts'
import { storeWith } from '../helpers/runs.ts'
import { finish, team } from '../helpers/teams.ts'

const cat = (output: object, retry: object) => ({
  agents: {
    a: { kind: 'command', run: ['cat'], effects: 'pure', output, retry: { backoff: '5ms', ...retry } },
  },
  pattern: { kind: 'pipeline', stages: ['a'] },
})
const OBJECT = { type: 'object', required: ['n'] }

describe('an answer that is rejected', () => {
  it('is asked for again, with what was wrong, as often as the team file says', async () => {
    const { outcome, events } = await finish(await team(cat(OBJECT, { attempts: 3 })), {
      input: { task: 'no JSON' },
    })
    expect(outcome).toMatchObject({
      state: 'failed',
      error: { code: 'output-invalid', message: expect.stringMatching(/tried 3 times/) },
    })
    const starts = events.flatMap(e => (e.type === 'step.started' && e.kind === 'command' ? [e.key] : []))
    expect(starts).toEqual(['a/run', 'a/attempt-2/run', 'a/attempt-3/run'])
    const told = events.flatMap(e => (e.type === 'decision' ? [e.values?.attempt] : []))
    expect(told).toEqual([1, 2])
  })

  it('gets as many attempts again when the failed run is resumed, under new keys, and no old one is repeated', async () => {
    const { id, events } = await finish(await team(cat(OBJECT, { attempts: 2 })), {
      input: { task: 'no JSON' },
    })
    const store = await storeWith(events, id)
    const surroundings = { store, env: {}, interrupt: new AbortController().signal, onEvent: () => {} }
    expect(await resume(id, events, {}, surroundings)).toMatchObject({ error: { code: 'output-invalid' } })
    const starts = (await store.events(id)).flatMap(e =>
      e.type === 'step.started' && e.kind === 'command' ? [e.key] : [],
    )
    expect(starts).toEqual(['a/run', 'a/attempt-2/run', 'a/attempt-3/run', 'a/attempt-4/run'])
  })
})

describe('a program that ends badly', () => {
  const failing = (retry?: object) => ({
    input: {},
    agents: {
      a: { kind: 'command', run: ['false'], stdin: 'none', effects: 'pure', ...(retry && { retry }) },
    },
    pattern: { kind: 'pipeline', stages: ['a'] },
  })

  it.each([
    ['once, when the team file says nothing', undefined, 1],
    ['as often as the team file says', { attempts: 3, backoff: '5ms' }, 3],
  ])('is run %s', async (_, retry, times) => {
    const { outcome, events } = await finish(await team(failing(retry)))
    expect(outcome).toMatchObject({ state: 'failed', error: { code: 'command-failed' } })
    expect(events.filter(e => e.type === 'step.started' && e.kind === 'command')).toHaveLength(times)
  })
})
