import { describe, expect, it } from 'vitest'
import { resume } from '../../src/app.ts'
import type { Event } from '../../src/store/events.ts'
import { json } from '../helpers/faulty-server.ts'
import { modelServer } from '../helpers/model-server.ts'
import { complaints, decisions, failureOf } from '../helpers/play.ts'
import { storeWith } from '../helpers/runs.ts'
import { type Line, scripted, speak } from '../helpers/scripted.ts'
import { finish, team } from '../helpers/teams.ts'

const LOOK: Line = { calls: [{ tool: 'list_files', args: {} }] }
const REFUSED = json(401, { error: { message: 'no such key' } })

interface Server {
  readonly url: string
}

/** One agent, whose model is behind one server, and the model that stands in for it behind another. */
function teamWith(first: Server, second: Server, more: object = {}) {
  const at = ({ url }: Server, model: string) => ({ baseUrl: `${url}/v1`, model })
  return team({
    models: { default: { ...at(first, 'first'), fallback: ['second'] }, second: at(second, 'second') },
    agents: {
      ann: { role: 'You are ann.', tools: ['list_files'], retry: { attempts: 2, backoff: '1ms' }, ...more },
    },
    pattern: { kind: 'pipeline', stages: ['ann'] },
  })
}

/** It has a tool used, and takes no more when it is told what that gave. */
async function breakingAfterATool() {
  const server = await modelServer()
  server.play(response => {
    const wasUsed = server.received.at(-1)?.body.includes('"role":"tool"')
    return (wasUsed ? REFUSED : speak(LOOK))(response)
  })
  return server
}

const input = { task: 'Help.' }
const started = (events: readonly Event[]) =>
  events.flatMap(event => (event.type === 'step.started' && event.kind === 'model' ? [event.key] : []))
const interrupt = new AbortController().signal

describe('a model that fails for good', () => {
  it('is replaced by the next one from that turn on, and what was said before is not paid again', async () => {
    const first = await breakingAfterATool()
    const second = await scripted({ ann: told => (told.split('tool:').length > 2 ? 'Done.' : LOOK) })
    const { outcome, events } = await finish(await teamWith(first, second), { input })
    expect(outcome).toEqual({ state: 'succeeded', output: 'Done.' })
    expect(started(events)).toEqual([
      'ann/turn-1',
      'ann/turn-2',
      'ann/turn-2/model-second',
      'ann/turn-3/model-second',
    ])
    expect(decisions(events, 'model')).toMatchObject([
      { key: 'ann', values: { error: 'unauthorized', from: 'default', to: 'second', turn: 2 } },
    ])
  })

  it('is tried again first, as often as its agent declares, when that may help', async () => {
    const first = await modelServer(json(500, { error: { message: 'ouch' } }))
    const second = await scripted({ ann: ['Done.'] })
    const { outcome, events } = await finish(await teamWith(first, second), { input })
    expect(outcome).toEqual({ state: 'succeeded', output: 'Done.' })
    expect(started(events)).toEqual(['ann/turn-1', 'ann/turn-1/attempt-2', 'ann/turn-1/model-second'])
  })

  it('is not asked again in this work, though an answer of the next one is rejected', async () => {
    const first = await modelServer(REFUSED)
    const second = await scripted({ ann: ['bad', 'good'] })
    const check = [{ that: 'output == "good"' }]
    const { outcome, events } = await finish(await teamWith(first, second, { check }), { input })
    expect(outcome).toEqual({ state: 'succeeded', output: 'good' })
    expect(first.received).toHaveLength(1)
    expect(started(events).at(-1)).toBe('ann/attempt-2/turn-1/model-second')
  })

  it('is asked under another idempotency key than the one that stands in for it', async () => {
    const [first, second] = [await modelServer(REFUSED), await scripted({ ann: ['Done.'] })]
    await finish(await teamWith(first, second), { input })
    const keyOf = ({ received }: Pick<typeof first, 'received'>) => received[0]?.headers['idempotency-key']
    expect(keyOf(first)).toEqual(expect.any(String))
    expect(keyOf(second)).toEqual(expect.any(String))
    expect(keyOf(second)).not.toBe(keyOf(first))
  })

  it('is not replaced where the ladder leaves that out', async () => {
    const [first, second] = [await modelServer(REFUSED), await scripted({ ann: ['Done.'] })]
    const run = await finish(await teamWith(first, second, { ladder: ['retry', 'agent'] }), { input })
    expect(failureOf(run)).toMatchObject({ code: 'unauthorized' })
    expect(second.received).toHaveLength(0)
  })

  it('ends as if nothing had happened when the run is killed behind any event', async () => {
    const first = await breakingAfterATool()
    const second = await scripted({ ann: ['Done.'] })
    const { id, events, outcome } = await finish(await teamWith(first, second), { input })
    for (let kept = 1; kept < events.length; kept += 1) {
      const before = events.slice(0, kept)
      const surroundings = { store: await storeWith(before, id), env: {}, interrupt, onEvent: () => {} }
      expect(await resume(id, before, {}, surroundings), `killed behind ${kept}`).toEqual(outcome)
    }
  })

  it('is tried once more, behind all that was tried before, when all have failed and somebody resumes', async () => {
    const first = await breakingAfterATool()
    const second = await modelServer(REFUSED)
    const { id, events, store } = await finish(await teamWith(first, second), { input })
    expect((await store.run(id))?.stop).toBe('unauthorized')
    first.play(speak('Healed.'))
    const before = first.received.length
    const surroundings = { store, env: {}, interrupt, onEvent: () => {} }
    expect(await resume(id, events, {}, surroundings)).toEqual({ state: 'succeeded', output: 'Healed.' })
    expect(first.received).toHaveLength(before + 1)
    expect(second.received).toHaveLength(1)
  })
})

