import { describe, expect, it } from 'vitest'
import { resume as resumeTeam } from '../../src/app.ts'
import type { Context } from '../../src/engine/context.ts'
import { Board } from '../../src/exchange/board.ts'
import type { Grants } from '../../src/exchange/grants.ts'
import { Mailbox } from '../../src/exchange/mailbox.ts'
import type { Json, JsonObject } from '../../src/json.ts'
import type { Event, FactOf } from '../../src/store/events.ts'
import { viewOf } from '../../src/store/view.ts'
import { exchangeTools } from '../../src/tools/exchange/index.ts'
import { resume, start, storeWith, temporaryStore } from '../helpers/runs.ts'
import { scripted } from '../helpers/scripted.ts'
import { finish, team } from '../helpers/teams.ts'

type Call = readonly [agent: string, tool: string, args: JsonObject]

/** Has agents call tools one after the other, each call as a step; gives what each was told. */
function calling(calls: readonly Call[], grants: Grants, listed: readonly string[] = []) {
  return (recorded: readonly Event[]) => {
    const exchanged = viewOf(recorded).exchanged
    const exchange = { board: new Board(exchanged), mailbox: new Mailbox(exchanged) }
    return async (ctx: Context) => {
      const told: Json[] = []
      for (const [index, [agent, name, args]] of calls.entries()) {
        const part = {
          agent,
          others: ['a', 'b', 'c'],
          exchange,
          refusal: () => 'nobody answers',
          ask: async () => null,
        }
        const tool = exchangeTools(part, listed, grants).find(one => one.name === name)
        const step = { kind: 'tool', input: { tool: name, arguments: args } }
        told.push(
          await ctx.step(`call-${index + 1}`, step, async inner =>
            tool
              ? tool.call(args, { root: '.', ctx: inner, signal: inner.signal, aside: wait => wait() })
              : `no tool ${name}`,
          ),
        )
      }
      return told
    }
  }
}

async function told(calls: readonly Call[], grants: Grants = {}, listed: readonly string[] = []) {
  const store = await temporaryStore()
  const outcome = await start(store, calling(calls, grants, listed)([]))
  const events = await store.events('run1')
  return { outcome, events, told: outcome.state === 'succeeded' ? (outcome.output as Json[]) : [] }
}

function sent(events: readonly Event[]) {
  return events.filter((event): event is Event & FactOf<'message.sent'> => event.type === 'message.sent')
}

describe('the tools of an agent', () => {
  const part = {
    agent: 'a',
    others: ['b', 'c'],
    exchange: { board: new Board([]), mailbox: new Mailbox([]) },
    refusal: () => undefined,
    ask: async () => null,
  }
  const names = (listed: string[], grants?: Grants) =>
    exchangeTools(part, listed, grants).map(({ name }) => name)

  it('are those that the pattern grants', () => {
    expect(names([])).toEqual([])
    expect(names([], { handOff: ['b'] })).toEqual(['hand_off'])
    expect(names([], { publish: ['news'] })).toEqual(['publish'])
    expect(names([], { send: ['b'] })).toEqual(['send_message', 'read_messages'])
    expect(names([], { write: ['plan'] })).toEqual(['read_board', 'write_board'])
    expect(names([], { handOff: [], publish: [], send: [], write: [] })).toEqual([])
  })

  it('are also those that its team file lists, once each', () => {
    const listed = ['ask_agent', 'write_board', 'send_message', 'read_file']
    expect(names(listed, { write: ['plan'] })).toEqual([
      'send_message',
      'read_board',
      'write_board',
      'ask_agent',
    ])
  })

  it('allow the names that are granted, and no others', () => {
    const [tool] = exchangeTools(part, [], { handOff: ['b'] })
    expect(tool?.parameters).toMatchObject({ properties: { to: { enum: ['b'] } }, required: ['to', 'task'] })
  })
})

describe('hand_off', () => {
  it('sends what the receiver needs, and tells the model to end its turn', async () => {
    const args = { to: 'b', task: 'Fix it', summary: 'Found it', constraints: ['be quick'] }
    const {
      told: [answer],
      events,
    } = await told([['a', 'hand_off', args]], { handOff: ['b'] })
    expect(answer).toMatch(/passes to b when you end your turn/)
    const payload = { task: 'Fix it', summary: 'Found it', knowledge: '', constraints: ['be quick'] }
    expect(sent(events)).toMatchObject([{ message: { type: 'handoff', from: 'a', to: 'b', payload } }])
  })

  it('refuses somebody to whom nothing may be handed', async () => {
    const { outcome } = await told([['a', 'hand_off', { to: 'c', task: 'x' }]], { handOff: ['b'] })
    expect(outcome).toMatchObject({ state: 'failed', error: { code: 'tool-failed', message: /to: .*"b"/ } })
  })
})

