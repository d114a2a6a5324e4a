import { describe, expect, it } from 'vitest'
import { resume } from '../../src/app.ts'
import type { JsonObject } from '../../src/json.ts'
import { tallyOf } from '../../src/policies/tally.ts'
import type { Spend } from '../../src/spend.ts'
import type { Event, FactOf } from '../../src/store/events.ts'
import { viewOf } from '../../src/store/view.ts'
import { decisions, failureOf, invocations, type Parts, type Played, play } from '../helpers/play.ts'
import { storeWith } from '../helpers/runs.ts'
import { scripted } from '../helpers/scripted.ts'
import { finish, team } from '../helpers/teams.ts'

/** Every call of the scripted server takes 100 tokens in and 10 out: a dollar and ten cents at this price. */
const MODELS = { default: { model: 'priced', maxTokens: 20, price: { input: 10_000, output: 10_000 } } }
const CALL = 1.1

const stages = (...stages: unknown[]) => ({ kind: 'pipeline', stages })

/** What there is of a run that was resumed with other limits, by agents that say the same. */
async function playOn({ id, events }: Played, parts: Parts, limits: Record<string, number> = {}) {
  const store = await storeWith(events, id)
  const server = await scripted(parts)
  const surroundings = {
    store,
    env: { ...server.env },
    interrupt: new AbortController().signal,
    onEvent: () => {},
  }
  const outcome = await resume(id, events, limits, surroundings)
  return { outcome, server, view: viewOf(await store.events(id)) }
}

/** Whose calls arrived. */
const asked = (run: Played) =>
  bodies(run).map(({ messages }) => /You are (\w+)/.exec(JSON.stringify(messages))?.[1])

const bodies = ({ server }: Pick<Played, 'server'>) =>
  server.received.map(({ body }) => JSON.parse(body) as JsonObject)

describe('the budget of a run', () => {
  const parts = { a: ['One.'], b: ['Two.'], c: ['Three.'] }
  const setup = (budget: object, more = {}) => ({
    parts,
    pattern: stages('a', 'b', 'c'),
    rest: { models: MODELS, budget, ...more },
  })

  it('stops it before the call that might be too much, with what was spent and asked, and how to go on', async () => {
    const run = await play(setup({ usd: 2.5 }))
    const error = failureOf(run)
    expect(error).toMatchObject({ code: 'limit-budget', exit: 3 })
    expect(error.message).toMatch(
      /^the run may take at most \$2\.5: \$2\.2 of it is spent, .*this call of c may take \$/,
    )
    expect(error.details.hint).toMatch(/^give it more: crew resume RUN --budget usd=5$/)
    expect(run.server.received).toHaveLength(2)
    const [decision] = decisions(run.events, 'budget')
    expect(decision?.values).toMatchObject({
      account: 'the run',
      unit: 'usd',
      limit: 2.5,
      spent: 2 * CALL,
      reserved: 0,
    })
  })

  it('can be raised: the run goes on with what is left of the new one, and pays for nothing twice', async () => {
    const stopped = await play(setup({ usd: 2.5 }))
    const still = await playOn(stopped, parts)
    expect(still.outcome).toMatchObject({ state: 'failed', error: { code: 'limit-budget' } })
    expect(still.server.received).toHaveLength(0)
    const { outcome, server, view } = await playOn(stopped, parts, { usd: 5 })
    expect(outcome).toMatchObject({ state: 'succeeded', output: 'Three.' })
    expect(server.received).toHaveLength(1)
    expect(view.spent.usd).toBeCloseTo(3 * CALL, 9)
  })

  it('can be in tokens', async () => {
    const run = await play(setup({ tokens: 250 }))
    expect(failureOf(run).message).toMatch(/at most 250 tokens: 220 tokens of it are spent/)
    expect(run.server.received).toHaveLength(2)
  })

  it('counts attempts that were billed and failed', async () => {
    const output = { type: 'object', required: ['n'] }
    const run = await play({
      parts: { a: ['no JSON', 'still none', 'nor here', 'never'] },
      each: { output, retry: { attempts: 5, backoff: '1ms' } },
      pattern: stages('a'),
      rest: { models: MODELS, budget: { tokens: 420 } },
    })
    expect(failureOf(run)).toMatchObject({ code: 'limit-budget' })
    const { calls } = viewOf(run.events).spent
    expect([calls, run.server.received.length]).toEqual([2, 2])
  })

  it('is no reason to start when a model has no price, unless it is in tokens', async () => {
    const models = { default: { model: 'unheard-of', baseUrl: 'http://127.0.0.1:9/v1' } }
    const refused = play(setup({ usd: 1 }, { models }))
    await expect(refused).rejects.toMatchObject({
      code: 'price-missing',
      message: expect.stringMatching(/"default" of agent a has no known price/),
      details: { hint: expect.stringMatching(/models\.default\.price/) },
    })
  })

  it('gives each reply a limit that is what was reserved for it; without one the model has its own', async () => {
    const models = { default: { model: 'priced', price: MODELS.default.price } }
    const bound = await play(setup({ usd: 1_000 }, { models }))
    expect(bodies(bound).map(body => body.max_completion_tokens)).toEqual([8192, 8192, 8192])
    const started = bound.events.find(event => event.type === 'step.started' && event.kind === 'model')
    expect(started).toMatchObject({ reserved: { output: 8192 } })
    const free = await play({ ...setup({}), rest: { models } })
    expect(bodies(free).map(body => body.max_completion_tokens)).toEqual([undefined, undefined, undefined])
  })

  it('is asked for lanes together: they wait for each other, and none is refused that still fits', async () => {
    const run = await play({
      parts: { a: ['Done.'] },
      pattern: { kind: 'parallel', each: '${[1, 2, 3, 4, 5]}', agent: 'a' },
      // Two worst cases at a time, five real ones in all.
      rest: { models: MODELS, budget: { tokens: 5 * 110 + 60 } },
    })
    expect(run.outcome).toMatchObject({ state: 'succeeded' })
    expect(viewOf(run.events).spent).toMatchObject({ calls: 5, input: 500, output: 50 })
  })
})

