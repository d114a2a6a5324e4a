import { describe, expect, it } from 'vitest'
import type { Json } from '../../src/json.ts'
import { later } from '../helpers/clock.ts'
import { answer, answerAll, asked, goOn, questionsOf } from '../helpers/people.ts'
import { complaints, decisions, playOn, teamOf } from '../helpers/play.ts'
import { type Part, scripted } from '../helpers/scripted.ts'
import { finish } from '../helpers/teams.ts'

const HOUR = 3_600_000
const late = later(2 * HOUR)
const DONE = 'Is this output of writer good?'

interface Setup {
  readonly writer: object
  readonly says?: Part
  readonly others?: Readonly<Record<string, Part>>
  readonly more?: Readonly<Record<string, object>>
  readonly rest?: object
}

/** A run of a writer with gates, up to the first question or its end. */
async function begin({ writer, says = ['A letter.'], others = {}, more = {}, rest = {} }: Setup) {
  const parts = { writer: says, ...others }
  const server = await scripted(parts)
  const env = { ...server.env }
  const pattern = { kind: 'pipeline', stages: ['writer'] }
  const members = { ...more, writer: { retry: { backoff: '1ms' }, ...writer } }
  const team = await teamOf({ pattern, parts, more: members, rest })
  const run = await finish(team, { input: { task: 'Write.' }, env })
  const told = () => server.received.map(({ body }) => body)
  return { ...run, env, told, keys: async () => asked(await run.store.events(run.id)).map(({ key }) => key) }
}

describe('approve', () => {
  it('asks a person before the agent works, and a no ends it without costing anything', async () => {
    const run = await begin({
      writer: { approve: 'always', fallback: ['other'] },
      others: { other: ['Mine.'] },
    })
    expect(run.outcome).toEqual({ state: 'waiting', on: ['writer/approval'] })
    expect(await questionsOf(run)).toMatchObject([
      { gate: 'agent', question: 'May writer do this?', editable: 'Write.', agent: 'writer' },
    ])
    expect(await answer(run, 'writer/approval', 'reject=Not today.')).toMatchObject({
      state: 'failed',
      error: { code: 'rejected', message: 'the work of writer was not approved: Not today.' },
    })
    expect(run.told()).toEqual([])
  })

  it('asks once more after a resume of what a no brought down, and never after a yes', async () => {
    const run = await begin({ writer: { approve: 'always' } })
    await answer(run, 'writer/approval', 'reject')
    expect(await goOn(run)).toEqual({ state: 'waiting', on: ['writer/approval-2'] })
    expect(await answer(run, 'writer/approval-2', 'approve')).toEqual({
      state: 'succeeded',
      output: 'A letter.',
    })

    const failed = await begin({
      writer: { approve: 'always', check: [{ that: 'output == "x"' }], retry: { attempts: 1 } },
    })
    expect(await answer(failed, 'writer/approval', 'approve')).toMatchObject({
      error: { code: 'check-failed' },
    })
    expect(await playOn(failed, { writer: ['x'] })).toEqual({ state: 'succeeded', output: 'x' })
    expect(await failed.keys()).toEqual(['writer/approval'])
  })

  it('may put another task in the place of the one that there is, and of a prompt', async () => {
    const run = await begin({ writer: { approve: 'always', prompt: `Do: \${input.task}`, cache: '1h' } })
    expect(await questionsOf(run)).toMatchObject([{ editable: 'Do: Write.' }])
    expect(await answer(run, 'writer/approval', 'edit=Sing instead.')).toMatchObject({ state: 'succeeded' })
    expect(run.told()).toHaveLength(1)
    expect(run.told()[0]).toContain('Sing instead.')
    expect(run.told()[0]).not.toContain('Do: Write.')
  })

  it('asks once for all attempts, and also before an answer that is kept', async () => {
    const writer = { approve: 'always', check: [{ that: 'output == "good"' }] }
    const run = await begin({ writer, says: ['bad', 'good'] })
    expect(await answerAll(run, { 'May writer': 'approve' })).toEqual({ state: 'succeeded', output: 'good' })
    expect(await run.keys()).toEqual(['writer/approval'])
  })

  it('opens by a condition over the money that was spent, decided once and for all', async () => {
    const parts = { first: ['One.'], second: ['Two.'] }
    const { env } = await scripted(parts)
    const more = {
      second: { approve: { when: 'spent.usd > 0.00001 && spent.tokens > 100', question: `\${task}?` } },
    }
    const pattern = { kind: 'pipeline', stages: ['first', 'second'] }
    const team = await teamOf({ pattern, parts, more: { ...more, first: { approve: 'spent.usd > 1.0' } } })
    const run = await finish(team, { input: { task: 'Write.' }, env: { ...env } })
    expect(run.outcome).toEqual({ state: 'waiting', on: ['second/approval'] })
    const [question] = await questionsOf(run)
    expect(question).toMatchObject({
      question: expect.stringMatching(/One\.\?$/),
      detail: { when: expect.stringContaining('spent.usd'), spent: { tokens: 110 } },
    })
    expect(decisions(run.events, 'gate')).toHaveLength(1)
    expect(await answerAll({ ...run, env: { ...env } }, { One: 'approve' })).toMatchObject({ output: 'Two.' })
  })

  it('opens where its condition cannot be evaluated', async () => {
    const run = await begin({ writer: { approve: 'int(input.task) > 3' } })
    expect(run.outcome).toMatchObject({ state: 'waiting' })
    expect(await questionsOf(run)).toMatchObject([{ detail: { problem: expect.any(String) } }])
  })

  it('takes no answer for a no when its time is over, or what the team or the agent says', async () => {
    const asking = (approve: object, gates?: object) =>
      begin({ writer: { approve }, ...(gates && { rest: { gates } }) })
    const refused = await asking({ timeout: '1h' })
    expect(await goOn({ ...refused, clock: late })).toMatchObject({
      error: { code: 'rejected', message: expect.stringMatching(/nobody answered in time/) },
    })
    const own = await asking({ timeout: '1h', otherwise: 'approve' }, { otherwise: 'reject' })
    expect(await goOn({ ...own, clock: late })).toMatchObject({ state: 'succeeded' })
    const common = await asking({}, { timeout: '1h', otherwise: 'approve' })
    expect(await goOn(common)).toMatchObject({ state: 'waiting' })
    expect(await goOn({ ...common, clock: late })).toMatchObject({ state: 'succeeded' })
    expect(decisions(await common.store.events(common.id), 'gate')).toMatchObject([
      { reason: expect.stringMatching(/it counts as "approve"/) },
    ])
  })

  it('of one who stands in is not passed by, and a no there ends all of it', async () => {
    const more = { deputy: { approve: 'always' } }
    const writer = {
      check: [{ that: 'output == "x"' }],
      retry: { attempts: 1 },
      fallback: ['deputy', 'third'],
    }
    const run = await begin({ writer, more, others: { deputy: ['Mine.'], third: ['Third.'] } })
    expect(run.outcome).toMatchObject({ state: 'waiting', on: ['writer/fallback/deputy/approval'] })
    expect(await answer(run, 'writer/fallback/deputy/approval', 'reject')).toMatchObject({
      error: { code: 'rejected' },
    })
  })
})

