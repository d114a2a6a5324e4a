import { describe, expect, it } from 'vitest'
import type { Json } from '../../src/json.ts'
import { decisions, failureOf, invocations, type Play, play, playOn } from '../helpers/play.ts'
import { storeWith } from '../helpers/runs.ts'
import { finish, team } from '../helpers/teams.ts'

const member = (name: string, more: object = {}) => ({ role: `You are ${name}.`, ...more })
const data = { output: { type: 'object' } }
const strict = { check: [{ that: 'output == "good"' }], retry: { attempts: 1 } }

/** Runs agents that are the parts, after events. */
const flow = ({ pattern, ...setup }: Play) =>
  play({
    ...setup,
    pattern: { kind: 'events', start: 'order.created', ...pattern },
    input: { task: 'Two cups.' },
  })

describe('an event', () => {
  it('is the input at first, then what a subscriber gave, until none is left', async () => {
    const run = await flow({
      parts: { stock: [{ reserved: 2 }], shipping: ['Sent.'] },
      more: { stock: data },
      pattern: {
        on: {
          'order.created': [{ agent: 'stock', publish: 'stock.reserved' }],
          'stock.reserved': ['shipping'],
        },
      },
    })
    expect(run.outcome).toEqual({ state: 'succeeded', output: 'Sent.' })
    expect(invocations(run.events)).toEqual([
      'events/order.created-1/stock/reaction',
      'events/stock.reserved-2/shipping/reaction',
    ])
    expect(run.told[0]).toContain('Two cups.')
    expect(run.told[1]).toContain('From stock:\n{\n  "reserved": 2\n}')
    expect(run.told[1]).toContain('"stock.reserved" has happened.')
    const facts = run.events
      .filter(({ type }) => type.startsWith('message.'))
      .map(({ type }) => type.slice(8))
    expect(facts).toEqual(['sent', 'delivered', 'acknowledged', 'sent', 'delivered', 'acknowledged'])
    expect(decisions(run.events, 'end')[0]).toMatchObject({
      reason: 'no event is left',
      values: { events: 2, dead: 0 },
    })
  })

  it('has all its subscribers work at once, unless there is a limit', async () => {
    const order = async (more: object) => {
      const { events } = await flow({
        parts: { a: ['1'], b: ['2'] },
        pattern: { on: { 'order.created': ['a', 'b'] }, ...more },
      })
      return events.flatMap(event =>
        event.type === 'step.started' || event.type === 'step.succeeded'
          ? event.key.endsWith('/reaction')
            ? [event.type.slice(5)]
            : []
          : [],
      )
    }
    expect(await order({})).toEqual(['started', 'started', 'succeeded', 'succeeded'])
    expect(await order({ concurrency: 1 })).toEqual(['started', 'succeeded', 'started', 'succeeded'])
  })

  it('is seen by templates and conditions, with the state and the topics so far', async () => {
    const run = await flow({
      parts: { stock: [{ left: 3 }], clerk: ['ok'], buyer: ['never'] },
      more: {
        stock: data,
        clerk: {
          prompt: '${event.topic} by ${event.from}: ${event.payload.left} left, ${state.task} ${topics}',
        },
      },
      pattern: {
        on: {
          'order.created': [{ agent: 'stock', publish: 'stock.reserved' }],
          'stock.reserved': [
            { agent: 'clerk', when: 'event.payload.left > 0' },
            { agent: 'buyer', when: 'state.left == 0 && "order.created" in topics' },
          ],
        },
      },
    })
    expect(run.told[1]).toContain(
      'stock.reserved by stock: 3 left, Two cups. ["order.created","stock.reserved"]',
    )
    expect(run.events).toContainEqual(
      expect.objectContaining({
        type: 'step.skipped',
        key: 'events/stock.reserved-2/buyer',
        reason: 'when: state.left == 0 && "order.created" in topics',
      }),
    )
  })

  it('is published under the topics whose conditions hold, and that is a decision', async () => {
    const run = await flow({
      parts: { stock: [{ ok: false }], buyer: ['bought'] },
      more: { stock: data },
      pattern: {
        on: {
          'order.created': [
            {
              agent: 'stock',
              publish: [
                { topic: 'stock.reserved', when: 'output.ok' },
                { topic: 'stock.missing', when: '!output.ok' },
              ],
            },
          ],
          'stock.missing': ['buyer'],
        },
      },
    })
    expect(run.outcome).toMatchObject({ output: 'bought' })
    expect(decisions(run.events, 'publish')[0]).toMatchObject({
      key: 'events/order.created-1/stock',
      reason: 'publishes stock.missing',
      values: { conditions: ['stock.reserved: output.ok', 'stock.missing: !output.ok'] },
    })
  })

  it('has a name that says where it comes from, and not who was faster', async () => {
    const run = await flow({
      parts: { a: ['1'], b: ['2'], c: ['3'] },
      pattern: {
        on: {
          'order.created': [
            { agent: 'a', publish: ['x', 'y'] },
            { agent: 'b', publish: 'x' },
          ],
          x: [{ agent: 'c', publish: 'z' }],
        },
      },
    })
    const names = run.events.flatMap(event =>
      event.type === 'step.started' && /^events.[xyz]-[^/]*$/.test(event.key.replace(/.c$/, ''))
        ? [event.key]
        : [],
    )
    expect(names.toSorted()).toEqual([
      'events/x-1.2.1/c',
      'events/x-2/c',
      'events/y-1.1_2.1',
      'events/z-1.2.2',
      'events/z-3',
    ])
  })

  it('is published by an agent itself, with a tool', async () => {
    const call = (topic: string, payload: Json) => ({ tool: 'publish', args: { topic, payload } })
    const run = await flow({
      parts: {
        stock: [{ calls: [call('a', { x: 1 }), call('b', { y: 2 })] }, 'Done.'],
        clerk: ['ok'],
      },
      pattern: {
        on: { 'order.created': ['stock'], a: [{ agent: 'clerk', publish: [] }] },
        topics: ['b'],
        until: 'has(state.y)',
      },
    })
    expect(run.outcome.state).toBe('succeeded')
    const sent = run.events.flatMap(event => (event.type === 'message.sent' ? [event.message.topic] : []))
    expect(sent).toEqual(['order.created', 'a', 'b'])
    expect(decisions(run.events, 'end')[0]?.reason).toBe('this holds: has(state.y)')
  })

  it('ends everything when the condition holds, and cancels who is still at work', async () => {
    const slow = ['node', '-e', 'setTimeout(() => {}, 60000)']
    const run = await flow({
      parts: { ann: [{ done: true }] },
      more: { ann: data, slow: { kind: 'command', run: slow, stdin: 'none', effects: 'pure' } },
      pattern: {
        start: 'go',
        on: { go: ['slow', { agent: 'ann', publish: 'done' }] },
        until: 'has(state.done)',
      },
    })
    expect(run.outcome).toEqual({ state: 'succeeded', output: { done: true } })
    expect(decisions(run.events, 'end')[0]?.values).toMatchObject({ cancelled: ['go-1/slow'] })
  })
})