describe('publish', () => {
  it.each([
    ['an object', { a: 1 }, { a: 1 }],
    ['JSON text', '{"a":1}', { a: 1 }],
    ['plain text', 'It rains.', 'It rains.'],
  ])('takes %s', async (_, payload, published) => {
    const { events } = await told([['a', 'publish', { topic: 'news', payload }]], { publish: ['news'] })
    expect(sent(events)).toMatchObject([{ message: { type: 'event', topic: 'news', payload: published } }])
  })
})

describe('messages', () => {
  const send: Call = ['a', 'send_message', { to: 'b', payload: 'Hello' }]

  it('reach those who read, once', async () => {
    const read: Call = ['b', 'read_messages', {}]
    const { told: answers, events } = await told([send, read, read, ['c', 'read_messages', {}]], {
      send: ['b'],
    })
    const none = 'There are no new messages.'
    expect(answers.slice(1)).toEqual([
      [{ id: 'call-1', type: 'status', from: 'a', payload: 'Hello' }],
      none,
      none,
    ])
    expect(events.map(({ type }) => type)).toContain('message.acknowledged')
  })

  it('to everybody reach all but the sender', async () => {
    const all: Call = ['a', 'send_message', { to: 'everybody', payload: 'Hello', type: 'help.request' }]
    const { told: answers } = await told(
      [all, ['a', 'read_messages', {}], ['b', 'read_messages', {}], ['c', 'read_messages', {}]],
      { send: ['b'] },
    )
    const message = [{ id: 'call-1', type: 'help.request', from: 'a', payload: 'Hello' }]
    expect(answers.slice(1)).toEqual(['There are no new messages.', message, message])
  })

  it('are neither lost nor sent twice, wherever the process dies', async () => {
    const program = calling([send, ['b', 'read_messages', {}], ['b', 'read_messages', {}]], { send: ['b'] })
    const store = await temporaryStore()
    const whole = await start(store, program([]))
    const events = await store.events('run1')
    for (let length = 1; length < events.length - 1; length += 1) {
      const recorded = events.slice(0, length)
      const again = await storeWith(recorded)
      expect(await resume(again, program(recorded))).toEqual(whole)
      expect(sent(await again.events('run1'))).toHaveLength(1)
    }
  })
})

describe('the board', () => {
  const write = (agent: string, value: Json, more: JsonObject = {}): Call => [
    agent,
    'write_board',
    { name: 'plan', value, ...more },
  ]

  it('shows values with version and writer', async () => {
    const { told: answers } = await told(
      [
        ['a', 'read_board', {}],
        write('a', '{"steps":2}'),
        ['b', 'read_board', {}],
        ['b', 'read_board', { name: 'x' }],
      ],
      {},
      ['read_board', 'write_board'],
    )
    expect(answers).toEqual([
      'The board is empty.',
      'Written: plan has version 1 now.',
      { plan: { value: { steps: 2 }, version: 1, by: 'a' } },
      'There is no x on the board.',
    ])
  })

  it('refuses a write that does not know the one before, and says who wrote what', async () => {
    const { told: answers, events } = await told(
      [
        write('a', 'tea'),
        write('b', 'coffee', { expected: 0 }),
        write('b', 'tea and coffee', { expected: 1 }),
      ],
      { write: ['plan'] },
    )
    expect(answers[1]).toMatch(/Not written: a wrote plan .* version 1 and is now:\ntea\n.*expected: 1/s)
    expect(answers[2]).toBe('Written: plan has version 2 now.')
    const values = { name: 'plan', by: 'a', version: 1, expected: 0 }
    expect(events).toContainEqual(expect.objectContaining({ what: 'write-refused', key: 'call-2', values }))
  })

  it('takes no name that is not granted, and none that templates could not name', async () => {
    const other: Call = ['a', 'write_board', { name: '__proto__', value: 1 }]
    expect((await told([other], { write: ['plan'] })).outcome).toMatchObject({
      error: { code: 'tool-failed' },
    })
    expect((await told([other], {}, ['write_board'])).outcome).toMatchObject({
      error: { code: 'tool-failed' },
    })
  })
})

const asking = (agent: string, more: JsonObject = {}) => ({
  calls: [{ tool: 'ask_agent', args: { agent, question: 'What is the price?', ...more } }],
})

const member = (name: string, more: object = {}) => ({
  role: `You are ${name}.`,
  tools: ['ask_agent'],
  ...more,
})

/** The last thing that an agent was told. */
const last = (told: string) => told.slice(told.lastIndexOf('\n\n'))

