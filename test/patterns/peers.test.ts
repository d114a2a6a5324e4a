import { describe, expect, it } from 'vitest'
import type { Json } from '../../src/json.ts'
import type { Event, Message } from '../../src/store/events.ts'
import { decisions, failureOf, invocations, play, playOn } from '../helpers/play.ts'
import type { Part } from '../helpers/scripted.ts'
import { team } from '../helpers/teams.ts'

type Need = { readonly what: string; readonly from: string | null }

const says = (can: string, ...needs: Need[]): Json => ({ can, needs: [...needs], why: `So ${can} it is.` })

/** Assesses what it is asked, and says something else when it is to work. */
const peer =
  (assessment: Json | ((told: string) => Json), work: Json = 'never'): Part =>
  told => {
    if (told.includes('Name every contradiction')) return { contradictions: [] }
    if (!told.includes('Do not do this now')) return work
    return typeof assessment === 'function' ? assessment(told) : assessment
  }

interface Setup {
  readonly parts: Readonly<Record<string, Part>>
  readonly pattern?: object
  readonly more?: object
}

/** The peers are the parts, and the first of them has the task; each is tried once. */
function meet({ parts, pattern = {}, more = {} }: Setup) {
  const peers = Object.keys(parts)
  return play({
    parts,
    pattern: { kind: 'peers', start: peers[0], peers, ...pattern },
    each: { retry: { attempts: 1 } },
    rest: more,
    input: { task: 'May we ship it?' },
  })
}

const letters = (events: readonly Event[]): Message[] =>
  events.flatMap(event => (event.type === 'message.sent' ? [event.message] : []))

const burns = { what: 'Say whether it burns.', from: 'chem' }
const legal = { what: 'Say whether it is legal.', from: 'law' }

