import { describe, expect, it } from 'vitest'
import { run } from '../../src/app.ts'
import { CrewError, type ErrorCode } from '../../src/errors.ts'
import { DEADLINE, runMatrix } from '../helpers/fault-matrix.ts'
import { FAULTS, type Fault, POISON, unmetered } from '../helpers/faults.ts'
import { modelServer, saying } from '../helpers/model-server.ts'
import { decisions } from '../helpers/play.ts'
import { temporaryStore } from '../helpers/runs.ts'
import { finish, team } from '../helpers/teams.ts'

/** What becomes of a call that always goes wrong in this way: its error, and how often it is made again of twice. */
const TABLE: Readonly<Record<Fault, readonly [code: ErrorCode, retries: 0 | 1 | 2]>> = {
  '429': ['rate-limited', 2],
  '429, again in 2 ms': ['rate-limited', 2],
  '429, again in an hour': ['rate-limited', 2],
  '429, again in 9,999,999 s': ['rate-limited', 2],
  '429, the account is empty': ['quota-exhausted', 0],
  '500': ['server-error', 2],
  '502 with HTML': ['server-error', 2],
  '503': ['server-error', 2],
  'reset before a word': ['connection', 2],
  'reset in the middle': ['connection', 2],
  'cut off, closed cleanly': ['reply-truncated', 2],
  'cut off, with [DONE]': ['reply-truncated', 2],
  'finish_reason length': ['reply-too-long', 0],
  'finish_reason content_filter': ['reply-refused', 0],
  'a refusal': ['reply-refused', 0],
  '200 with HTML': ['reply-malformed', 2],
  '200 with nothing': ['reply-malformed', 2],
  '200 with an error': ['server-error', 2],
  '200 with an error nobody knows': ['reply-malformed', 2],
  'an error in the stream': ['server-error', 2],
  'JSON that is none': ['reply-malformed', 2],
  'events that are none': ['reply-malformed', 2],
  'empty words': ['reply-empty', 2],
  'arguments that are no JSON': ['reply-malformed', 2],
  // Who was told what is wrong and says the same again is not asked once more.
  'data of another shape': ['output-invalid', 1],
  'silence from the start': ['timeout', 2],
  'silence in the middle': ['timeout', 2],
  'a byte now and then': ['timeout', 2],
}
/** Those that ask for a pause which nobody here waits for. */
const PATIENT: readonly Fault[] = ['429, again in an hour', '429, again in 9,999,999 s']

const EXPECTED = { type: 'object', properties: { fine: { type: 'boolean' } }, required: ['fine'] }
const GOOD = saying('{"fine": true}')

function asking() {
  const agent = {
    output: EXPECTED,
    retry: { attempts: 3, backoff: '1ms' },
    timeout: { total: '150ms', firstByte: '80ms', idle: '80ms' },
  }
  return team({
    agents: { one: { role: 'You help.', ...agent } },
    pattern: { kind: 'pipeline', stages: ['one'] },
  })
}

describe('a call that goes wrong by', () => {
  const faults = Object.entries(TABLE).filter(([fault]) => !PATIENT.includes(fault as Fault))

  it.each(faults)('%s', async (fault, [code, retries]) => {
    const server = await modelServer(FAULTS[fault as Fault])
    const { outcome, events } = await finish(await asking(), { env: server.env })
    expect(outcome).toMatchObject({ state: 'failed', error: { code } })
    // A request on a kept connection that breaks without a word is sent once more, on a fresh one.
    expect(server.received.length).toBeGreaterThanOrEqual(1 + retries)
    expect(decisions(events, 'retry')).toHaveLength(retries)
  })

  it.each(faults.filter(([, [, retries]]) => retries > 0))('%s once does no harm', async fault => {
    const server = await modelServer(FAULTS[fault as Fault], GOOD)
    const { outcome, events } = await finish(await asking(), { env: server.env })
    expect(outcome).toEqual({ state: 'succeeded', output: { fine: true } })
    expect(JSON.stringify(events.filter(({ type }) => type === 'step.succeeded'))).not.toContain(
      `"output":"${POISON}`,
    )
  })

  it.each(PATIENT)('%s waits a minute, and not longer', async fault => {
    const server = await modelServer(FAULTS[fault])
    const store = await temporaryStore()
    const interrupt = new AbortController()
    let pause: unknown
    let requests = 0
    const outcome = await run(
      await asking(),
      {},
      { rehearsal: false, onCreated: () => {} },
      {
        store,
        env: { ...server.env },
        interrupt: interrupt.signal,
        onEvent: event => {
          if (event.type !== 'decision' || event.what !== 'retry') return
          pause = event.values?.pause
          // Were the pause none, the next request would be there by then.
          setTimeout(() => {
            requests = server.received.length
            interrupt.abort(new CrewError('interrupted', 'seen enough'))
          }, 60)
        },
      },
    )
    expect(outcome.state).toBe('interrupted')
    expect({ pause, requests }).toEqual({ pause: 60_000, requests: 1 })
  })

  it('a bill that is missing is charged by our own count', async () => {
    const server = await modelServer(unmetered)
    const agents = { one: { role: 'You help.' } }
    const plain = await team({ agents, pattern: { kind: 'pipeline', stages: ['one'] } })
    const { outcome, events } = await finish(plain, { env: server.env })
    expect(outcome.state).toBe('succeeded')
    const [replied] = events.filter(event => event.type === 'model.replied')
    expect(replied?.spent).toMatchObject({ estimated: true })
    expect(replied?.spent.input).toBeGreaterThan(0)
  })
})

describe('runs against a server that fails at random', () => {
  it.each([
    { faulty: 0.2, attempts: 6, least: 1 },
    { faulty: 0.5, attempts: 8, least: 0.9 },
  ])('$faulty of all calls: they end well, and believe nothing that is not so', async ({ least, ...mix }) => {
    const figures = await runMatrix({ ...mix, runs: 20, steps: 4, lanes: 10, seed: 7 })
    expect(figures.faults / figures.requests).toBeGreaterThan(mix.faulty * 0.5)
    expect(figures.completed, JSON.stringify(figures)).toBeGreaterThanOrEqual(20 * least)
    expect(figures.poisoned).toBe(0)
    expect(figures.slowestCall).toBeLessThan(DEADLINE + 1_000)
  })
})
