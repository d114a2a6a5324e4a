import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { run as runTeam } from '../../src/app.ts'
import type { Fact } from '../../src/store/events.ts'
import { type Grant, type Need, type Queued, schedule } from '../../src/store/rates.ts'
import { openStore } from '../../src/store/sqlite.ts'
import { manualClock } from '../helpers/clock.ts'
import { json, type Script } from '../helpers/faulty-server.ts'
import { modelServer, saying } from '../helpers/model-server.ts'
import { decisions } from '../helpers/play.ts'
import { temporaryFolder, temporaryStore } from '../helpers/runs.ts'
import { team } from '../helpers/teams.ts'

const MINUTE = 60_000

describe('the rate of calls', () => {
  it('is never above the limit in any time, but for one minute that may come at once', () => {
    const arrival = fc.record({
      gap: fc.integer({ min: 0, max: 20_000 }),
      amount: fc.integer({ min: 1, max: 40 }),
    })
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.array(arrival, { maxLength: 60 }),
        (limit, arrivals) => {
          let now = 1_700_000_000_000
          let tat = 0
          const gone: { readonly at: number; readonly amount: number }[] = []
          for (const { gap, amount } of arrivals) {
            now += gap
            const next = schedule(tat, limit, amount, now)
            // It waits for as long as it is told, and not a bit longer.
            now = Math.max(now, next.from)
            tat = schedule(tat, limit, amount, now).arrival
            gone.push({ at: now, amount: Math.min(amount, limit) })
          }
          for (const [first, { at: from }] of gone.entries()) {
            let sum = 0
            for (const { at, amount } of gone.slice(first)) {
              sum += amount
              expect(sum).toBeLessThanOrEqual(limit + ((at - from) * limit) / MINUTE + 0.001)
            }
          }
        },
      ),
    )
  })

  it('lets a minute be used at once, and the rest as it comes back', () => {
    expect(schedule(0, 6, 6, MINUTE).from).toBe(MINUTE)
    expect(schedule(2 * MINUTE, 6, 1, MINUTE).from - MINUTE).toBe(10_000)
  })
})

const isGranted = (answer: Grant | Queued): answer is Grant => !('ticket' in answer)

/** Several processes with one store, and what they want of one endpoint. */
async function endpoint(need: Partial<Need>, processes = 1) {
  const clock = manualClock()
  const file = join(temporaryFolder(), 'crew.db')
  const rates = []
  for (let index = 0; index < processes; index += 1) {
    const store = await openStore(file, clock)
    onTestFinished(() => store.close())
    rates.push(store.rates)
  }
  const [first, second = first] = rates
  if (!first || !second) throw new Error('no store')
  const whole: Need = { endpoint: 'e', tokens: 0, lease: 1_000, ...need }
  return { clock, first, second, need: whole }
}

describe('an endpoint that several processes call', () => {
  it('has no more calls under way than it may, and those of a process that is gone do not count for ever', async () => {
    const { clock, first, second, need } = await endpoint({ concurrency: 1 }, 2)
    const grant = await first.take(need)
    expect(isGranted(grant)).toBe(true)
    expect(await second.take(need)).toMatchObject({ lacks: 'concurrency' })
    if (isGranted(grant)) await first.giveBack(need, grant, { tokens: 0, isWell: true })
    expect(isGranted(await second.take({ ...need, ticket: 1 }))).toBe(true)
    expect(await first.take(need)).toMatchObject({ lacks: 'concurrency' })
    clock.advance(10_000)
    expect(isGranted(await first.take(need))).toBe(true)
  })

  it('is called by those first who came first', async () => {
    const { first, second, need } = await endpoint({ concurrency: 1 }, 2)
    const grant = await first.take(need)
    const waiting = await second.take(need)
    if (!isGranted(grant) || isGranted(waiting)) throw new Error('the wrong one has to wait')
    await first.giveBack(need, grant, { tokens: 0, isWell: true })
    expect(await first.take(need)).toMatchObject({ lacks: 'others first', ahead: 1 })
    expect(isGranted(await second.take({ ...need, ticket: waiting.ticket }))).toBe(true)
  })

  it('does not wait for somebody who has not been seen for a while', async () => {
    const { clock, first, second, need } = await endpoint({ concurrency: 1 }, 2)
    await first.take(need)
    await second.take(need)
    clock.advance(5_000)
    expect(isGranted(await first.take(need))).toBe(true)
  })

  it('has tokens left that were reserved and not used', async () => {
    const { first, need } = await endpoint({ rate: { tokens: 1_000 }, tokens: 800 })
    const grant = await first.take(need)
    expect(await first.take(need)).toMatchObject({ lacks: 'tokens per minute', wait: 36_000 })
    if (isGranted(grant)) await first.giveBack(need, grant, { tokens: 100, isWell: true })
    expect(isGranted(await first.take({ ...need, ticket: 1 }))).toBe(true)
  })

  it('is left alone by all when it asks for that; then they come one by one until one call ends well', async () => {
    const { clock, first, second, need } = await endpoint({}, 2)
    await first.pause('e', clock.now() + 5_000)
    expect(await second.isLimited('e')).toBe(true)
    expect(await second.take(need)).toMatchObject({ lacks: 'a pause that it asked for', wait: 5_000 })
    clock.advance(5_001)
    const grant = await second.take({ ...need, ticket: 1 })
    expect(await first.take(need)).toMatchObject({ lacks: 'a pause that it asked for', wait: 250 })
    if (isGranted(grant)) await second.giveBack(need, grant, { tokens: 0, isWell: true })
    expect(await first.isLimited('e')).toBe(false)
  })
})