describe('a reaction that fails', () => {
  const pattern = {
    on: {
      'order.created': [
        { agent: 'stock', publish: 'stock.reserved' },
        { agent: 'fraud', publish: [] },
      ],
      'stock.reserved': [{ agent: 'shipping', publish: [] }],
    },
  }

  it('is called for again, until it succeeds', async () => {
    const run = await flow({
      parts: { stock: ['bad', 'good'], fraud: ['fine'], shipping: ['sent'] },
      more: { stock: strict },
      pattern,
    })
    expect(run.outcome).toEqual({ state: 'succeeded', output: 'sent' })
    expect(invocations(run.events)).toContain('events/order.created-1/stock/reaction-again-2')
    expect(decisions(run.events, 'redeliver')[0]).toMatchObject({
      reason: expect.stringMatching(/^stock failed: .*check 1/),
      values: { error: 'check-failed', delivery: 1, of: 3 },
    })
    const deliveries = run.events.flatMap(event =>
      event.type === 'message.delivered' && event.to === 'stock' ? [event.attempt] : [],
    )
    expect(deliveries).toEqual([1, 2])
  })

  it('is a dead letter after the third delivery, and the others go on', async () => {
    const run = await flow({
      parts: { stock: ['bad'], fraud: ['fine'], shipping: ['sent'] },
      more: { stock: strict },
      pattern,
      output: '${steps["dead-letters"].output}',
    })
    expect(run.outcome).toEqual({
      state: 'succeeded',
      output: [
        {
          topic: 'order.created',
          to: 'stock',
          reason: expect.stringContaining('fails check 1'),
          payload: { task: 'Two cups.' },
        },
      ],
    })
    expect(invocations(run.events).filter(key => key.includes('stock'))).toHaveLength(3)
    expect(run.events).toContainEqual(expect.objectContaining({ type: 'message.dead', to: 'stock' }))
    expect(decisions(run.events, 'dead-letter')).toHaveLength(1)
  })

  it('is not called for again when crew has given it up already', async () => {
    const run = await flow({
      parts: { stock: ['bad'], fraud: ['fine'], shipping: ['sent'] },
      more: { stock: { ...strict, retry: { attempts: 2, backoff: '1ms' } } },
      pattern,
    })
    expect(invocations(run.events).filter(key => key.includes('stock'))).toHaveLength(1)
    expect(decisions(run.events, 'dead-letter')[0]?.reason).toContain('(tried 2 times)')
  })

  it('is not called for again when a repetition may do harm', async () => {
    const run = async (effects: object) => {
      const fail = { kind: 'command', run: ['node', '-e', 'process.exit(1)'], stdin: 'none', ...effects }
      const definition = {
        agents: { fail },
        pattern: { kind: 'events', start: 'a', on: { a: [{ agent: 'fail', publish: [] }] } },
      }
      return finish(await team(definition), { input: { task: 'x' } })
    }
    const once = await run({})
    expect(failureOf(once)).toMatchObject({ code: 'task-failed' })
    expect(failureOf(once).message).toContain('every reaction failed')
    expect(invocations(once.events)).toHaveLength(1)
    expect(invocations((await run({ effects: 'pure' })).events)).toHaveLength(3)
  })

  it('fails the run when the goal is missed, and a resume has only that done again', async () => {
    const parts = { stock: ['bad'], fraud: ['fine'], shipping: [{ shipped: true }] }
    const until = 'has(state.shipped)'
    const run = await flow({
      parts,
      more: { stock: strict, shipping: data },
      pattern: {
        ...pattern,
        on: { ...pattern.on, 'stock.reserved': [{ agent: 'shipping', publish: 'order.shipped' }] },
        until,
      },
    })
    const error = failureOf(run)
    expect(error.code).toBe('task-failed')
    expect(error.message).toContain(`no event is left, and this never came to hold: ${until}`)
    expect(error.message).toContain('the events were: order.created')
    expect(error.message).toMatch(/stock did not react to order.created: .*check 1/)

    expect(await playOn(run, { ...parts, stock: ['good'] })).toEqual({
      state: 'succeeded',
      output: { shipped: true },
    })
    const after = (await run.store.events(run.id)).slice(run.events.length)
    expect(invocations(after)).toEqual([
      'events/order.created-1/stock-resumed-1/reaction',
      'events/stock.reserved-2/shipping/reaction',
    ])
    // And that resume may be killed anywhere.
    const all = [...run.events, ...after]
    for (let kept = run.events.length + 1; kept < all.length; kept += 1) {
      const before = all.slice(0, kept)
      const store = await storeWith(before, run.id)
      const ended = await playOn({ ...run, store }, { ...parts, stock: ['good'] })
      expect(ended, `killed behind event ${kept}`).toEqual({ state: 'succeeded', output: { shipped: true } })
    }
  })
})

