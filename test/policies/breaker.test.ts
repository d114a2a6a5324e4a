import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { resume, run as runTeam } from '../../src/app.ts'
import type { Event } from '../../src/store/events.ts'
import { openStore } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { manualClock } from '../helpers/clock.ts'
import { json } from '../helpers/faulty-server.ts'
import { modelServer, saying } from '../helpers/model-server.ts'
import { decisions } from '../helpers/play.ts'
import { storeWith, temporaryFolder, temporaryStore } from '../helpers/runs.ts'
import { scripted } from '../helpers/scripted.ts'
import { team } from '../helpers/teams.ts'

const SETTINGS = { failures: 3, cooldown: 1_000 }
const FAILED = { reason: 'it broke', isTrial: false }

/** Several stores on one file, as several processes have them. */
async function stores(count: number) {
  const clock = manualClock()
  const file = join(temporaryFolder(), 'crew.db')
  const open = async () => {
    const store = await openStore(file, clock)
    onTestFinished(() => store.close())
    return store.breakers
  }
  const opened = []
  for (let index = 0; index < count; index += 1) opened.push(await open())
  return { clock, stores: opened }
}

async function failing(times: number, count = 1) {
  const { clock, stores: all } = await stores(count)
  const [first, ...others] = all
  if (!first) throw new Error('no store')
  for (let index = 0; index < times; index += 1) await first.fail('a', FAILED, SETTINGS)
  return { clock, breakers: first, others }
}

describe('a breaker', () => {
  it('opens after so many failures in a row, for the cooldown', async () => {
    const { clock, breakers } = await failing(2)
    expect(await breakers.find('a')).toEqual({ name: 'a', failures: 2, reason: 'it broke' })
    expect(await breakers.fail('a', FAILED, SETTINGS)).toMatchObject({ hasOpened: true })
    expect(await breakers.find('a')).toMatchObject({ open: { cooldown: 1_000, until: clock.now() + 1_000 } })
  })

  it('forgets all failures at the first success, and writes nothing when there were none', async () => {
    const { breakers } = await failing(2)
    expect(await breakers.succeed('a', false)).toMatchObject({ failures: 2 })
    expect(await breakers.find('a')).toBeUndefined()
    expect(await breakers.succeed('a', false)).toBeUndefined()
    expect(await breakers.all()).toEqual([])
  })

  it('takes no notice of calls that were under way when it opened', async () => {
    const { breakers } = await failing(3)
    expect(await breakers.succeed('a', false)).toBeUndefined()
    expect(await breakers.fail('a', FAILED, SETTINGS)).toMatchObject({ failures: 3, hasOpened: false })
  })

  it('lets exactly one of all processes try after the cooldown', async () => {
    const { clock, breakers, others } = await failing(3, 4)
    const claims = () =>
      Promise.all([breakers, ...others].map(store => store.claim('a', clock.now() + 5_000)))
    expect(await claims()).not.toContain(true)
    clock.advance(1_000)
    expect((await claims()).filter(Boolean)).toHaveLength(1)
    expect(await claims()).not.toContain(true)
    clock.advance(5_000)
    expect((await claims()).filter(Boolean)).toHaveLength(1)
  })

  it('closes when the trial succeeds, and stays open for twice as long, at most 10 minutes, when it fails', async () => {
    const { clock, breakers } = await failing(3)
    const cooldowns: number[] = []
    for (let trial = 1; trial <= 12; trial += 1) {
      const { open } = (await breakers.find('a')) ?? {}
      cooldowns.push(open?.cooldown ?? 0)
      clock.advance(open?.cooldown ?? 0)
      expect(await breakers.claim('a', clock.now() + 5_000)).toBe(true)
      await breakers.fail('a', { ...FAILED, isTrial: true }, SETTINGS)
    }
    expect(cooldowns.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000])
    expect(cooldowns.slice(-2)).toEqual([600_000, 600_000])
    clock.advance(600_000)
    expect(await breakers.claim('a', clock.now() + 5_000)).toBe(true)
    expect(await breakers.succeed('a', true)).toMatchObject({ failures: 15 })
    expect(await breakers.find('a')).toBeUndefined()
  })
})

interface Run {
  readonly id: string
  readonly outcome: Awaited<ReturnType<typeof runTeam>>
  readonly events: readonly Event[]
}