const HOUR = 3_600_000

/** Runs one team, and gives what was said while it ran. */
async function runOf(definition: object, env: Record<string, string>, store = temporaryStore()) {
  const opened = await store
  const loaded = await team({ input: {}, ...definition })
  const facts: Fact[] = []
  const onEvent = (fact: Fact) => void facts.push(fact)
  const surroundings = { store: opened, env, interrupt: new AbortController().signal, onEvent }
  const begun = Date.now()
  const outcome = await runTeam(loaded, {}, { rehearsal: false, onCreated: () => {} }, surroundings)
  const places = facts.flatMap(fact => (fact.type === 'queued' ? [fact.place] : []))
  return { outcome, facts, places, took: Date.now() - begun }
}

/** Lanes that ask the same model. */
const lanes = (count: number, model: object = {}) => ({
  agents: Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `a${index}`,
      { role: 'You are somebody.', retry: { attempts: 2, backoff: '1ms' } },
    ]),
  ),
  pattern: { kind: 'parallel', branches: Array.from({ length: count }, (_, index) => `a${index}`) },
  models: { default: { model: 'm', ...model } },
  limits: { concurrency: 100 },
})

/** The same script, with headers. */
const withHeaders =
  (headers: Record<string, string>, script: Script): Script =>
  response => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    script(response)
  }

describe('a model with a rate', () => {
  it('is called as often at once as it may be, and the others wait visibly', async () => {
    const server = await modelServer(saying('All is well.'))
    // One token comes back in a millisecond.
    const rate = { tokens: MINUTE }
    const store = await temporaryStore()
    const endpoint = `openai/m at ${server.env.OPENAI_BASE_URL}`
    const used = { endpoint, rate, tokens: MINUTE, lease: HOUR }
    const grant = await store.rates.take(used)
    if (isGranted(grant)) await store.rates.giveBack(used, grant, { tokens: MINUTE + 1500, isWell: true })
    const definition = lanes(3, { rate, maxTokens: 100 })
    const { outcome, places, took } = await runOf(definition, { ...server.env }, Promise.resolve(store))
    expect(outcome).toMatchObject({ state: 'succeeded' })
    expect(places).toContain('openai/m (tokens per minute)')
    expect(took).toBeGreaterThan(300)
    expect(server.received).toHaveLength(3)
  })

  it('learns it from what the provider says, for all runs', async () => {
    const limits = { 'x-ratelimit-limit-requests': '500', 'anthropic-ratelimit-tokens-limit': '80000' }
    const server = await modelServer(withHeaders(limits, saying('All is well.')))
    const store = temporaryStore()
    await runOf(lanes(1), { ...server.env }, store)
    const { rates } = await store
    const endpoint = `openai/m at ${server.env.OPENAI_BASE_URL}`
    expect(await rates.isLimited(endpoint)).toBe(true)
    const need = { endpoint, tokens: 80_000, lease: HOUR }
    const granted = await rates.take(need)
    expect(granted).toMatchObject({ tokens: 80_000 })
    expect(await rates.take(need)).toMatchObject({ lacks: 'tokens per minute' })
  })

  it.each([
    ['a refusal says how long', { 'retry-after-ms': '200' }, 429],
    [
      'nothing is left',
      { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '200ms' },
      200,
    ],
  ])('is left alone by all others when %s', async (_, headers, status) => {
    const first = status === 200 ? saying('All is well.') : json(429, {})
    const server = await modelServer(withHeaders(headers, first), saying('All is well.'))
    const store = temporaryStore()
    const one = runOf(lanes(1), { ...server.env }, store)
    await expect.poll(() => server.received.length).toBe(1)
    if (status === 200) await one
    await expect
      .poll(async () => (await store).rates.isLimited(`openai/m at ${server.env.OPENAI_BASE_URL}`))
      .toBe(true)
    const others = await runOf(lanes(2), { ...server.env }, store)
    expect(others.places).toContain('openai/m (a pause that it asked for)')
    expect(others.took).toBeGreaterThan(100)
    expect(others.outcome).toMatchObject({ state: 'succeeded' })
    expect((await one).outcome).toMatchObject({ state: 'succeeded' })
  })
})

describe('a model with places', () => {
  it('leaves its places when a call fails, and tells of long waits in the trace', async () => {
    const server = await modelServer(json(400, {}), saying('All is well.'))
    const definition = lanes(2, { concurrency: 1 })
    const { facts, places } = await runOf(
      { ...definition, pattern: { ...definition.pattern, onFailure: 'continue' } },
      { ...server.env },
    )
    expect(places).toContain('openai/m (others first)')
    const events = facts.flatMap(fact => ('seq' in fact ? [fact as never] : []))
    // None of them was long.
    expect(decisions(events, 'queued')).toEqual([])
    expect(server.received).toHaveLength(2)
  })
})
