import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import {
  complaints,
  decisions,
  failureOf,
  invocations,
  type Play,
  type Played,
  play,
  playOn,
} from '../helpers/play.ts'
import type { Line } from '../helpers/scripted.ts'

/** An agent that passes control to another one, whatever it is told; `args` may depend on the turn. */
function passTo(to: string, ...args: JsonObject[]) {
  let turn = 0
  return (told: string): Line => {
    if (told.includes('Control passes')) return `Over to ${to}.`
    const given = args[Math.min(turn, args.length - 1)] ?? {}
    turn += 1
    return { calls: [{ tool: 'hand_off', args: { to, ...given } }] }
  }
}

const circle = { welcome: ['it', 'finance'], it: ['welcome', 'finance'], finance: [] }

function help(parts: Play['parts'], pattern: object = {}, more: Play['more'] = {}): Promise<Played> {
  return play({ pattern: { kind: 'handoff', start: 'welcome', handoffs: circle, ...pattern }, parts, more })
}

/** An agent of the kind command that prints this. */
const printing = (answer: object, more: object = {}) => ({
  kind: 'command',
  run: ['node', '-e', `console.log(${JSON.stringify(JSON.stringify(answer))})`],
  effects: 'pure',
  exchange: true,
  ...more,
})

describe('control', () => {
  it('stays where the work is done', async () => {
    const run = await help({ welcome: ['We open at nine.'], it: [], finance: [] })
    expect(run.outcome).toEqual({ state: 'succeeded', output: 'We open at nine.' })
    expect(invocations(run.events)).toEqual(['handoff/hop-1/welcome'])
    expect(run.told[0]).toMatch(/pass control to it.*\n- it: You are it\.\n- finance: You are finance\.\n/)
  })

  it('passes with all that the receiver needs, and what was found out on the way grows', async () => {
    const run = await help({
      welcome: passTo('it', {
        task: 'Repair the screen.',
        summary: 'It fell off a train.',
        knowledge: 'The laptop is 3 years old.',
        constraints: ['Before Monday.'],
      }),
      it: passTo('finance', {
        task: 'Say what is paid.',
        summary: 'Ordered a new one.',
        knowledge: 'It costs 900 euros.',
        constraints: ['Before Monday.', 'No cash.'],
      }),
      finance: ['All is paid.'],
    })
    expect(run.outcome).toEqual({ state: 'succeeded', output: 'All is paid.' })
    expect(run.told.at(-1)).toBe(
      [
        'Help.',
        'What has been done so far:\nwelcome: It fell off a train.\nit: Ordered a new one.',
        'From welcome:\nThe laptop is 3 years old.\n\nFrom it:\nIt costs 900 euros.',
        'Keep to this:\n- Before Monday.\n- No cash.',
        'Your part now:\nSay what is paid.',
      ].join('\n\n'),
    )
    expect(decisions(run.events, 'handoff')).toMatchObject([
      {
        key: 'handoff/hop-1/welcome',
        reason: 'welcome passes control to it: "Repair the screen."',
        values: { from: 'welcome', to: 'it', path: ['welcome', 'it'], news: true, missing: [] },
      },
      { key: 'handoff/hop-2/it', values: { path: ['welcome', 'it', 'finance'] } },
    ])
  })

  it('passes by the last word when an agent changes its mind', async () => {
    const welcome = (told: string): Line => {
      const times = told.split('Control passes').length - 1
      const to = ['it', 'finance'][times]
      return to ? { calls: [{ tool: 'hand_off', args: { to, task: `Go to ${to}.` } }] } : 'Done.'
    }
    const run = await help({ welcome, it: ['I should not be asked.'], finance: ['Paid.'] })
    expect(run.outcome).toMatchObject({ output: 'Paid.' })
  })

  it('passes only to those whom the file names', async () => {
    const run = await help({
      welcome: told =>
        told.includes('wrong arguments') ? 'Then I do it.' : passTo('boss', { task: 'x' })(told),
      it: [],
      finance: [],
    })
    expect(run.outcome).toMatchObject({ output: 'Then I do it.' })
  })

  it('is passed by programs too', async () => {
    const handoff = { to: 'finance', task: 'Pay it.', summary: 'Checked.', knowledge: 'It costs 9.' }
    const run = await help(
      { finance: ['Paid.'] },
      { handoffs: { welcome: ['finance'] } },
      {
        welcome: printing({ output: 'Over to finance.', handoff }),
      },
    )
    expect(run.outcome).toMatchObject({ output: 'Paid.' })
    expect(run.told[0]).toContain('From welcome:\nIt costs 9.')
  })
})