describe('the budget of an agent', () => {
  it('refuses it a call that somebody else may still make', async () => {
    const run = await play({
      parts: { a: ['One.'], b: ['Two.'] },
      more: { a: { budget: { usd: 0.5 }, fallback: ['b'] } },
      pattern: stages('a'),
      rest: { models: MODELS },
    })
    expect(run.outcome).toMatchObject({ state: 'succeeded', output: 'Two.' })
    expect(decisions(run.events, 'fallback')[0]?.values).toMatchObject({ error: 'over-budget', to: 'b' })
    expect(bodies(run)).toHaveLength(1)
  })

  it('fails the run when nobody else can, and says what may be changed', async () => {
    const run = await play({
      parts: { a: ['One.'] },
      more: { a: { budget: { call: { tokens: 25 } } } },
      pattern: stages('a'),
      rest: { models: MODELS },
    })
    const error = failureOf(run)
    expect(error).toMatchObject({ code: 'over-budget', exit: 3 })
    expect(error.message).toMatch(
      /^a single call may take at most 25 tokens, says the budget of agent a, and this call/,
    )
    expect(error.details.hint).toMatch(/maxTokens/)
    expect(run.server.received).toHaveLength(0)
  })

  it('is for all its invocations together', async () => {
    const run = await play({
      parts: { a: ['One.'] },
      more: { a: { budget: { tokens: 250 } } },
      pattern: stages({ agent: 'a', name: 'x' }, { agent: 'a', name: 'y' }, { agent: 'a', name: 'z' }),
      rest: { models: MODELS },
    })
    expect(failureOf(run)).toMatchObject({ code: 'over-budget' })
    expect(run.server.received).toHaveLength(2)
  })
})

