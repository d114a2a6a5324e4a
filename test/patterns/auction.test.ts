import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { decisions, failureOf, invocations, play, playOn } from '../helpers/play.ts'
import type { Part } from '../helpers/scripted.ts'
import { finish, team } from '../helpers/teams.ts'

const bid = (more: object = {}): JsonObject => ({
  ...{ willing: true, capable: true, score: 0.9, cost: 0.01, time: 10, why: 'I know how.' },
  ...more,
})

/** Makes this bid when asked for one, and says something else when it is to work. */
const bidder =
  (offer: JsonObject | string, work: string): Part =>
  told =>
    told.includes('Make your bid') ? offer : work

interface Setup {
  readonly parts: Readonly<Record<string, Part>>
  readonly pattern: object
  readonly agents?: Readonly<Record<string, object>>
  readonly more?: object
  readonly input?: JsonObject
}

/** An auction among agents that are the parts; each is tried once. */
const hold = ({ parts, pattern, agents, more, input = { task: 'Translate.' } }: Setup) =>
  play({
    parts,
    pattern: { kind: 'auction', ...pattern },
    each: { retry: { attempts: 1 } },
    ...(agents && { more: agents }),
    ...(more && { rest: more }),
    input,
  })

describe('a task', () => {
  it('goes to the lowest cost per score, and every bid is in the trace', async () => {
    const { outcome, events } = await hold({
      parts: {
        de: bidder(bid({ score: 0.5, cost: 0.01 }), 'Regen'),
        fr: bidder(bid({ score: 1, cost: 0.015 }), 'pluie'),
        es: bidder(bid({ willing: false, why: 'I am on leave.' }), 'lluvia'),
      },
      pattern: { tasks: ['Translate "rain".'], bidders: ['de', 'fr', 'es'] },
    })
    expect(outcome).toEqual({ state: 'succeeded', output: ['pluie'] })
    const [award, ...more] = decisions(events, 'award')
    expect(more).toEqual([])
    expect(award).toMatchObject({
      key: 'tasks/1/round-1',
      reason: 'fr asks 0.015 USD at a score of 1, 0.015 per score: the least of 2',
      values: {
        winner: 'fr',
        task: 'Translate "rain".',
        bids: {
          de: { score: 0.5, cost: 0.01, costPerScore: 0.02 },
          fr: { score: 1, cost: 0.015, time: 10, costPerScore: 0.015 },
          es: { willing: false, rejected: 'it is not willing: I am on leave.' },
        },
      },
    })
  })

  it('is bid for without asking those whose bid is declared', async () => {
    const { events, outcome } = await hold({
      parts: { de: ['Regen'], fr: bidder(bid({ cost: 1 }), 'pluie') },
      pattern: { tasks: ['rain'], bidders: { de: { score: 0.9, cost: 0.02, time: 30 }, fr: {} } },
    })
    expect(outcome).toMatchObject({ output: ['Regen'] })
    expect(invocations(events)).toEqual(['bids/1/fr', 'tasks/1/round-1/de'])
  })

  it('is handed alone, without the list that it comes from, and can be read by templates as item', async () => {
    const { told, outcome } = await hold({
      parts: { de: ['Regen'] },
      agents: { fr: { role: 'You are fr.', prompt: 'To French: ${item.title}' } },
      input: { chapters: [{ title: 'Rain' }, { title: 'Rivers' }], tone: 'plain' },
      pattern: {
        tasks: '${input.chapters}',
        bidders: { de: { score: 1, cost: 0 }, fr: { score: 1, cost: 1 } },
      },
      more: { input: { chapters: { type: 'array' }, tone: { type: 'string' } } },
    })
    expect(outcome).toMatchObject({ output: ['Regen', 'All is well.'] })
    expect(told).toEqual(
      expect.arrayContaining([expect.stringContaining('"title": "Rain"'), 'To French: Rivers']),
    )
    expect(told.join()).toContain('tone: plain')
    expect(told.join()).not.toContain('chapters')
  })

  it('waits while all who could do it are busy', async () => {
    const { events, outcome } = await hold({
      parts: { de: ['Regen'], fr: ['pluie'] },
      pattern: {
        tasks: ['rain', 'river'],
        bidders: { de: { score: 1, cost: 0 }, fr: { score: 0.1, cost: 0 } },
      },
    })
    expect(outcome).toMatchObject({ output: ['Regen', 'Regen'] })
    const [wait, ...more] = decisions(events, 'wait')
    expect(more).toEqual([])
    expect(wait).toMatchObject({
      key: 'tasks',
      reason: 'task 2 waits: everybody with a valid bid is busy',
      values: { bids: { de: { rejected: 'it is busy: 1 at once is all that it takes' } } },
    })
    const ends = events.flatMap(event => ('key' in event && event.key.endsWith('/de') ? [event.type] : []))
    expect(ends).toEqual(['step.started', 'step.succeeded', 'step.started', 'step.succeeded'])
  })

  it('goes to a dearer bidder at once rather than wait for the best, and to the best with more capacity', async () => {
    const bidders = { de: { score: 1, cost: 0 }, fr: { score: 1, cost: 1 } }
    const parts: Record<string, Part> = { de: ['Regen'], fr: ['pluie'] }
    const pattern = { tasks: ['rain', 'river'], bidders }
    expect((await hold({ parts, pattern })).outcome).toMatchObject({ output: ['Regen', 'pluie'] })
    const { outcome } = await hold({ parts, pattern: { ...pattern, capacity: 2 } })
    expect(outcome).toMatchObject({ output: ['Regen', 'Regen'] })
  })
})