/** One run after the other on one store. */
async function runner(definition: object, env: Record<string, string> = {}) {
  const store: Store = await temporaryStore()
  const loaded = await team({ input: {}, ...definition })
  return async (): Promise<Run> => {
    let id = ''
    const onCreated = (created: string) => {
      id = created
    }
    const begun = { rehearsal: false, onCreated }
    const surroundings = { store, env, interrupt: new AbortController().signal, onEvent: () => {} }
    const outcome = await runTeam(loaded, {}, begun, surroundings)
    return { id, outcome, events: await store.events(id) }
  }
}

const states = (events: readonly Event[]) => decisions(events, 'breaker').map(({ values }) => values?.state)
const acts = (events: readonly Event[], kind: string) =>
  events.filter(event => event.type === 'step.started' && event.kind === kind).length
const refused = (events: readonly Event[]) =>
  events.filter(
    event =>
      event.type === 'step.failed' && event.error.code === 'circuit-open' && event.error.step === event.key,
  ).length

const broken = { kind: 'command', run: ['false'], stdin: 'none', effects: 'pure' }

describe('an agent that fails again and again', () => {
  const breaker = { failures: 2, cooldown: '700ms' }
  const pattern = { kind: 'pipeline', stages: ['a'] }

  it('is not called any more, in the next run neither; after the cooldown it is tried, and closed when that is well', async () => {
    const flag = join(temporaryFolder(), 'mended')
    const a = { ...broken, run: ['test', '-e', flag], breaker, retry: { attempts: 1 } }
    const run = await runner({ agents: { a }, pattern })
    expect(states((await run()).events)).toEqual([])
    const second = await run()
    expect(states(second.events)).toEqual(['open'])
    expect(second.outcome).toMatchObject({ error: { code: 'command-failed' } })
    const third = await run()
    expect(third.outcome).toMatchObject({
      error: {
        code: 'circuit-open',
        message: expect.stringMatching(
          /^a failed 2 times in a row and is not called; it is tried again in .* \(/,
        ),
        details: { hint: `see what it failed with: crew logs ${second.id} --agent a` },
      },
    })
    await new Promise(resolve => setTimeout(resolve, 720))
    const fourth = await run()
    expect(fourth.outcome).toMatchObject({ error: { code: 'command-failed' } })
    expect(decisions(fourth.events, 'breaker')).toMatchObject([
      { values: { who: 'a', failures: 3, cooldown: 1_400, state: 'open' } },
    ])
    writeFileSync(flag, '')
    await new Promise(resolve => setTimeout(resolve, 1_400))
    const fifth = await run()
    expect(fifth.outcome).toMatchObject({ state: 'succeeded' })
    expect(states(fifth.events)).toEqual(['closed'])
  })

  it('is routed around at once where somebody stands in for it', async () => {
    const b = { kind: 'command', run: ['echo', 'done by b'], stdin: 'none', effects: 'pure' }
    const a = { ...broken, breaker: { failures: 1, cooldown: '1h' }, fallback: ['b'] }
    const run = await runner({ agents: { a, b }, pattern })
    expect(states((await run()).events)).toEqual(['open'])
    const { outcome, events } = await run()
    expect(outcome).toMatchObject({ state: 'succeeded', output: 'done by b' })
    expect(refused(events)).toBe(1)
    expect(decisions(events, 'retry')).toEqual([])
    expect(decisions(events, 'fallback')).toMatchObject([{ values: { error: 'circuit-open', to: 'b' } }])
  })

  it('is routed around by a resumed run as it was before, wherever that was killed', async () => {
    const b = { kind: 'command', run: ['echo', 'done by b'], stdin: 'none', effects: 'pure' }
    const a = { ...broken, breaker: { failures: 1, cooldown: '1h' }, fallback: ['b'] }
    const run = await runner({ agents: { a, b }, pattern })
    await run()
    const { id, events } = await run()
    expect(refused(events)).toBe(1)
    for (let length = 1; length < events.length; length += 1) {
      const store = await storeWith(events.slice(0, length), id)
      const surroundings = { store, env: {}, interrupt: new AbortController().signal, onEvent: () => {} }
      const outcome = await resume(id, await store.events(id), {}, surroundings)
      expect([length, outcome]).toMatchObject([length, { state: 'succeeded', output: 'done by b' }])
    }
  })

  it('is waited for where nobody else can do it, and tried again', async () => {
    const a = {
      ...broken,
      breaker: { failures: 1, cooldown: '100ms' },
      retry: { attempts: 3, backoff: '1ms' },
    }
    const run = await runner({ agents: { a }, pattern })
    const { outcome, events } = await run()
    // The second attempt is refused, the third one is the trial.
    expect(outcome).toMatchObject({ error: { code: 'command-failed' } })
    expect([acts(events, 'command') - refused(events), refused(events)]).toEqual([2, 1])
    expect(states(events)).toEqual(['open', 'open'])
  })

  it('is waited for by a whole attempt, and no other model is asked in its place', async () => {
    const server = await scripted({ a: ['no number', 'none either', { n: 4 }] })
    const model = { baseUrl: `${server.url}/v1`, price: { input: 1, output: 2 } }
    const models = {
      default: { ...model, model: 'one', fallback: ['second'] },
      second: { ...model, model: 'two' },
    }
    const output = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] }
    const retry = { attempts: 4, backoff: '1ms' }
    const a = { role: 'You are a.', output, retry, breaker: { failures: 2, cooldown: '100ms' } }
    const run = await runner({ models, agents: { a }, pattern })
    const { outcome, events } = await run()
    expect(outcome).toMatchObject({ state: 'succeeded', output: { n: 4 } })
    expect(states(events)).toEqual(['open', 'closed'])
    expect(decisions(events, 'model')).toEqual([])
    expect([server.received.length, refused(events)]).toEqual([3, 1])
  })

  it('is called for ever without a breaker', async () => {
    const run = await runner({ agents: { a: { ...broken, breaker: false } }, pattern })
    for (let times = 0; times < 12; times += 1) {
      expect((await run()).outcome).toMatchObject({ error: { code: 'command-failed' } })
    }
  })

  it('is not blamed for a model that cannot be reached', async () => {
    const server = await modelServer(json(500, {}))
    const a = { role: 'You are a.', breaker: { failures: 1 }, retry: { attempts: 1 } }
    const run = await runner({ agents: { a }, pattern }, { ...server.env })
    for (let times = 0; times < 2; times += 1) {
      expect((await run()).outcome).toMatchObject({ error: { code: 'server-error' } })
    }
  })
})