describe('an answer that is rejected for good', () => {
  const check = [{ that: 'output == "good"' }]

  it('is asked of the next model from the start', async () => {
    const first = await scripted({ ann: ['bad', 'worse'] })
    const second = await scripted({ ann: ['good'] })
    const { outcome, events } = await finish(await teamWith(first, second, { check }), { input })
    expect(outcome).toEqual({ state: 'succeeded', output: 'good' })
    expect(started(events).at(-1)).toBe('ann/model/second/turn-1/model-second')
    expect(decisions(events, 'model')).toMatchObject([{ values: { error: 'check-failed', to: 'second' } }])
  })

  it('ends the work with what was tried, when the next model does no better', async () => {
    const first = await scripted({ ann: ['bad', 'worse'] })
    const second = await scripted({ ann: ['awful', 'terrible'] })
    const run = await finish(await teamWith(first, second, { check }), { input })
    const { code, message } = failureOf(run)
    expect(code).toBe('check-failed')
    expect(message).toMatch(/tried 2 times\); also tried: model second \(check-failed\)$/)
    expect(decisions(run.events, 'halt')).toMatchObject([
      { values: { tried: ['model second (check-failed)'] } },
    ])
  })
})

describe('models that stand in for each other', () => {
  const agents = { ann: { role: 'You are ann.' } }
  const pattern = { kind: 'pipeline', stages: ['ann'] }
  const model = { provider: 'openai', model: 'm' }

  it('exist, and not in a circle', async () => {
    const load = (models: object) => complaints(agents, pattern, { models })
    expect(await load({ default: { ...model, fallback: ['other'] } })).toEqual(['there is no model "other"'])
    expect(
      await load({ default: { ...model, fallback: ['b'] }, b: { ...model, fallback: ['default'] } }),
    ).toEqual(['"default" stands in for itself this way', '"b" stands in for itself this way'])
    expect(await load({ default: { ...model, fallback: ['b'] }, b: model })).toEqual([])
  })
})
