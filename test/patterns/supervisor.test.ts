import { describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '../../src/json.ts'
import type { Event } from '../../src/store/events.ts'
import { decisions, invocations, type Parts, playOn } from '../helpers/play.ts'
import { scripted } from '../helpers/scripted.ts'
import { lead, objection, rejection, step } from '../helpers/supervising.ts'
import { type Finished, finish, team } from '../helpers/teams.ts'

const once = { retry: { attempts: 1, backoff: '1ms' } }
const agents = {
  lead: { role: 'You are lead. You plan.', retry: { attempts: 3, backoff: '1ms' } },
  ann: { role: 'You are ann. You find facts.', skills: ['search'] },
  ben: { role: 'You are ben. You doubt everything.' },
  cid: { role: 'You are cid. You are never there.', ...once, check: [{ that: 'output == "here"' }] },
}
const task = 'Why do rivers rise?'
const plan = [step('find', 'ann'), step('doubt', 'ben', ['find'])]

async function supervise(parts: Parts, more: object = {}) {
  const server = await scripted(parts)
  const workers = ['ann', 'ben', 'cid']
  const pattern = { kind: 'supervisor', supervisor: 'lead', workers, ...more }
  const finished = await finish(await team({ agents, pattern }), { input: { task }, env: server.env })
  return { ...finished, server }
}

/** What the step `key` was asked. */
function asked(events: readonly Event[], key: string): string {
  const [input = ''] = events.flatMap(event =>
    event.type === 'step.started' && event.key === key ? [event.input ?? ''] : [],
  )
  return String(input)
}

/** The message of the failure that a run ended with, after its code. */
function endOf({ outcome }: Awaited<ReturnType<typeof supervise>>): string {
  return 'error' in outcome ? `${outcome.error.code}: ${outcome.error.message}` : outcome.state
}

describe('a supervisor', () => {
  it('plans, has the steps done, and answers out of their results', async () => {
    const parts = { lead: lead({ plans: [plan] }), ann: ['It rains.'], ben: ['Not always.'] }
    const { outcome, events } = await supervise(parts)
    expect(outcome).toEqual({ state: 'succeeded', output: 'The answer.' })
    expect(asked(events, 'plan-1')).toMatch(
      /Why do rivers rise\?.*- ann \(skills: search\): You are ann\.\n- ben: You are ben\./s,
    )
    expect(decisions(events, 'plan')).toMatchObject([
      {
        key: 'plan-1',
        reason: 'find by ann: The part find is needed.; doubt by ben: The part doubt is needed.',
        values: { steps: plan },
      },
    ])
    const doubt = asked(events, 'work-1/doubt/try-1')
    expect(doubt).toBe('Why do rivers rise?\n\nFrom find:\nIt rains.\n\nYour part now:\nDo the part doubt.')
    expect(decisions(events, 'accept').map(({ key, reason }) => [key, reason])).toEqual([
      ['work-1/find/verdict-1', 'find by ann: All is well.'],
      ['work-1/doubt/verdict-1', 'doubt by ben: All is well.'],
      ['synthesis/verdict-1', 'the answer: The end is what matters.'],
    ])
    expect(asked(events, 'synthesis/try-1')).toContain('From find:\nIt rains.\n\nFrom doubt:\nNot always.')
  })

  it('has steps done at the same time that do not depend on each other', async () => {
    const { events } = await supervise({ lead: lead({ plans: [[step('a', 'ann'), step('b', 'ben')]] }) })
    expect(invocations(events).slice(1, 3)).toEqual(['work-1/a/try-1', 'work-1/b/try-1'])
  })

  it('can only name workers that exist', async () => {
    const { server } = await supervise({ lead: lead({ plans: [plan] }) })
    const { response_format } = JSON.parse(server.received[0]?.body ?? '{}') as JsonObject
    expect(JSON.stringify(response_format)).toContain('"enum":["ann","ben","cid"]')
  })

  it('may not be its own worker', async () => {
    const pattern = { kind: 'supervisor', supervisor: 'lead', workers: ['lead', 'ann'] }
    await expect(team({ agents, pattern })).rejects.toThrow(
      /"lead" is the supervisor, and cannot be its own worker/,
    )
  })

  it('has a result that it rejects done again, with feedback', async () => {
    const ann = (told: string) => (told.includes('Say more.') ? 'many facts' : 'few facts')
    const verdicts = { 'few facts': rejection('retry', { feedback: 'Say more.' }) }
    const { outcome, events } = await supervise({ ann, lead: lead({ plans: [plan], verdicts }) })
    expect(outcome).toMatchObject({ state: 'succeeded' })
    expect(asked(events, 'work-1/find/try-2')).toBe(
      'Why do rivers rise?\n\nFrom ann, not accepted:\nfew facts\n\nKeep to this:\n- Say more.\n\nYour part now:\nDo the part find.',
    )
    expect(decisions(events, 'retry')).toMatchObject([
      {
        key: 'work-1/find/verdict-1',
        reason: 'find by ann: It calls for retry.',
        values: { feedback: 'Say more.' },
      },
    ])
    expect(asked(events, 'synthesis/try-1')).toContain('From find:\nmany facts')
  })

  it('has another worker do what one failed at, and is offered no worker twice', async () => {
    const verdicts = { 'cid failed': objection('other', { worker: 'ben' }) }
    const { outcome, events } = await supervise({ lead: lead({ plans: [[step('lost', 'cid')]], verdicts }) })
    expect(outcome).toMatchObject({ state: 'succeeded' })
    expect(asked(events, 'work-1/lost/verdict-1')).toMatch(
      /cid failed at this step of your plan: Do the part lost\.\n\nThis went wrong: cid gave an output that fails check 1/,
    )
    expect(decisions(events, 'other')).toMatchObject([{ values: { agent: 'cid', worker: 'ben' } }])
    expect(decisions(events, 'accept')[0]?.reason).toBe('lost by ben: All is well.')
  })

  it('can choose to retry only as often as it may', async () => {
    const offered: string[] = []
    const plans = lead({ plans: [[step('lost', 'cid')]], verdicts: { 'cid failed': objection('retry') } })
    const part = (told: string): Json => {
      const [, choices] = /Choose:\n(.*?)(?:\n\n|$)/s.exec(told) ?? []
      if (!choices) return plans(told)
      offered.push([...choices.matchAll(/^- (\w+):/gm)].map(([, choice]) => choice).join(' '))
      return choices.includes('retry') ? plans(told) : objection('halt')
    }
    await supervise({ lead: part }, { retries: 1 })
    expect(offered).toEqual(['retry other replan halt', 'replan halt'])
  })

  it('is asked again when it does not say what is to happen', async () => {
    const plans = lead({ plans: [[step('lost', 'cid')]] })
    const part = (told: string): Json => {
      if (!told.includes('cid failed')) return plans(told)
      return told.includes('"worker" does not name') ? objection('halt') : objection('other')
    }
    const { events } = await supervise({ lead: part })
    expect(decisions(events, 'ask-again')[0]?.reason).toContain('"worker" does not name the other worker')
  })

  it('without validation judges nothing, but decides what follows from a failure', async () => {
    const verdicts = { 'cid failed': objection('other', { worker: 'ben' }) }
    const parts = { lead: lead({ plans: [[step('find', 'ann'), step('lost', 'cid')]], verdicts }) }
    const { outcome, events } = await supervise(parts, { validate: false })
    expect(outcome).toEqual({ state: 'succeeded', output: 'The answer.' })
    expect(invocations(events).filter(key => key.includes('verdict'))).toEqual(['work-1/lost/verdict-1'])
  })

  it('gives its answer a second time when the first lacks something', async () => {
    const answers = ['incomplete', 'All of it.']
    const { outcome, events } = await supervise({ lead: lead({ plans: [plan], answers }) })
    expect(outcome).toEqual({ state: 'succeeded', output: 'All of it.' })
    expect(asked(events, 'synthesis/try-2')).toMatch(
      /From you, not accepted:\nincomplete\n\nKeep to this:\n- The end is what matters\./,
    )
  })
})

describe('a worker that is a person', () => {
  it('is waited for while the others work, and what it says is judged', async () => {
    const boss = { kind: 'human', choices: ['approved', 'declined'] }
    const pattern = { kind: 'supervisor', supervisor: 'lead', workers: ['ann', 'boss'] }
    const { lead: leader, ann } = agents
    const definition = { agents: { lead: leader, ann, boss }, pattern }
    const plans = [[step('approve', 'boss'), step('find', 'ann')]]
    const parts = { lead: lead({ plans, verdicts: { declined: rejection('halt') } }) }
    const { env } = await scripted(parts)
    const run = await finish(await team(definition), { input: { task }, env })
    expect(run.outcome).toEqual({ state: 'waiting', on: ['work-1/approve/try-1/answer'] })
    expect(decisions(run.events, 'accept')).toMatchObject([{ key: 'work-1/find/verdict-1' }])
    const answer = { key: 'work-1/approve/try-1/answer', value: 'declined', by: 'test', at: 0 }
    await run.store.signal(run.id, { kind: 'answer', ...answer })
    const { outcome } = await resumed(run, parts)
    expect(outcome).toMatchObject({ error: { code: 'halted' } })
  })
})

describe('a supervisor that replans', () => {
  const first = [step('find', 'ann'), step('lost', 'cid'), step('never', 'ben', ['lost'])]
  const verdicts = { 'cid failed': objection('replan') }

  it('keeps what was accepted, and does not have it done again', async () => {
    const plans = [first, [step('find', 'ann'), step('doubt', 'ben', ['find'])]]
    const { outcome, events } = await supervise({ ann: ['It rains.'], lead: lead({ plans, verdicts }) })
    expect(outcome).toMatchObject({ state: 'succeeded' })
    expect(decisions(events, 'replan')).toMatchObject([{ key: 'work-1/lost/verdict-1' }])
    expect(asked(events, 'plan-2')).toMatch(
      /plan 1 was dropped because of lost: It calls for replan\.\n {2}find by ann, accepted: Do the part find\.\n {2}lost by cid: .*From find:\nIt rains\./s,
    )
    expect(
      invocations(events)
        .filter(key => key.startsWith('work') && key.includes('try'))
        .sort(),
    ).toEqual(['work-1/find/try-1', 'work-1/lost/try-1', 'work-2/doubt/try-1'])
    expect(asked(events, 'work-2/doubt/try-1')).toContain('From find:\nIt rains.')
    expect(asked(events, 'synthesis/try-1')).toContain('From find:')
  })

  it('may find that nothing is left to do', async () => {
    const { outcome, events } = await supervise({ lead: lead({ plans: [first, []], verdicts }) })
    expect(outcome).toMatchObject({ state: 'succeeded' })
    expect(decisions(events, 'plan')[1]).toMatchObject({ reason: 'nothing is left to do' })
  })

  it('must give a new step another id than an accepted one', async () => {
    const other = { ...step('find', 'ben'), task: 'Find more.' }
    const run = await supervise({ lead: lead({ plans: [first, [other]], verdicts }) })
    expect(endOf(run)).toMatch(/^plan-invalid: .*"find" is the id of a result that was accepted/)
  })

  it('ends when it has no more plans, with each plan and why it was dropped', async () => {
    const plans = [[step('find', 'ann'), step('lost', 'cid')], [step('gone', 'cid')]]
    const run = await supervise({ lead: lead({ plans, verdicts }) }, { replans: 1 })
    expect(endOf(run).split('\n')).toEqual([
      'limit-rounds: lead wants plan 3, and replans: 1 allows no more than 2',
      'plan 1 was dropped because of lost: It calls for replan.',
      '  find by ann, accepted: Do the part find.',
      '  lost by cid: Do the part lost.',
      'plan 2 was dropped because of gone: It calls for replan.',
      '  gone by cid: Do the part gone.',
    ])
  })

  it('ends when it makes a plan again that was dropped, whatever its steps are called', async () => {
    const again = { ...step('lost', 'cid'), id: 'anew' }
    const run = await supervise({ lead: lead({ plans: [first, [again, step('never', 'ben')]], verdicts }) })
    expect(endOf(run)).toMatch(
      /^limit-loop: plan 2 of lead is plan 1 again\nplan 1 was dropped because of lost: It calls for replan\./,
    )
  })
})

describe('a supervisor that makes no sense', () => {
  it.each([
    ['plans nothing', [], /nothing is planned/],
    [
      'names a worker that does not exist',
      [step('find', 'eve')],
      /lead made no plan: .*agent.*ann, ben, cid/,
      2,
    ],
    ['plans a circle', [step('a', 'ann', ['b']), step('b', 'ben', ['a'])], /a → b → a/],
    ['depends on what is not planned', [step('a', 'ann', ['z'])], /"a" depends on "z"/],
    ['plans too much', [step('a', 'ann'), step('b', 'ben'), step('c', 'ben')], /3 steps are planned, 2 are/],
    ['gives ids that are none', [step('a b', 'ann')], /the id "a b" is not made of letters/],
  ])(
    'because it %s, is asked at the most three times and ends as plan-invalid',
    async (_, steps, complaint, asked = 3) => {
      const run = await supervise({ lead: lead({ plans: [steps] }) }, { steps: 2 })
      expect(endOf(run)).toMatch(/^plan-invalid: /)
      expect(endOf(run)).toMatch(complaint)
      expect(run.server.received).toHaveLength(asked)
    },
  )

  it('ends as check-failed when its second answer is no better, and answers again after a resume', async () => {
    const answers = ['incomplete', 'still incomplete']
    const run = await supervise({ lead: lead({ plans: [plan], answers }) })
    expect(endOf(run)).toBe(
      'check-failed: the answer of lead does not do what was asked, after 2 attempts: The end is what matters.',
    )
    expect(run.outcome).toMatchObject({ error: { details: { answer: 'still incomplete' } } })
    const { outcome, asked } = await resumed(run, {
      lead: lead({ plans: [plan], answers: ['', 'All of it.'] }),
    })
    expect(outcome).toEqual({ state: 'succeeded', output: 'All of it.' })
    expect(asked).toEqual(['synthesis/try-3', 'synthesis/verdict-3'])
  })
})

/** Resumes a run that failed; the agents play other parts now. */
async function resumed(run: Finished, parts: Parts) {
  const outcome = await playOn(run, parts)
  return { outcome, asked: invocations((await run.store.events(run.id)).slice(run.events.length)) }
}

describe('a supervisor that halts', () => {
  const plans = [[step('find', 'ann'), step('lost', 'cid', ['find']), step('never', 'ben', ['lost'])]]
  const verdicts = { 'cid failed': objection('halt') }

  it('ends the run with its reason, and what was accepted so far', async () => {
    const run = await supervise({ ann: ['It rains.'], lead: lead({ plans, verdicts }) })
    expect(endOf(run)).toBe(
      'halted: lead halted at lost: It calls for halt.\naccepted so far:\n  find by ann: It rains.',
    )
    expect(run.outcome).toMatchObject({ error: { details: { step: 'work-1/lost/halt-1' } } })
    expect(invocations(run.events)).not.toContain('work-1/never/try-1')
  })

  it('has the step done again when the run is resumed, and nothing else', async () => {
    const run = await supervise({ lead: lead({ plans, verdicts }) })
    const { outcome, asked } = await resumed(run, { cid: ['here'], lead: lead({ plans }) })
    expect(outcome).toEqual({ state: 'succeeded', output: 'The answer.' })
    expect(asked.slice(0, 3)).toEqual(['work-1/lost/try-2', 'work-1/lost/verdict-2', 'work-1/never/try-1'])
  })

  it('does so too when it had no more plans', async () => {
    const none = lead({ plans, verdicts: { 'cid failed': objection('replan') } })
    const run = await supervise({ lead: none }, { replans: 0 })
    expect(endOf(run)).toMatch(/^limit-rounds: /)
    const { outcome } = await resumed(run, { cid: ['here'], lead: lead({ plans }) })
    expect(outcome).toEqual({ state: 'succeeded', output: 'The answer.' })
  })
})