describe('ask_agent', () => {
  const definition = (agents: object, limits: object = {}) => ({
    agents,
    limits,
    pattern: { kind: 'pipeline', stages: ['writer'] },
  })

  it('gives the answer of another agent, in a place that the asking one leaves to it', async () => {
    const server = await scripted({
      writer: told => (told.includes('tool: ') ? `I heard:${last(told)}` : asking('clerk')),
      clerk: told => (told.includes('writer asks you:\nWhat is the price?') ? '12 euros' : 'What?'),
    })
    const agents = { writer: member('writer'), clerk: { role: 'You are clerk.' } }
    const { outcome, events } = await finish(await team(definition(agents, { concurrency: 1 })), {
      input: { task: 'go' },
      env: server.env,
    })
    expect(outcome).toMatchObject({ state: 'succeeded', output: expect.stringContaining('tool: 12 euros') })
    const key = 'writer/turn-1/tool-1'
    const conversation = { correlationId: key }
    expect(sent(events)).toMatchObject([
      { message: { id: key, type: 'task.request', from: 'writer', to: 'clerk', ...conversation } },
      {
        message: {
          type: 'task.response',
          from: 'clerk',
          to: 'writer',
          replyTo: key,
          payload: '12 euros',
          ...conversation,
        },
      },
    ])
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'step.started', key: `${key}/answer`, agent: 'clerk' }),
    )
  })

  it('does not go in a circle, nor further than the depth allows', async () => {
    const server = await scripted({
      writer: told => (told.includes('tool: ') ? last(told) : asking('clerk')),
      clerk: told => (told.includes('tool: ') ? last(told) : asking('boss')),
      boss: told => (told.includes('tool: ') ? last(told) : asking('writer')),
    })
    const agents = { writer: member('writer'), clerk: member('clerk'), boss: member('boss') }
    const ask = async (depth: number) => {
      const limited = await team(definition(agents, { depth }))
      return (await finish(limited, { input: { task: 'go' }, env: server.env })).outcome
    }
    const circle = 'writer waits for the answer of this itself (writer → clerk → boss → writer).'
    expect(await ask(4)).toMatchObject({ state: 'succeeded', output: expect.stringContaining(circle) })
    const depth = 'Not more than 1 may ask each other in a chain (writer → clerk → boss).'
    expect(await ask(1)).toMatchObject({ state: 'succeeded', output: expect.stringContaining(depth) })
  })

  it('goes on without an answer when the deadline is over or the other one fails', async () => {
    const server = await scripted({
      writer: told => (told.includes('tool: ') ? last(told) : asking('clerk', { deadline: 0.2 })),
    })
    const clerk = (...run: string[]) => ({ kind: 'command', effects: 'pure', run: ['node', '-e', ...run] })
    const ask = async (agent: object) =>
      finish(await team(definition({ writer: member('writer'), clerk: agent })), {
        input: { task: 'go' },
        env: server.env,
      })
    const slow = await ask(clerk('setTimeout(() => {}, 60_000)'))
    expect(slow.outcome).toMatchObject({
      output: expect.stringMatching(/clerk gave no answer: .*0\.2 seconds/),
    })
    expect(sent(slow.events).map(({ message }) => message.type)).toEqual(['task.request', 'error'])
    expect(slow.events).toContainEqual(expect.objectContaining({ type: 'step.chosen', key: 'deadline' }))
    const server2 = await scripted({
      writer: told => (told.includes('tool: ') ? last(told) : asking('clerk')),
    })
    const broken = await finish(
      await team(definition({ writer: member('writer'), clerk: clerk('process.exit(3)') })),
      { input: { task: 'go' }, env: server2.env },
    )
    expect(broken.outcome).toMatchObject({ output: expect.stringMatching(/clerk gave no answer: /) })
  })

  it('counts among the invocations of the run, also of one that is resumed', async () => {
    const server = await scripted({ writer: told => (told.includes('tool: ') ? 'Done.' : asking('clerk')) })
    const agents = { writer: member('writer'), clerk: { role: 'You are clerk.' } }
    const surroundings = { env: server.env, interrupt: new AbortController().signal, onEvent: () => {} }
    const { outcome, store, id } = await finish(await team(definition(agents, { invocations: 1 })), {
      input: { task: 'go' },
      env: server.env,
    })
    expect(outcome).toMatchObject({ state: 'failed', error: { code: 'limit-invocations' } })
    const again = (invocations: number) => async () =>
      resumeTeam(id, await store.events(id), { invocations }, { store, ...surroundings })
    expect(await again(1)()).toMatchObject({ state: 'failed', error: { code: 'limit-invocations' } })
    expect(await again(2)()).toEqual({ state: 'succeeded', output: 'Done.' })
  })
})
