import { describe, expect, it } from 'vitest'
import { patternOf } from '../../src/patterns/index.ts'
import { decisions, failureOf, invocations, type Parts, type Play, play, playOn } from '../helpers/play.ts'
import { team } from '../helpers/teams.ts'

const judged = (score: number, problem: string) => ({ score, problems: [problem], verdict: problem })
const member = (name: string, more: object = {}) => ({ role: `You are ${name}.`, ...more })

const circle = (more: object) => ({
  ...{ kind: 'refine', generator: 'ann', critic: 'ben', until: 'critique.score >= 8' },
  ...more,
})

function teamOf(more: object = {}, agents: object = {}) {
  return team({
    agents: { ann: member('ann'), ben: member('ben'), ...agents },
    pattern: circle(more),
  })
}

/** Has ann write and ben judge. */
async function polish(parts: Parts, more: object = {}, agents: Play['more'] = {}) {
  const run = await play({ parts, pattern: circle(more), more: agents, input: { task: 'Praise the rain.' } })
  const asked = run.server.received.map(({ body }) => JSON.parse(body))
  return { ...run, asked }
}

describe('a draft', () => {
  it('is judged and mended until it passes, by an agent that is told the draft and what was wrong', async () => {
    const { outcome, events, asked, told } = await polish({
      ann: ['Rain!', 'Rain, you are soft.'],
      ben: [judged(4, 'too short'), judged(8, 'lovely')],
    })
    expect(outcome).toEqual({ state: 'succeeded', output: 'Rain, you are soft.' })
    expect(invocations(events)).toEqual(['attempt-1/ann', 'attempt-1/ben', 'attempt-2/ann', 'attempt-2/ben'])
    expect(told[0]).toBe('Praise the rain.')
    expect(told[1]).toContain('From ann:\nRain!')
    expect(Object.keys(asked[1].response_format.json_schema.schema.properties)).toEqual([
      'score',
      'problems',
      'verdict',
    ])
    expect(told[2]).toContain('Your last draft:\nRain!')
    expect(told[2]).toContain('too short')
    expect(decisions(events, 'judged')).toMatchObject([
      { key: 'attempt-1', reason: expect.stringContaining('not good enough'), values: { score: 4 } },
      { key: 'attempt-2', values: { score: 8, passed: true } },
    ])
  })

  it('is mended also by an agent that has a prompt of its own, and sees draft, critique and attempt', async () => {
    const prompt = 'Attempt ${attempt}: ${critique == null ? "write" : "mend " + draft}'
    const { told } = await polish(
      { ann: ['Rain!', 'Rain.'], ben: [judged(4, 'too loud'), judged(9, 'good')] },
      {},
      { ann: member('ann', { prompt }) },
    )
    expect(told[0]).toBe('Attempt 1: write')
    expect(told[2]).toMatch(/^Attempt 2: mend Rain!\n\nYour last draft:/)
    expect(told[2]).toContain('too loud')
  })

  it('is judged in the words of the critic, where the critic declares an output', async () => {
    const output = { type: 'object', properties: { fine: { type: 'boolean' } }, required: ['fine'] }
    const { outcome, asked } = await polish(
      { ann: ['Rain!', 'Rain.'], ben: [{ fine: false }, { fine: true }] },
      { until: 'critique.fine' },
      { ben: member('ben', { output }) },
    )
    expect(outcome).toEqual({ state: 'succeeded', output: 'Rain.' })
    expect(Object.keys(asked[1].response_format.json_schema.schema.properties)).toEqual(['fine'])
  })

  it('can be named by the output of the team, with the critique that it passed with', async () => {
    const { outcome } = await play({
      parts: { ann: ['Rain.'], ben: [judged(9, 'good')] },
      pattern: circle({}),
      output: '${steps.ann.output} (${steps.ben.output.verdict})',
    })
    expect(outcome).toEqual({ state: 'succeeded', output: 'Rain. (good)' })
  })
})

