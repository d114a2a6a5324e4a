import { describe, expect, it } from 'vitest'
import { resume } from '../../src/app.ts'
import { systemClock } from '../../src/clock.ts'
import type { Json } from '../../src/json.ts'
import { openQuestions, type Question, readAnswer } from '../../src/store/questions.ts'
import { viewOf } from '../../src/store/view.ts'
import { later } from '../helpers/clock.ts'
import { decisions } from '../helpers/play.ts'
import { storeWith } from '../helpers/runs.ts'
import { type Finished, finish, team } from '../helpers/teams.ts'

const echo = { kind: 'command', run: ['cat'], effects: 'pure' }
const HOUR = 3_600_000
const late = later(2 * HOUR)
const go = { input: { task: 'Ship it?' } }
const asking = (boss: object, agents: object = {}) =>
  team({
    agents: { boss: { kind: 'human', ...boss }, ...agents },
    pattern: { kind: 'pipeline', stages: ['boss', ...Object.keys(agents)] },
  })

/** What the run asks now. */
async function asked({ id, store }: Finished) {
  return openQuestions(viewOf(await store.events(id)))
}

/** Leaves an answer and goes on with the run. */
async function answer(run: Finished, key: string, value: Json, clock = systemClock) {
  await run.store.signal(run.id, { kind: 'answer', key, value, by: 'test', at: clock.now() })
  return goOn(run, clock)
}

async function goOn({ id, store }: Pick<Finished, 'id' | 'store'>, clock = systemClock) {
  const surroundings = { store, env: {}, interrupt: new AbortController().signal, onEvent: () => {}, clock }
  return resume(id, await store.events(id), {}, surroundings)
}