describe('a peer with a task', () => {
  it('does it alone when it can', async () => {
    const { outcome, events, told } = await meet({
      parts: { gen: peer(says('all'), 'Ship it.'), chem: peer(says('all')) },
      more: { output: '${steps.gen.output}' },
    })
    expect(outcome).toEqual({ state: 'succeeded', output: 'Ship it.' })
    expect(invocations(events)).toEqual(['assess/gen', 'gen/work'])
    expect(told[0]).toContain('These can be asked for help:\n- chem')
    expect(decisions(events, 'assess')[0]).toMatchObject({
      key: 'assess/gen',
      reason: 'gen: So all it is.',
      values: { peer: 'gen', can: 'all', needs: [] },
    })
  })

  it('has others do parts of it at the same time, and combines what they give', async () => {
    const { outcome, events, told } = await meet({
      parts: {
        gen: peer(says('part', burns, legal), 'Ship it in a box.'),
        chem: peer(says('all'), 'It burns.'),
        law: peer(says('all'), 'It is legal.'),
      },
    })
    expect(outcome).toEqual({ state: 'succeeded', output: 'Ship it in a box.' })
    expect(invocations(events)).toEqual([
      'assess/gen',
      'gen/help-1/assess/1/chem',
      'gen/help-1/assess/2/law',
      'gen/help-1/1/chem/work',
      'gen/help-1/2/law/work',
      'gen/work-contradictions',
      'gen/work',
    ])
    expect(told[1]).toContain('gen asks you for this')
    expect(told[3]).toMatch(/May we ship it\?.*Your part now:\nSay whether/s)
    expect(told.at(-1)).toMatch(/From chem:\nIt burns\.\n\nFrom law:\nIt is legal\./)
  })

  it('writes and is written letters about it, which name the path of the request', async () => {
    const { events } = await meet({
      parts: {
        gen: peer(says('part', { ...burns, from: null }), 'Done.'),
        chem: peer(says('all'), 'It burns.'),
        law: peer(says('decline')),
      },
    })
    const about = { correlationId: 'gen/need-1' }
    const what = burns.what
    const help = (name: string) => `gen/need-1/${name}/help`
    expect(letters(events)).toEqual([
      ...['chem', 'law'].map(to => ({
        ...{ id: help(to), type: 'help.request', from: 'gen', to, ...about },
        payload: { what, path: ['gen', to] },
      })),
      {
        ...{ id: `${help('law')}/answer`, type: 'help.decline', from: 'law', to: 'gen', ...about },
        ...{ replyTo: help('law'), payload: { why: 'So decline it is.' } },
      },
      {
        ...{ id: 'gen/need-1/chem/task', type: 'task.request', from: 'gen', to: 'chem', ...about },
        payload: { what, path: ['gen', 'chem'] },
      },
      {
        ...{ id: 'gen/need-1/chem/task/answer', type: 'task.response', from: 'chem', to: 'gen', ...about },
        ...{ replyTo: 'gen/need-1/chem/task', payload: { output: 'It burns.' } },
      },
    ])
    const acknowledged = events.filter(({ type }) => type === 'message.acknowledged')
    expect(acknowledged).toHaveLength(letters(events).length)
  })

  it('takes whom it can rely on most among those who accept', async () => {
    const { events } = await meet({
      parts: {
        gen: peer(says('part', { ...burns, from: null }), 'Done.'),
        law: peer(says('part', { what: 'A test.', from: 'chem' })),
        chem: peer(says('all'), 'It burns.'),
      },
    })
    expect(decisions(events, 'assign')).toMatchObject([
      {
        reason: 'chem takes "Say whether it burns.": So all it is.',
        values: { peer: 'chem', path: ['gen', 'chem'], accepted: { law: 'part', chem: 'all' } },
      },
    ])
  })

  it('passes it on whole when it can do nothing of it; its answer is the answer', async () => {
    const { outcome, events, told } = await meet({
      parts: {
        gen: peer(says('none', { what: 'all of it', from: 'law' })),
        chem: peer(says('all')),
        law: peer(says('all'), 'No.'),
      },
      more: { output: '${steps.gen.output} ${"chem" in steps}' },
    })
    expect(outcome).toEqual({ state: 'succeeded', output: 'No. false' })
    expect(invocations(events)).toEqual(['assess/gen', 'gen/help-1/assess/1/law', 'gen/help-1/1/law/work'])
    expect(told.at(-1)).toMatch(/^May we ship it\?\n\nWhat has been done so far:\ngen had this, did nothing/)
  })

  it('does it alone when it wants help and does not say with what', async () => {
    const { outcome, events } = await meet({
      parts: { gen: peer(says('part'), 'Ship it.'), chem: peer(says('all')) },
    })
    expect(outcome).toMatchObject({ output: 'Ship it.' })
    expect(decisions(events, 'assess')[0]?.values).toMatchObject({ can: 'all' })
  })
})

describe('a peer that is asked', () => {
  it('may ask others, but nobody who waits for it', async () => {
    const { outcome, told, events } = await meet({
      parts: {
        gen: peer(says('part', burns), 'Done.'),
        chem: peer(says('part', { what: 'What is the limit?', from: 'law' }), 'Below the limit.'),
        law: peer(says('all'), 'Ten grams.'),
      },
    })
    expect(outcome).toMatchObject({ output: 'Done.' })
    expect(invocations(events)).toContain('gen/help-1/1/chem/help-1/1/law/work')
    expect(told[1]).toContain('- law')
    expect(told[1]).not.toContain('- gen')
    expect(told[2]).toContain('Nobody else can be asked for help.')
    expect(decisions(events, 'assign').map(({ values }) => values?.path)).toEqual([
      ['gen', 'chem'],
      ['gen', 'chem', 'law'],
    ])
  })

  it('is not asked at all once it has taken on what it can; what is asked first goes first', async () => {
    const chem = (what: string) => ({ what, from: 'chem' })
    const { outcome, events } = await meet({
      parts: {
        gen: peer(says('part', chem('one'), chem('two'), chem('three')), 'Done.'),
        chem: peer(says('all'), 'From chem.'),
        law: peer(told => says(told.includes('three') ? 'part' : 'decline', chem('more of it')), 'From law.'),
      },
      pattern: { capacity: 2 },
    })
    expect(decisions(events, 'assign').map(({ values }) => values?.peer)).toEqual(['chem', 'chem', 'law'])
    // Nobody but chem could help law, and chem has two requests already: it is not even asked.
    expect(outcome).toMatchObject({ state: 'failed' })
    expect(invocations(events)).not.toContain('gen/help-2/3/law/help-1/assess/1/chem')
    const declines = letters(events).filter(({ type }) => type === 'help.decline')
    expect(declines.map(({ id, payload }) => [id, payload])).toEqual([
      ['gen/need-3/chem/help/answer', { why: 'it is at capacity, 2 in a run' }],
      ['gen/help-2/3/law/need-1/chem/help/answer', { why: 'it is at capacity, 2 in a run' }],
    ])
  })

  it('and dies is replaced by another one that can do it', async () => {
    const { outcome, events } = await meet({
      parts: {
        gen: peer(says('part', burns), 'Done.'),
        chem: peer(says('all'), ''),
        law: peer(says('all'), 'I looked it up: it burns.'),
      },
    })
    expect(outcome).toMatchObject({ output: 'Done.' })
    expect(invocations(events)).toContain('gen/help-2/1/law/work')
    expect(decisions(events, 'peer-failed')[0]).toMatchObject({
      reason: expect.stringMatching(/^chem took "Say whether it burns\." and failed: /),
    })
    expect(letters(events).find(({ type }) => type === 'error')).toMatchObject({
      from: 'chem',
      replyTo: 'gen/need-1/chem/task',
    })
  })
})