describe('a model that fails again and again', () => {
  const agents = (names: string[]) =>
    Object.fromEntries(names.map(name => [name, { role: `You are ${name}.`, retry: { attempts: 1 } }]))
  const endpoint = (breaker: object | false) => ({ default: { model: 'm', breaker } })

  it('is not called by any agent of any run, until it works again', async () => {
    const server = await modelServer(json(500, {}), json(500, {}), saying('All is well.'))
    const pattern = { kind: 'parallel', branches: ['a', 'b'] }
    const models = endpoint({ failures: 2, cooldown: '250ms' })
    const run = await runner({ agents: agents(['a', 'b']), pattern, models }, { ...server.env })
    const first = await run()
    expect(states(first.events)).toEqual(['open'])
    const second = await run()
    expect(refused(second.events)).toBe(2)
    expect(server.received).toHaveLength(2)
    await new Promise(resolve => setTimeout(resolve, 260))
    // Both ask after the cooldown: one tries, and the other one waits for how that ends.
    const third = await run()
    expect(third.outcome).toMatchObject({ state: 'succeeded' })
    expect(states(third.events)).toEqual(['closed'])
    expect(refused(third.events)).toBe(0)
  })

  it.each([
    ['request-rejected', json(400, { error: { message: 'no such field' } })],
    ['model-not-found', json(404, {})],
    ['rate-limited', json(429, {})],
  ])('does not open because of what the caller got wrong (%s)', async (code, script) => {
    const server = await modelServer(script)
    const models = endpoint({ failures: 1, cooldown: '1h' })
    const run = await runner(
      { agents: agents(['a']), pattern: { kind: 'pipeline', stages: ['a'] }, models },
      { ...server.env },
    )
    for (let times = 0; times < 2; times += 1)
      expect((await run()).outcome).toMatchObject({ error: { code } })
  })
})
