import { describe, expect, it } from 'vitest'
import { complaints, decisions, failureOf, invocations, type Play, play, playOn } from '../helpers/play.ts'

const routes = { billing: 'finance', bug: 'support' }
const label = (label: string, confidence: number) => ({ label, confidence, why: 'It says so.' })

function sort(intent: Play['parts'][string], pattern: object = {}, more: Partial<Play> = {}) {
  return play({
    pattern: { kind: 'route', classifier: 'intent', routes, default: 'desk', ...pattern },
    parts: { intent, finance: ['Paid.'], support: ['Mended.'], desk: ['Hm.'] },
    ...more,
  })
}

describe('a task', () => {
  it('is done by the agent of its label, who is told why', async () => {
    const run = await sort([label('bug', 0.9)])
    expect(run.outcome).toEqual({ state: 'succeeded', output: 'Mended.' })
    expect(invocations(run.events)).toEqual(['intent', 'support'])
    expect(run.told[0]).toContain(
      '- billing (for finance: You are finance.)\n- bug (for support: You are support.)',
    )
    expect(run.told[1]).toContain(
      'Help.\n\nWhat has been done so far:\nintent classified this as bug: It says so.',
    )
    expect(decisions(run.events, 'route')).toMatchObject([
      {
        key: 'intent',
        reason: 'bug: It says so.',
        values: { label: 'bug', confidence: 0.9, needed: 0.5, agent: 'support' },
      },
    ])
  })

  it.each([
    ['the classifier is not sure', label('bug', 0.5), 'intent is not sure of bug (0.5 < 0.6): It says so.'],
    ['no label fits', label('none', 1), 'no label fits: It says so.'],
  ])('is done by the default when %s', async (_, answer, reason) => {
    const run = await sort([answer], { confidence: 0.6 })
    expect(run.outcome).toMatchObject({ output: 'Hm.' })
    expect(decisions(run.events, 'route')).toMatchObject([{ reason, values: { agent: 'desk' } }])
  })

  it('is done by nobody where there is no default, and that is said with the label', async () => {
    const parts = { intent: [label('bug', 0.2)], finance: [], support: [] }
    const pattern = { kind: 'route', classifier: 'intent', routes }
    expect(failureOf(await play({ pattern, parts }))).toMatchObject({
      code: 'nobody-willing',
      message: 'nobody is there for this: intent is not sure of bug (0.2 < 0.5): It says so.',
      details: { hint: 'name an agent for it under the pattern: default: AGENT, or lower its confidence' },
    })
  })

  it('may be classified by a program, which knows for sure', async () => {
    const answer = JSON.stringify(label('billing', 1))
    const run = await play({
      pattern: { kind: 'route', classifier: 'rules', routes },
      parts: { finance: ['Paid.'], support: [] },
      more: { rules: { kind: 'command', run: ['node', '-p', JSON.stringify(answer)], effects: 'pure' } },
      output: '${steps.rules.output.label}: ${steps.rules.output.why}',
    })
    expect(run.outcome).toEqual({ state: 'succeeded', output: 'billing: It says so.' })
  })
})

describe('a classifier', () => {
  it('cannot invent labels', async () => {
    const run = await sort([label('weather', 1), label('billing', 0.8)])
    expect(run.outcome).toMatchObject({ output: 'Paid.' })
    expect(run.told[1]).toMatch(/was not accepted: .*label must be equal to one of .*: billing, bug, none/)
  })
})

describe('an agent that fails', () => {
  it('ends it, and a resume classifies nothing again', async () => {
    const more = { support: { check: [{ that: 'output == "good"' }], retry: { attempts: 1 } } }
    const run = await sort([label('bug', 0.9)], {}, { more })
    expect(failureOf(run)).toMatchObject({ code: 'check-failed', details: { step: 'support' } })
    const parts = { intent: [label('billing', 1)], support: ['good'] }
    expect(await playOn(run, parts)).toEqual({ state: 'succeeded', output: 'good' })
  })
})

describe('a definition', () => {
  const agents = { sorter: { role: 'You sort.' }, payer: { role: 'You pay.' } }
  const classifies = 'the classifier only classifies: name another agent to do the work'

  it.each([
    ['has no label', { routes: {} }, 'name at least one label and its agent'],
    [
      'has a label for what fits none',
      { routes: { none: 'payer' } },
      expect.stringMatching(/^"none" is what/),
    ],
    ['has the classifier do the work', { routes: { a: 'payer', b: 'sorter' } }, classifies],
    ['has the classifier do the rest', { routes: { a: 'payer' }, default: 'sorter' }, classifies],
    ['names somebody who is not there', { routes: { a: 'player' } }, 'there is no agent "player"'],
  ])('that %s is refused', async (_, pattern, complaint) => {
    expect(await complaints(agents, { kind: 'route', classifier: 'sorter', ...pattern })).toContainEqual(
      complaint,
    )
  })

  it('may send several labels to one agent', async () => {
    const pattern = {
      kind: 'route',
      classifier: 'sorter',
      routes: { a: 'payer', b: 'payer' },
      default: 'payer',
    }
    expect(await complaints(agents, pattern)).toEqual([])
  })
})