describe('events', () => {
  it('that nobody subscribes to are dead letters, unless their topics are declared', async () => {
    const run = await flow({
      parts: { stock: ['x'] },
      pattern: {
        on: { 'order.created': [{ agent: 'stock', publish: ['lost', 'known'] }] },
        topics: ['known'],
      },
      output: '${steps["dead-letters"].output}',
    })
    expect(run.outcome).toMatchObject({
      output: [{ topic: 'lost', to: null, reason: 'nobody subscribes', payload: 'x' }],
    })
  })

  it('that never end are a storm: the circle and the counts are told, and a resume allows as many again', async () => {
    let count = 0
    const parts = { stock: () => `s${++count}`, buyer: () => `b${++count}` }
    const run = await flow({
      parts,
      pattern: {
        on: {
          'order.created': [{ agent: 'stock', publish: 'stock.missing' }],
          'stock.missing': [{ agent: 'buyer', publish: 'order.created' }],
        },
        events: 5,
      },
    })
    const error = failureOf(run)
    expect(error).toMatchObject({ code: 'limit-rounds', exit: 3 })
    expect(error.message).toBe(
      [
        'there were 5 events, as many as may be, and stock publishes stock.missing',
        'the events go in a circle: stock.missing → order.created → stock.missing',
        'so far: order.created 3 times, stock.missing 2 times',
      ].join('\n  '),
    )
    expect(await playOn(run, parts)).toMatchObject({ state: 'failed', error: { code: 'limit-rounds' } })
    expect(invocations(await run.store.events(run.id))).toHaveLength(10)
  })

  it('that end without the goal say what there is instead', async () => {
    const error = failureOf(
      await flow({
        parts: { stock: [{ reserved: 1 }] },
        more: { stock: data },
        pattern: {
          on: { 'order.created': [{ agent: 'stock', publish: 'stock.reserved' }] },
          until: 'has(state.shipped)',
        },
      }),
    )
    expect(error.code).toBe('nobody-willing')
    expect(error.message).toContain('the events were: order.created, stock.reserved')
    expect(error.message).toContain('the state is: task, reserved')
    expect(error.message).toContain('stock.reserved: nobody subscribes')
  })

  it('let a limit of the whole run through', async () => {
    const run = await flow({
      parts: { ann: ['a'] },
      rest: { limits: { invocations: 3 } },
      pattern: { start: 'a', on: { a: [{ agent: 'ann', publish: 'a' }] } },
    })
    expect(failureOf(run).code).toBe('limit-invocations')
  })

  it.each([
    ['a start that nobody subscribes to', { start: 'b' }, /nobody subscribes to "b"/],
    ['an agent that subscribes twice', { on: { a: ['ann', 'ann'] } }, /"ann" subscribes twice to "a"/],
    ['an agent that does not exist', { on: { a: ['ann', 'anne'] } }, /there is no agent "anne"/],
    ['a topic that is none', { on: { 'a/b': ['ann'], a: ['ann'] } }, /letters, digits/],
    [
      'an output that is read before there is one',
      { on: { a: [{ agent: 'ann', when: 'output.ok', publish: 'b' }] } },
      /there is no output before "ann" has reacted/,
    ],
  ])('are refused with %s', async (_, more, complaint) => {
    const pattern = { kind: 'events', start: 'a', on: { a: ['ann'] }, ...more }
    await expect(team({ agents: { ann: member('ann') }, pattern })).rejects.toThrow(complaint)
  })
})