describe('a person in a team', () => {
  it('is asked what the pattern hands over, and the answer is what the others get', async () => {
    const run = await finish(await asking({}, { echo }), go)
    expect(run.outcome).toEqual({ state: 'waiting', on: ['boss/answer'] })
    expect(await asked(run)).toMatchObject([{ key: 'boss/answer', question: 'Ship it?' }])
    expect(await answer(run, 'boss/answer', 'After lunch.')).toEqual({
      state: 'succeeded',
      output: 'Ship it?\n\nFrom boss:\nAfter lunch.',
    })
  })

  it('is asked by a prompt of its own, with the task beside it', async () => {
    const run = await finish(await asking({ prompt: `Sure that \${input.task}`, choices: ['yes', 'no'] }), go)
    expect(await asked(run)).toMatchObject([
      { question: 'Sure that Ship it?', choices: ['yes', 'no'], detail: 'Ship it?' },
    ])
  })

  it('is asked again, and told why, when an answer is none of the choices', async () => {
    const run = await finish(await asking({ choices: ['yes', 'no'], retry: { backoff: '1ms' } }), go)
    expect(await answer(run, 'boss/answer', 'perhaps')).toEqual({
      state: 'waiting',
      on: ['boss/attempt-2/answer'],
    })
    expect(await asked(run)).toMatchObject([
      { question: expect.stringMatching(/"perhaps" is none of the answers/) },
    ])
    expect(await answer(run, 'boss/attempt-2/answer', 'yes')).toEqual({ state: 'succeeded', output: 'yes' })
  })

  it('answers with JSON where a schema is declared, and is asked again when it does not fit', async () => {
    const output = { type: 'object', properties: { days: { type: 'integer' } }, required: ['days'] }
    const run = await finish(await asking({ output, retry: { backoff: '1ms' } }), go)
    expect(await asked(run)).toMatchObject([
      { question: expect.stringMatching(/Answer with JSON .*"days"/s) },
    ])
    expect(await answer(run, 'boss/answer', 'three')).toMatchObject({ state: 'waiting' })
    expect(await answer(run, 'boss/attempt-2/answer', '{"days": 3}')).toEqual({
      state: 'succeeded',
      output: { days: 3 },
    })
  })

  it('is not asked twice, wherever the run is killed', async () => {
    const run = await finish(
      await asking({ choices: ['yes', 'no'], retry: { backoff: '1ms' } }, { echo }),
      go,
    )
    const answers = { 'boss/answer': 'perhaps', 'boss/attempt-2/answer': 'yes' }
    for (const [key, value] of Object.entries(answers)) await answer(run, key, value)
    const events = await run.store.events(run.id)
    const end = { state: 'succeeded', output: 'Ship it?\n\nFrom boss:\nyes' }
    expect(events.at(-1)).toMatchObject({ type: 'run.succeeded', output: end.output })
    for (let kept = 1; kept < events.length; kept += 1) {
      const before = events.slice(0, kept)
      const store = await storeWith(before, run.id)
      for (const [key, value] of Object.entries(answers))
        await store.signal(run.id, { kind: 'answer', key, value, by: 'test', at: systemClock.now() })
      const surroundings = { store, env: {}, interrupt: new AbortController().signal, onEvent: () => {} }
      expect(await resume(run.id, before, {}, surroundings), `killed behind event ${kept}`).toEqual(end)
      const asked = (await store.events(run.id)).filter(({ type }) => type === 'wait.opened')
      expect(asked).toHaveLength(2)
    }
  })

  it('who never gives a usable answer is given up after three', async () => {
    const run = await finish(await asking({ choices: ['yes'], retry: { backoff: '1ms' } }), go)
    await answer(run, 'boss/answer', 'no')
    await answer(run, 'boss/attempt-2/answer', 'never')
    expect(await answer(run, 'boss/attempt-3/answer', 'nope')).toMatchObject({
      state: 'failed',
      error: {
        code: 'output-invalid',
        message: expect.stringMatching(/"nope" is none of .* boss .*tried 3 times/),
      },
    })
  })

  it('holds up nobody else', async () => {
    const definition = {
      agents: { boss: { kind: 'human' }, echo },
      pattern: { kind: 'parallel', branches: ['boss', 'echo'] },
      limits: { concurrency: 1 },
    }
    const run = await finish(await team(definition), go)
    expect(run.outcome).toMatchObject({ state: 'waiting' })
    expect(run.events).toContainEqual(
      expect.objectContaining({ type: 'step.succeeded', key: 'branches/echo' }),
    )
    expect(await answer(run, 'branches/boss/answer', 'Fine.')).toMatchObject({
      output: { boss: 'Fine.', echo: 'Ship it?' },
    })
  })

  it('may stand in for an agent that failed, deep in a nested team', async () => {
    const inner = {
      name: 'inner',
      agents: { a: { ...echo, run: ['false'], fallback: ['boss'] }, boss: { kind: 'human' } },
      pattern: { kind: 'pipeline', stages: ['a'] },
    }
    const agents = { a: { kind: 'team', team: inner } }
    const run = await finish(await team({ agents, pattern: { kind: 'pipeline', stages: ['a'] } }), go)
    expect(run.outcome).toEqual({ state: 'waiting', on: ['a/team/a/fallback/boss/answer'] })
    expect(await answer(run, 'a/team/a/fallback/boss/answer', 'I did it.')).toMatchObject({
      output: 'I did it.',
    })
  })

  it('is waited for no longer than it may take: the next resume has another do it, and the process never waited', async () => {
    const patient = { timeout: { total: '1h' }, fallback: ['echo'] }
    const run = await finish(await asking(patient, { echo }), go)
    const until = expect.any(Number)
    expect(run.outcome).toEqual({ state: 'waiting', on: ['boss/answer'], until })
    expect((await asked(run))[0]).toMatchObject({ until })
    expect(await goOn(run)).toMatchObject({ state: 'waiting' })
    expect(await goOn(run, late)).toEqual({ state: 'succeeded', output: 'Ship it?\n\nFrom boss:\nShip it?' })
    const events = await run.store.events(run.id)
    expect(events).toContainEqual(expect.objectContaining({ type: 'wait.expired', key: 'boss/answer' }))
    expect(decisions(events, 'fallback')).toMatchObject([
      {
        reason: expect.stringMatching(/nobody answered boss\/answer within 1 hour/),
        values: { error: 'timeout' },
      },
    ])
    expect(await asked(run)).toEqual([])
  })

  it('is not asked twice because of a deadline, but once more by whoever resumes the failed run', async () => {
    const run = await finish(await asking({ timeout: { total: '1h' } }), go)
    expect(await goOn(run, late)).toMatchObject({ state: 'failed', error: { code: 'timeout' } })
    expect(await goOn(run, late)).toMatchObject({ state: 'waiting' })
    const keys = (await asked(run)).map(({ key }) => key)
    expect(keys).toEqual(['boss/attempt-2/answer'])
  })

  it('has answered in time when the answer was left in time, however late it is read', async () => {
    const run = await finish(await asking({ timeout: { total: '1h' } }), go)
    await run.store.signal(run.id, {
      kind: 'answer',
      key: 'boss/answer',
      value: 'Yes.',
      by: 'test',
      at: systemClock.now(),
    })
    expect(await goOn(run, late)).toEqual({ state: 'succeeded', output: 'Yes.' })
  })

  it('has not answered in time when the answer was left too late', async () => {
    const run = await finish(await asking({ timeout: { total: '1h' } }), go)
    expect(await answer(run, 'boss/answer', 'Yes.', late)).toMatchObject({ error: { code: 'timeout' } })
  })

  it('is given up the same way wherever the run is killed', async () => {
    const patient = { timeout: { total: '1h' }, fallback: ['echo'] }
    const run = await finish(await asking(patient, { echo }), go)
    const end = await goOn(run, late)
    const events = await run.store.events(run.id)
    for (let kept = 1; kept < events.length; kept += 1) {
      const again = { ...run, store: await storeWith(events.slice(0, kept), run.id) }
      const isAsked = events.slice(0, kept).some(({ type }) => type === 'wait.opened')
      const resumed = await goOn(again, late)
      // Killed before the question was asked, it is asked now, and the time begins now.
      expect(isAsked ? resumed : await goOn(again, later(4 * HOUR)), `killed behind event ${kept}`).toEqual(
        end,
      )
    }
  })

  it('is not waited for in a rehearsal: the first choice is taken, or something that fits', async () => {
    const output = { type: 'object', properties: { days: { type: 'integer' } }, required: ['days'] }
    const rehearse = async (boss: object) =>
      (await finish(await asking(boss), { ...go, rehearsal: true })).outcome
    expect(await rehearse({ choices: ['yes', 'no'] })).toEqual({ state: 'succeeded', output: 'yes' })
    expect(await rehearse({ output })).toMatchObject({ output: { days: expect.any(Number) } })
    expect(await rehearse({})).toMatchObject({
      output: expect.stringMatching(/stands in for the agent boss/),
    })
  })

  it('has an answer that counts when nobody gives one in time, and says that it does', async () => {
    const run = await finish(
      await asking({ timeout: { total: '1h' }, choices: ['a', 'b'], otherwise: 'b' }),
      go,
    )
    expect(await goOn(run, late)).toEqual({ state: 'succeeded', output: 'b' })
    expect(decisions(await run.store.events(run.id), 'answer')).toMatchObject([
      { reason: expect.stringMatching(/nobody answered .* it goes on with "b"/) },
    ])
    await expect(asking({ otherwise: 'b' })).rejects.toThrow(/"otherwise" counts when "timeout" is over/)
    const stray = { timeout: { total: '1h' }, choices: ['a'], otherwise: 'b' }
    await expect(asking(stray)).rejects.toThrow(/"b" is none of: a/)
  })

  it('says with the question which JSON it takes, so that another is refused at once', async () => {
    const output = { type: 'object', properties: { days: { type: 'integer' } }, required: ['days'] }
    const run = await finish(await asking({ output }), go)
    const [question] = await asked(run)
    expect(question).toMatchObject({ schema: output, agent: 'boss' })
    await expect(readAnswer(question as Question, '{"days": "x"}')).rejects.toThrow(/days must be integer/)
  })

  it('has choices or a schema, not both', async () => {
    await expect(asking({ choices: ['a'], output: { type: 'string' } })).rejects.toThrow(
      /agents\.boss\.choices: give either "choices" or "output"/,
    )
  })
})