describe('when nobody takes it', () => {
  const parts: Record<string, Part> = {
    gen: peer(says('none'), 'never'),
    chem: peer(says('all'), ''),
    law: peer({ ...(says('decline') as object), why: 'I am in court.' }),
  }

  it('the run fails with the reason of each', async () => {
    const error = failureOf(await meet({ parts }))
    expect(error).toMatchObject({ code: 'nobody-willing', exit: 1 })
    expect(error.message.split('\n')).toEqual([
      'nobody takes "May we ship it?", which gen asked for',
      expect.stringMatching(/^ {2}chem: it failed: /),
      '  law: I am in court.',
    ])
    expect(error.details.hint).toContain('pattern.capacity')
  })

  it('a resume tries the one again that died, and nobody else', async () => {
    const run = await meet({ parts })
    const outcome = await playOn(run, { chem: peer(says('all'), 'Ship it.') })
    expect(outcome).toEqual({ state: 'succeeded', output: 'Ship it.' })
    const since = (await run.store.events(run.id)).slice(run.events.length)
    expect(invocations(since)).toEqual(['gen/help-1/1/chem/work'])
  })

  it('a resume also asks the one again that died when it was asked', async () => {
    const run = await meet({ parts: { ...parts, chem: [''] } })
    expect(failureOf(run).message).toMatch(/chem: it failed: .*\n {2}law: I am in court\./)
    const outcome = await playOn(run, { chem: peer(says('all'), 'Ship it.') })
    expect(outcome).toEqual({ state: 'succeeded', output: 'Ship it.' })
  })

  it('because those who need help are too deep in a chain, that is the limit', async () => {
    const run = await meet({
      parts: {
        gen: peer(says('part', burns)),
        chem: peer(says('part', { what: 'What is the limit?', from: 'law' })),
        law: peer(says('all')),
      },
      pattern: { depth: 1 },
    })
    const error = failureOf(run)
    expect(error).toMatchObject({ code: 'limit-depth', exit: 3 })
    expect(error.message).toBe(
      'gen → chem: chem needs help too (So part it is.), but no more than 1 may hang on each other',
    )
    expect(invocations(run.events)).not.toContain('gen/help-1/assess/1/law')
  })

  it('and the run may not ask more often, that is the limit', async () => {
    const run = await meet({ parts, more: { limits: { invocations: 2 } } })
    expect(failureOf(run).code).toBe('limit-invocations')
  })
})

it('refuses a first peer that is none', async () => {
  const definition = {
    agents: { gen: {}, chem: {} },
    pattern: { kind: 'peers', start: 'gen', peers: ['chem'] },
  }
  await expect(team(definition)).rejects.toThrow('"gen" is not among the peers')
})