describe('the results', () => {
  const parts: Record<string, Part> = {
    de: ['Regen'],
    fr: ['pluie'],
    editor: told => (told.includes('Name every contradiction') ? { contradictions: [] } : 'The book.'),
  }
  const pattern = {
    tasks: ['rain', 'river'],
    bidders: { de: { score: 1, cost: 0 }, fr: { score: 1, cost: 1 } },
  }

  it('become one text, or are put together by an agent', async () => {
    const { editor, ...bidders } = parts
    const joined = await hold({ parts: bidders, pattern: { ...pattern, assemble: 'concat' } })
    expect(joined.outcome).toMatchObject({ output: 'Regen\n\npluie' })
    const { outcome, told } = await hold({
      parts: { ...bidders, ...(editor && { editor }) },
      pattern: { ...pattern, assemble: 'editor' },
      more: { output: '${steps.editor.output}' },
    })
    expect(outcome).toMatchObject({ output: 'The book.' })
    expect(told.at(-1)).toContain('From task 2 (fr):\npluie')
  })
})

describe('a winner that fails', () => {
  const pattern = {
    tasks: ['rain'],
    bidders: { de: { score: 1, cost: 0 }, fr: { score: 1, cost: 1 }, es: { score: 1, cost: 2 } },
  }

  it('is left out, and the task is awarded again', async () => {
    const { outcome, events } = await hold({ parts: { de: [''], fr: ['pluie'], es: ['lluvia'] }, pattern })
    expect(outcome).toMatchObject({ output: ['pluie'] })
    expect(invocations(events)).toEqual(['tasks/1/round-1/de', 'tasks/1/round-2/fr'])
    const [, second] = decisions(events, 'award')
    expect(second?.reason).toMatch(/^again, without de: fr asks 1 USD/)
    expect(second?.values).toMatchObject({
      bids: { de: { rejected: expect.stringMatching(/^it won, and failed: /) } },
    })
  })

  it('ends the run once there were as many rounds as may be; a resume asks the last one again', async () => {
    const run = await hold({
      parts: { de: [''], fr: [''], es: ['lluvia'] },
      pattern: { ...pattern, rounds: 2 },
    })
    const error = failureOf(run)
    expect(error).toMatchObject({ code: 'limit-rounds', exit: 3 })
    expect(error.message).toMatch(
      /^task 1 "rain" was awarded as often as it may be \(rounds: 2\).*\n {2}de: .*\n {2}fr: /,
    )
    expect(error.details.hint).toContain('crew resume')
    const outcome = await playOn(run, { fr: ['pluie'] })
    expect(outcome).toMatchObject({ output: ['pluie'] })
    const steps = invocations(await run.store.events(run.id))
    expect(steps.filter(key => key.endsWith('/de'))).toHaveLength(1)
  })

  it('ends the run when nobody is left', async () => {
    const { es, ...two } = pattern.bidders
    const run = await hold({ parts: { de: [''], fr: [''] }, pattern: { tasks: ['rain'], bidders: two } })
    expect(es.cost).toBe(2)
    expect(failureOf(run)).toMatchObject({
      code: 'nobody-willing',
      message: expect.stringMatching(
        /^no valid bid is left for task 1 "rain"\n {2}de: it won, and failed: .*\n {2}fr: it won, and failed/,
      ),
    })
    expect(await playOn(run, { fr: ['pluie'] })).toMatchObject({ output: ['pluie'] })
  })
})

