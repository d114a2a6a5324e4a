import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { resume } from '../../src/app.ts'
import type { Event } from '../../src/store/events.ts'
import { scripted } from '../helpers/scripted.ts'
import { finish, team } from '../helpers/teams.ts'

const node = (program: string, more: object = {}) => ({
  kind: 'command',
  run: ['node', '-e', program],
  stdin: 'none',
  effects: 'idempotent',
  ...more,
})

const agentsIn = (events: readonly Event[]) =>
  events.flatMap(event => (event.type === 'step.started' && event.kind === 'agent' ? [event.key] : []))

describe('an invocation', () => {
  it('has the same idempotency key in every attempt', async () => {
    const note =
      'require("fs").appendFileSync("keys.txt", process.env.CREW_IDEMPOTENCY_KEY + "\\n"); process.exit(1)'
    const retry = { attempts: 3, backoff: '1ms' }
    const loaded = await team({
      input: {},
      agents: { a: node(note, { retry }) },
      pattern: { kind: 'pipeline', stages: ['a'] },
    })
    expect(await finish(loaded)).toMatchObject({ outcome: { state: 'failed' } })
    const keys = readFileSync(join(loaded.root, 'keys.txt'), 'utf8').trim().split('\n')
    expect(keys).toHaveLength(3)
    expect(new Set(keys).size).toBe(1)
  })

  it('is given up when those who stand in for each other have all failed', async () => {
    const agents = {
      a: node('process.exit(1)', { fallback: ['b'] }),
      b: node('process.exit(1)', { fallback: ['c', 'a'] }),
      c: node('process.exit(1)', { fallback: ['a', 'b'] }),
    }
    const loaded = await team({ input: {}, agents, pattern: { kind: 'pipeline', stages: ['a'] } })
    const { outcome, events } = await finish(loaded)
    expect(outcome).toMatchObject({ state: 'failed', error: { code: 'command-failed' } })
    expect(agentsIn(events)).toEqual(['a', 'a/fallback/b', 'a/fallback/b/fallback/c'])
  })

  it('is not held to the checks of the agent where the pattern asks for something else', async () => {
    const server = await scripted({ ann: [{ label: 'x', confidence: 1, why: 'It is.' }], ben: ['good'] })
    const agents = {
      ann: { role: 'You are ann.', check: [{ that: 'output == "a poem"' }] },
      ben: { role: 'You are ben.', check: [{ that: 'output == "good"' }] },
    }
    const pattern = { kind: 'route', classifier: 'ann', routes: { x: 'ben' } }
    const { outcome } = await finish(await team({ agents, pattern }), {
      input: { task: 'go' },
      env: server.env,
    })
    expect(outcome).toEqual({ state: 'succeeded', output: 'good' })
  })

  it('counts when it is its turn, so that a limit leaves what could be done, and a resume goes on from there', async () => {
    const items = Array.from({ length: 30 }, (_, index) => index)
    const loaded = await team({
      input: { items: { type: 'array' } },
      agents: { a: { kind: 'command', run: ['echo', '${item}'], stdin: 'none', effects: 'pure' } },
      pattern: { kind: 'parallel', each: '${input.items}', agent: 'a' },
      limits: { invocations: 10, concurrency: 2 },
    })
    const { id, outcome, store } = await finish(loaded, { input: { items } })
    expect(outcome).toMatchObject({ state: 'failed', error: { code: 'limit-invocations' } })
    const done = async () =>
      (await store.events(id)).filter(event => event.type === 'step.succeeded' && /^a\/\d+$/.test(event.key))
        .length
    expect(await done()).toBeGreaterThanOrEqual(8)
    const surroundings = { store, env: {}, interrupt: new AbortController().signal, onEvent: () => {} }
    await resume(id, await store.events(id), { invocations: 20 }, surroundings)
    expect(await done()).toBeGreaterThanOrEqual(16)
    expect(await resume(id, await store.events(id), { invocations: 30 }, surroundings)).toMatchObject({
      state: 'succeeded',
    })
    expect(await done()).toBe(30)
  })
})