describe('review', () => {
  it('shows a person what comes out, who may let it pass or change it', async () => {
    const run = await begin({ writer: { review: 'always' } })
    expect(run.outcome).toEqual({ state: 'waiting', on: ['writer/review'] })
    expect(await questionsOf(run)).toMatchObject([{ gate: 'output', editable: 'A letter.' }])
    expect(await answer(run, 'writer/review', 'edit=A better letter.')).toEqual({
      state: 'succeeded',
      output: 'A better letter.',
    })
  })

  it('tells the agent why it was sent back, until it is approved or may not try again', async () => {
    const says = (told: string) => (told.includes('No price') ? 'With a price.' : 'A letter.')
    const run = await begin({ writer: { review: 'always', cache: '1h' }, says })
    expect(await answer(run, 'writer/review', 'reject=No price in it.')).toEqual({
      state: 'waiting',
      on: ['writer/review-2'],
    })
    expect(run.told().at(-1)).toMatch(/That answer was not accepted: a person rejected it: No price in it\./)
    expect(await answer(run, 'writer/review-2', 'approve')).toEqual({
      state: 'succeeded',
      output: 'With a price.',
    })
    const keys = (await run.store.events(run.id)).flatMap(event =>
      event.type === 'step.started' && event.kind === 'model' ? event.key : [],
    )
    expect(keys).toEqual(['writer/turn-1', 'writer/revision-2/turn-1'])

    const writer = {
      review: 'always',
      retry: { attempts: 2 },
      ladder: ['retry', 'agent', 'partial'],
      fallback: ['other'],
    }
    const never = await begin({ writer, others: { other: ['Mine.'] } })
    expect(await answerAll(never, { [DONE]: 'reject=Still bad.' })).toMatchObject({
      error: { code: 'rejected', message: 'the output of writer was not approved (2 times): Still bad.' },
    })
    expect(await never.keys()).toEqual(['writer/review', 'writer/review-2'])
  })

  it('sees also what somebody else did instead', async () => {
    const writer = {
      review: 'always',
      check: [{ that: 'output == "x"' }],
      retry: { attempts: 1 },
      fallback: ['other'],
    }
    const run = await begin({ writer, others: { other: ['Mine.'] } })
    expect(await questionsOf(run)).toMatchObject([{ key: 'writer/review', editable: 'Mine.' }])
  })

  const output = {
    type: 'object',
    properties: { text: { type: 'string' }, confidence: { type: 'number' } },
    required: ['text', 'confidence'],
  }
  const sure = (confidence: number): Json => ({ text: 'A letter.', confidence })

  it('opens by a threshold of confidence', async () => {
    const writer = { output, review: 'output.confidence < 0.7' }
    const run = await begin({ writer, says: [sure(0.9)] })
    expect(run.outcome).toEqual({ state: 'succeeded', output: sure(0.9) })
    expect((await begin({ writer, says: [sure(1)] })).outcome).toMatchObject({ state: 'succeeded' })
    const unsure = await begin({ writer, says: [sure(0)] })
    expect(unsure.outcome).toMatchObject({ state: 'waiting' })
  })

  it('takes no edited output that does not fit, by whatever way it comes', async () => {
    const run = await begin({ writer: { output, review: 'always' }, says: [sure(1)] })
    expect(await questionsOf(run)).toMatchObject([{ schema: output, editable: sure(1) }])
    expect(await answer(run, 'writer/review', 'edit={"text": 5}')).toEqual({
      state: 'waiting',
      on: ['writer/review-again-2'],
    })
    expect(await questionsOf(run)).toMatchObject([
      { question: expect.stringMatching(/does not fit: .*text must be string/s) },
    ])
    const better = `edit=${JSON.stringify(sure(0.5))}`
    expect(await answer(run, 'writer/review-again-2', better)).toEqual({
      state: 'succeeded',
      output: sure(0.5),
    })
  })
})