describe('a receiver', () => {
  it('says what it lacks, and is given the output of the other in its place', async () => {
    const run = await help({ welcome: passTo('it', { task: 'Repair it.' }), it: ['Repaired.'], finance: [] })
    const acknowledged = run.events.flatMap(event => (event.type === 'message.acknowledged' ? [event] : []))
    expect(acknowledged).toMatchObject([
      { by: 'it', missing: ['summary'] },
      { by: 'it', missing: [] },
    ])
    expect(run.told.at(-1)).toContain('What has been done so far:\nwelcome: Over to it.')
    expect(decisions(run.events, 'handoff')[0]).toMatchObject({
      reason: 'welcome passes control to it: "Repair it."; its output stands in for summary',
      values: { missing: ['summary'] },
    })
  })
})

describe('control in circles', () => {
  it('is found out when nothing new was told since, with all who had it and why', async () => {
    const run = await help({
      welcome: passTo('it', { task: 'Do it.', knowledge: 'It is broken.' }, { task: 'Do it, please.' }),
      it: passTo('welcome', { task: 'Do it yourself.' }),
      finance: [],
    })
    expect(failureOf(run)).toMatchObject({
      code: 'limit-loop',
      message:
        'control goes in circles: welcome passes it to it again, without new knowledge: welcome → it ("Do it.") → welcome ("Do it yourself.") → it ("Do it, please.")',
      details: { hint: expect.stringMatching(/^have it end the work/) },
    })
    expect(invocations(run.events)).toHaveLength(3)
  })

  it('goes on as long as something new is told', async () => {
    const run = await help({
      welcome: passTo('it', { task: 'Do it.', knowledge: 'a' }, { task: 'So do it.', knowledge: 'A!' }),
      it: told =>
        told.includes('From it:') ? 'Done.' : passTo('welcome', { task: 'Ask first.', knowledge: 'b' })(told),
      finance: [],
    })
    expect(run.outcome).toMatchObject({ output: 'Done.' })
    expect(decisions(run.events, 'handoff').map(({ values }) => values?.news)).toEqual([true, true, false])
  })

  it('is found out when the very same packet comes again, whatever was told since', async () => {
    const run = await help({
      welcome: passTo('it', { task: 'Do it.', summary: 'x' }),
      it: passTo('welcome', { task: 'Say what.', summary: 'y', knowledge: 'There are two.' }),
      finance: [],
    })
    expect(failureOf(run)).toMatchObject({
      code: 'limit-loop',
      message: expect.stringContaining('with the same packet'),
    })
  })
})

describe('hops that are used up', () => {
  const parts: Play['parts'] = {
    welcome: passTo('it', { task: 'One.' }),
    it: passTo('finance', { task: 'Two.' }),
    finance: ['Three.'],
  }

  it('end it, and say on whom it would have gone', async () => {
    expect(failureOf(await help(parts, { hops: 1 }))).toMatchObject({
      code: 'limit-rounds',
      message:
        'control passed as often as it may (1), and it passes it on to finance: welcome → it ("One.") → finance ("Two.")',
    })
  })

  it('are given once more by a resume, and nobody is asked again', async () => {
    const run = await help(parts, { hops: 1 })
    expect(await playOn(run, parts)).toEqual({ state: 'succeeded', output: 'Three.' })
    expect(invocations(await run.store.events(run.id))).toEqual([
      'handoff/hop-1/welcome',
      'handoff/hop-2/it',
      'handoff/hop-3/finance',
    ])
  })
})

describe('an agent that fails after control came to it', () => {
  it('ends it, and a resume goes on with that agent', async () => {
    const strict = { it: { check: [{ that: 'output == "good"' }], retry: { attempts: 1 } } }
    const run = await help(
      { welcome: passTo('it', { task: 'Do it.' }), it: ['bad'], finance: [] },
      {},
      strict,
    )
    expect(failureOf(run)).toMatchObject({ code: 'check-failed', details: { step: 'handoff/hop-2/it' } })
    expect(await playOn(run, { it: ['good'] })).toEqual({ state: 'succeeded', output: 'good' })
  })
})

describe('a definition', () => {
  const agents = { a: { role: 'You greet.' }, b: { role: 'You repair.' }, c: { role: 'You pay.' } }

  it.each([
    ['names somebody who is not there', { a: ['b', 'd'], b: ['c'] }, 'there is no agent "d"'],
    [
      'lets an agent pass control to itself',
      { a: ['a', 'b', 'c'] },
      'an agent cannot pass control to itself',
    ],
    ['names somebody to whom it never comes', { a: ['b'], c: ['b'] }, 'control never passes to "c"'],
  ])('that %s is refused', async (_, handoffs, complaint) => {
    expect(await complaints(agents, { kind: 'handoff', start: 'a', handoffs })).toContain(complaint)
  })

  it('may let prompts see what others gave, if they did', async () => {
    const prompt = (text: string) =>
      complaints(
        { ...agents, b: { prompt: text } },
        { kind: 'handoff', start: 'a', handoffs: { a: ['b', 'c'], b: ['c'] } },
      )
    expect(await prompt('${has(steps.a) ? steps.a.output : task}')).toEqual([])
    expect(await prompt('${steps.c.output}')).toEqual(['the output of "c" does not exist yet at this point'])
  })
})