describe('when no draft passes', () => {
  const parts = {
    ann: ['One.', 'Two.', 'Three.'],
    ben: [judged(5, 'dull'), judged(7, 'nearly'), judged(6, 'worse')],
  }

  it('it ends with the best, and says what all of them scored', async () => {
    const { outcome, events } = await polish(parts, { attempts: 3 })
    expect(outcome).toEqual({ state: 'succeeded', output: 'Two.' })
    expect(decisions(events, 'best')).toMatchObject([
      {
        key: 'attempt-2',
        reason:
          'none of 3 drafts was good enough: critique.score >= 8; the best is that of attempt 2, with 7',
        values: { attempt: 2, scores: { 1: 5, 2: 7, 3: 6 } },
      },
    ])
  })

  it('the best is found by the score that is asked for', async () => {
    const { outcome } = await polish(parts, { attempts: 3, score: '-critique.score' })
    expect(outcome).toMatchObject({ output: 'One.' })
  })

  it('it ends with the last where nothing has a score', async () => {
    const output = { type: 'object', properties: { fine: { type: 'boolean' } }, required: ['fine'] }
    const { outcome, events } = await polish(
      { ann: parts.ann, ben: [{ fine: false }] },
      { attempts: 2, until: 'critique.fine' },
      { ben: member('ben', { output }) },
    )
    expect(outcome).toMatchObject({ output: 'Two.' })
    expect(decisions(events, 'best')[0]?.reason).toContain('nothing has a score, so the last is taken')
  })

  it('it fails if it is to, with the scores and the last critique', async () => {
    const run = await polish(parts, { attempts: 2, onLimit: 'fail' })
    expect(failureOf(run)).toMatchObject({ code: 'limit-rounds' })
    expect(failureOf(run).message).toContain('none of 2 drafts was good enough: critique.score >= 8')
    expect(failureOf(run).message).toContain('scores: attempt 1: 5, attempt 2: 7')
    expect(failureOf(run).message).toMatch(/ben said last: ".*nearly/)
  })
})

describe('a generator that gives the same draft again', () => {
  const parts = {
    ann: ['One.', 'Two.', ' One.\n'],
    ben: [judged(7, 'dull'), judged(5, 'worse')],
  }

  it('is not asked any more, and its draft is not judged again', async () => {
    const { outcome, events } = await polish(parts)
    expect(outcome).toEqual({ state: 'succeeded', output: 'One.' })
    expect(invocations(events).at(-1)).toBe('attempt-3/ann')
    expect(decisions(events, 'best')[0]?.reason).toBe(
      'ann gave in attempt 3 the draft of attempt 1 again, which ben had criticised; the best is that of attempt 1, with 7',
    )
  })

  it('brings the run down when only a good draft will do', async () => {
    const run = await polish(parts, { onLimit: 'fail' })
    expect(failureOf(run)).toMatchObject({ code: 'limit-loop' })
    expect(failureOf(run).message).toMatch(/attempt 3 the draft of attempt 1 again.*dull/s)
    expect(failureOf(run).message).toContain('scores: attempt 1: 7, attempt 2: 5')
  })
})

it('goes on with the critic that failed when it is resumed, and keeps the draft', async () => {
  const run = await polish(
    { ann: ['One.'], ben: ['no JSON'] },
    {},
    { ben: member('ben', { retry: { attempts: 1 } }) },
  )
  expect(failureOf(run)).toMatchObject({ code: 'output-invalid' })
  expect(await playOn(run, { ann: ['Two.'], ben: [judged(9, 'good')] })).toEqual({
    state: 'succeeded',
    output: 'One.',
  })
})

it('fails when the score is no number', async () => {
  const run = await polish({ ann: ['One.'], ben: [judged(5, 'dull')] }, { score: 'critique.verdict' })
  expect(failureOf(run)).toMatchObject({ code: 'template-failed' })
  expect(failureOf(run).message).toBe('the score "critique.verdict" is no number but dull')
})

it('says in one line what the score is instead of a number', async () => {
  const run = await polish({ ann: ['One.'], ben: [judged(5, 'dull')] }, { score: 'critique.problems' })
  expect(failureOf(run).message).toMatch(/^the score "critique.problems" is no number but \[.*\]$/)
})

it.each<[string, object, string]>([
  ['one agent for both', { critic: 'ann' }, 'who writes does not judge it'],
  ['a score that is no CEL', { score: 'critique.' }, 'score'],
  ['a score of what there is not', { score: 'review.score' }, 'there is no "review"'],
  ['a score that is text', { score: '"high"' }, 'a score is a number'],
  ['an until of what there is not', { until: 'critic.score > 3' }, 'there is no "critic"'],
])('refuses a team file with %s', async (_, more, message) => {
  const refused = await teamOf(more).then(
    () => 'no problem',
    (error: Error) => error.message,
  )
  expect(refused).toContain(message)
})

it('is drawn as a circle', async () => {
  const { definition } = await teamOf()
  expect(patternOf(definition.pattern).graph(definition.pattern).edges).toEqual([
    { from: 'ann', to: 'ben', label: 'draft' },
    { from: 'ben', to: 'ann', label: 'critique' },
  ])
})