describe('an edge with approval', () => {
  const graph = (approve: Json, more: object = {}) => ({
    kind: 'graph',
    start: 'draft',
    nodes: {
      draft: { agent: 'writer' },
      send: { end: 'succeeded' },
      hold: { end: 'succeeded', output: 'held' },
    },
    edges: [
      { from: 'draft', to: 'send', approve, ...more },
      { from: 'draft', to: 'hold', when: 'output != "A letter."' },
    ],
  })
  const journey = async (pattern: object, says = 'A letter.') => {
    const parts = { writer: [says] }
    const { env } = await scripted(parts)
    return {
      env: { ...env },
      ...(await finish(await teamOf({ pattern, parts }), { input: { task: 'Go.' }, env: { ...env } })),
    }
  }

  it('is taken when a person lets it be', async () => {
    const run = await journey(graph('always'))
    expect(run.outcome).toEqual({ state: 'waiting', on: ['draft:send/approval'] })
    expect(await questionsOf(run)).toMatchObject([
      { gate: 'transition', detail: { from: 'draft', to: 'send' } },
    ])
    expect(await answer(run, 'draft:send/approval', 'approve')).toEqual({
      state: 'succeeded',
      output: 'A letter.',
    })
  })

  it('gives way to the next one that holds; where there is none the run ends, and a resume asks again', async () => {
    const other = await journey(graph('always'), 'A poem.')
    expect(await answer(other, 'draft:send/approval', 'reject=no')).toEqual({
      state: 'succeeded',
      output: 'held',
    })
    expect(decisions(await other.store.events(other.id), 'transition')).toMatchObject([
      { values: { to: 'hold' } },
    ])
    const run = await journey(graph('always'))
    expect(await answer(run, 'draft:send/approval', 'reject=no')).toMatchObject({
      error: {
        code: 'rejected',
        message: expect.stringMatching(/nothing leads on from "draft": .* was not approved: no/),
      },
    })
    expect(await goOn(run)).toEqual({ state: 'waiting', on: ['draft:send/approval-2'] })
    expect(await answer(run, 'draft:send/approval-2', 'approve')).toMatchObject({ state: 'succeeded' })
  })

  it('asks only when its condition holds', async () => {
    expect((await journey(graph('output == "x"'))).outcome).toMatchObject({ state: 'succeeded' })
  })
})

it('what a gate cannot read is a mistake in the team file', async () => {
  const pattern = { kind: 'pipeline', stages: ['a'] }
  const wrong = (gates: object) => complaints({ a: { role: 'x', ...gates } }, pattern)
  expect(await wrong({ approve: 'output.x' })).toEqual([expect.stringMatching(/there is no "output"/)])
  expect(await wrong({ review: 'sped.usd > 1.0' })).toEqual([expect.stringMatching(/there is no "sped"/)])
  expect(await wrong({ review: { when: '1 + 1' } })).toEqual([
    expect.stringMatching(/a condition is true or false/),
  ])
  expect(await wrong({ review: { question: `\${nothing}` } })).toEqual([
    expect.stringMatching(/there is no "nothing"/),
  ])
  expect(await wrong({ approve: 'always', review: 'spent.usd > 0.5 || output == task' })).toEqual([])
  expect(await wrong({ approve: { timeout: 'soon' } })).not.toEqual([])
})