describe('without a valid bid', () => {
  it('nobody begins to work, and the error has every bid and its reason', async () => {
    const run = await hold({
      parts: {
        de: bidder(bid({ capable: false, why: 'I know no Latin.' }), 'never'),
        fr: bidder(bid({ score: 0.2 }), 'never'),
        es: bidder('What?', 'never'),
        it: bidder(bid({ cost: -1 }), 'never'),
      },
      pattern: { tasks: ['rain'], bidders: ['de', 'fr', 'es', 'it'] },
    })
    const error = failureOf(run)
    expect(error).toMatchObject({ code: 'nobody-willing', exit: 1 })
    expect(error.message.split('\n')).toEqual([
      'there is no valid bid for task 1 "rain"',
      '  de: it is not capable: I know no Latin.',
      '  fr: its score of 0.2 is below 0.5',
      expect.stringMatching(/^ {2}es: it made no bid: es gave an output that does not fit/),
      '  it: -1 is no price',
    ])
    expect(error.details.hint).toBe('name another bidder who can do it, or lower minScore')
    expect(decisions(run.events, 'no-award')[0]?.values).toMatchObject({ bids: { fr: { score: 0.2 } } })
    expect(invocations(run.events).filter(key => key.startsWith('tasks'))).toEqual([])
    const outcome = await playOn(run, { es: bidder(bid(), 'lluvia') })
    expect(outcome).toMatchObject({ state: 'succeeded', output: ['lluvia'] })
  })

  it('the other tasks are done all the same where that is wanted, unless nothing is', async () => {
    const part: Part = told =>
      told.includes('Make your bid') ? bid({ willing: !told.includes('dam') }) : 'Regen'
    const pattern = { bidders: ['de'], onFailure: 'continue' }
    const { outcome, events } = await hold({
      parts: { de: part },
      pattern: { ...pattern, tasks: ['dam', 'rain'] },
    })
    expect(outcome).toMatchObject({ output: [null, 'Regen'] })
    expect(decisions(events, 'partial')[0]).toMatchObject({ reason: 'went on without task 1' })
    const nothing = await hold({ parts: { de: part }, pattern: { ...pattern, tasks: ['dam', 'other dam'] } })
    expect(failureOf(nothing)).toMatchObject({
      code: 'task-failed',
      message: expect.stringMatching(/^none of the tasks was done\n {2}1: there is no valid bid/),
    })
  })
})

describe('an auction', () => {
  it('whose winners all failed says so in the order of the tasks, and to mend them', async () => {
    const fails = { kind: 'command', run: ['node', '-e', 'process.exit(1)'], effects: 'pure' }
    const definition = (pattern: object) => ({
      agents: { de: fails, fr: fails },
      pattern: {
        kind: 'auction',
        bidders: { de: { score: 1, cost: 1 }, fr: { score: 1, cost: 2 } },
        ...pattern,
      },
    })
    const one = await finish(await team(definition({ tasks: ['a'] })))
    expect(failureOf(one).details.hint).toMatch(/^mend what failed/)
    const all = await finish(await team(definition({ tasks: ['a', 'b'], onFailure: 'continue' })))
    expect(failureOf(all).message).toMatch(/\n {2}1: .*\n {2}2: /s)
  })

  it.each([
    ['half of a bid', { tasks: ['a'], bidders: { de: { score: 1 } } }, /needs a score and a cost/],
    ['no bidder', { tasks: ['a'], bidders: {} }, /name at least one bidder/],
    ['an unknown bidder', { tasks: ['a'], bidders: ['de', 'dee'] }, /there is no agent "dee"/],
  ])('with %s is refused', async (_, pattern, complaint) => {
    const definition = { agents: { de: {} }, pattern: { kind: 'auction', ...pattern } }
    await expect(team(definition)).rejects.toThrow(complaint)
  })

  it('of something that is no list fails before anybody is asked', async () => {
    const run = await hold({ parts: { de: ['Regen'] }, pattern: { tasks: '${input.task}', bidders: ['de'] } })
    expect(failureOf(run)).toMatchObject({
      code: 'template-failed',
      message: expect.stringContaining('"tasks" gives no list'),
    })
  })

  it('that asks too often ends at the limit of the run', async () => {
    const run = await hold({
      parts: { de: bidder(bid(), 'Regen') },
      pattern: { tasks: ['a', 'b'], bidders: ['de'] },
      more: { limits: { invocations: 3 } },
    })
    expect(failureOf(run).code).toBe('limit-invocations')
  })
})