describe('the budget of a part of a pattern', () => {
  const judged = { check: [{ judge: { by: 'judge', rubric: 'It is good.' } }], retry: { backoff: '1ms' } }
  const parts: Parts = { a: ['One.'], judge: [{ accepted: false, why: 'It is not.' }], b: ['Two.'] }

  it('pays for all that is done for it: attempts, judges, those who stand in', async () => {
    const run = await play({
      parts,
      more: { a: { ...judged, fallback: ['b'] }, b: judged },
      pattern: stages({ agent: 'a', budget: { tokens: 500 } }),
      rest: { models: MODELS },
    })
    expect(failureOf(run)).toMatchObject({ code: 'over-budget' })
    expect(failureOf(run).message).toMatch(
      /^branch a may take at most 500 tokens: 330 tokens of it are spent/,
    )
    expect(asked(run)).toEqual(['a', 'judge', 'a', 'b'])
  })

  it.each([
    [
      'a branch',
      { kind: 'parallel', branches: [{ agent: 'a', budget: { tokens: 20 } }, 'b'], onFailure: 'continue' },
    ],
    ['an item', { kind: 'parallel', each: '${[1]}', agent: 'a', budget: { tokens: 20 } }],
    [
      'a task',
      { kind: 'tasks', tasks: { one: { agent: 'a', budget: { tokens: 20 } }, two: { agent: 'b' } } },
    ],
  ])('can be that of %s', async (_, pattern) => {
    const run = await play({ parts: { a: ['One.'], b: ['Two.'] }, pattern, rest: { models: MODELS } })
    const [decision, ...more] = decisions(run.events, 'budget')
    expect(decision?.values).toMatchObject({ account: expect.stringMatching(/^branch /), limit: 20 })
    expect(more).toEqual([])
  })

  it('holds for a whole team inside, which may have a tighter one of its own', async () => {
    const inner = (budget?: object) => ({
      name: 'inner',
      agents: { x: { role: 'You are x.' }, y: { role: 'You are y.' }, z: { role: 'You are z.' } },
      pattern: stages('x', 'y', 'z'),
      ...(budget && { budget }),
    })
    const nested = async (outer: object | undefined, own: object | undefined, agents?: object) => {
      const run = await play({
        parts: {},
        more: { crew: { kind: 'team', team: inner(own), ...agents } },
        pattern: stages({ agent: 'crew', ...(outer && { budget: outer }) }),
        rest: { models: MODELS },
      })
      return [run.server.received.length, decisions(run.events, 'budget')[0]?.values?.account]
    }
    expect(await nested(undefined, undefined)).toEqual([3, undefined])
    expect(await nested({ tokens: 250 }, undefined)).toEqual([2, 'branch crew'])
    expect(await nested({ tokens: 250 }, { tokens: 150 })).toEqual([1, 'team crew/team'])
    expect(await nested(undefined, undefined, { budget: { tokens: 140 } })).toEqual([1, 'agent crew'])
  })

  it('knows when it is resumed what was spent in it, and not what was spent elsewhere', async () => {
    const setup = (tokens: number) => ({
      parts: { a: ['One.'], b: ['Two.'] },
      pattern: stages('a', { agent: 'b', name: 'x', budget: { tokens } }, { agent: 'a', name: 'y' }),
      rest: { models: MODELS },
    })
    const isCall = (event: Event) => event.type === 'step.started' && event.key === 'x/turn-1'
    const first = (await play(setup(1_000))).events.find(isCall)
    const { input, output } = (first as FactOf<'step.started'>).reserved as Spend
    const { events } = await play(setup(2 * (input + output) - 1))
    const at = events.findIndex(event => event.type === 'model.replied' && event.key.startsWith('x/'))
    const crashed = { id: 'run', events: events.slice(0, at) } as unknown as Played
    const { outcome, view } = await playOn(crashed, { a: ['One.'], b: ['Two.'] })
    // What became of the call is not known: all that it may have taken is charged, and it does not fit again.
    expect(outcome).toMatchObject({ state: 'failed', error: { code: 'over-budget' } })
    expect(view.steps.get('x')?.spent).toMatchObject({ calls: 1, estimated: 1 })
  })
})

it('a rehearsal keeps the budgets of what it would have spent, and leaves those of the day alone', async () => {
  const definition = {
    agents: { a: { role: 'You write.' }, b: { role: 'You write.' } },
    pattern: stages('a', 'b'),
    models: MODELS,
    budget: { day: { usd: 0.01 } },
  }
  const input = { task: 'Write about cats.' }
  const free = await finish(await team(definition), { input, rehearsal: true })
  expect(free.outcome).toMatchObject({ state: 'succeeded' })
  const bound = await finish(await team({ ...definition, budget: { usd: 0.5 } }), { input, rehearsal: true })
  expect(bound.outcome).toMatchObject({ state: 'failed', error: { code: 'limit-budget' } })
  expect(invocations(bound.events)).toEqual(['a'])
})

it('what an agent has spent is told apart from what those spent that it asked, and from its namesakes', async () => {
  const asking = { calls: [{ tool: 'ask_agent', args: { agent: 'b', question: 'What?' } }] }
  const { events } = await play({
    parts: { a: [asking, 'Done.'], b: ['That.'] },
    more: {
      a: { tools: ['ask_agent'] },
      crew: {
        kind: 'team',
        team: { name: 'inner', agents: { a: { role: 'You are x.' } }, pattern: stages('a') },
      },
    },
    pattern: stages('a', 'crew', { agent: 'b', name: 'again' }),
  })
  const tally = tallyOf(viewOf(events))
  const calls = (team: string, agent: string, what: 'own' | 'inside') => tally(team, agent, what).tokens / 110
  expect([calls('', 'a', 'own'), calls('', 'a', 'inside')]).toEqual([2, 3])
  expect([calls('', 'b', 'own'), calls('', 'b', 'inside')]).toEqual([2, 2])
  expect([calls('', 'crew', 'own'), calls('', 'crew', 'inside')]).toEqual([0, 1])
  expect([calls('crew/team', 'a', 'own'), calls('crew/team', 'b', 'own')]).toEqual([1, 0])
})
