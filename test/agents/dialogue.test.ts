import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Services } from '../../src/agents/agent.ts'
import { createCaller } from '../../src/agents/call.ts'
import { systemClock } from '../../src/clock.ts'
import { createTeamContext } from '../../src/coordination/ask.ts'
import { profileOf } from '../../src/coordination/profile.ts'
import type { Context } from '../../src/engine/context.ts'
import { Board } from '../../src/exchange/board.ts'
import type { Grants } from '../../src/exchange/grants.ts'
import { Mailbox } from '../../src/exchange/mailbox.ts'
import { createFetch } from '../../src/fetch/fetch.ts'
import { Budgets } from '../../src/policies/budget.ts'
import { Flights } from '../../src/policies/cache.ts'
import { type Command, run } from '../../src/spawn.ts'
import type { Event, FactOf } from '../../src/store/events.ts'
import { viewOf } from '../../src/store/view.ts'
import { json } from '../helpers/faulty-server.ts'
import { modelServer } from '../helpers/model-server.ts'
import { resume, start, storeWith, temporaryFolder, temporaryStore } from '../helpers/runs.ts'
import { finish, team } from '../helpers/teams.ts'

/** A program that answers with what the function `answer` makes of what it reads. */
function program(answer: string, more: object = {}) {
  const script = `const read = JSON.parse(require('fs').readFileSync(0, 'utf8')); console.log(JSON.stringify((${answer})(read)))`
  return { kind: 'command', run: ['node', '-e', script], effects: 'pure', exchange: true, ...more }
}

const pipeline = (agents: object, ...stages: string[]) =>
  team({ agents, pattern: { kind: 'pipeline', stages } })

function sent(events: readonly Event[]) {
  return events.filter((event): event is Event & FactOf<'message.sent'> => event.type === 'message.sent')
}

describe('a program in the exchange', () => {
  it('is told how things stand, and has done what it answers', async () => {
    const agents = {
      scout: program(
        '() => ({ output: "looked", write: { map: { north: "sea" } }, send: [{ to: "clerk", payload: "look" }] })',
      ),
      clerk: program(
        '({ agent, grants, board, messages }) => ({ output: { agent, grants, board, messages } })',
      ),
    }
    const { outcome, events } = await finish(await pipeline(agents, 'scout', 'clerk'), {
      input: { task: 'go' },
    })
    expect(outcome).toEqual({
      state: 'succeeded',
      output: {
        agent: 'clerk',
        grants: { send: ['scout'], write: 'any' },
        board: { map: { value: { north: 'sea' }, version: 1, by: 'scout' } },
        messages: [{ id: 'scout/acts/send-1', type: 'status', from: 'scout', to: 'clerk', payload: 'look' }],
      },
    })
    expect(events).toContainEqual(expect.objectContaining({ type: 'message.acknowledged', by: 'clerk' }))
  })

  it.each([
    ['not JSON', 'not JSON', /it is not JSON/],
    ['JSON without output', '{"write":{}}', /output: /],
    ['a field that there is not', '{"output":1,"shout":true}', /shout/],
    [
      'a handoff that nobody granted',
      '{"output":1,"handoff":{"to":"b","task":"x"}}',
      /handoff\.to: nothing of that is granted/,
    ],
    [
      'a message to nobody',
      '{"output":1,"send":[{"to":"x","payload":1}]}',
      /send\.0\.to: granted are only: b, everybody/,
    ],
    ['a name that is none', '{"output":1,"write":{"a b":1}}', /write\.a b: a name is letters/],
    [
      'hundreds of messages to nobody',
      JSON.stringify({ output: 1, send: Array(300).fill({ to: 'x', payload: 1 }) }),
      /send\.4\.to: granted are only: b, everybody; and 295 more$/,
    ],
  ])('is told what is wrong with %s, and nothing is done', async (_, answer, problem) => {
    const script = `const { feedback } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
      console.log(feedback.length ? JSON.stringify({ output: feedback[0].problem }) : ${JSON.stringify(answer)})`
    const agents = {
      a: {
        kind: 'command',
        run: ['node', '-e', script],
        effects: 'pure',
        exchange: true,
        retry: { backoff: 1 },
      },
      b: program('() => ({ output: null })'),
    }
    const { outcome, events } = await finish(await pipeline(agents, 'a'), {
      input: { task: 'go' },
    })
    expect(outcome).toMatchObject({ state: 'succeeded', output: expect.stringMatching(problem) })
    expect(sent(events)).toEqual([])
  })

  it('does nothing with an output that is not of the right shape', async () => {
    const output = { type: 'object', required: ['x'] }
    const answer =
      '({ feedback }) => ({ output: feedback.length ? { x: 1 } : {}, write: { tried: feedback.length } })'
    const agents = { a: program(answer, { output, retry: { backoff: 1 } }) }
    const { outcome, events } = await finish(await pipeline(agents, 'a'), { input: { task: 'go' } })
    expect(outcome).toEqual({ state: 'succeeded', output: { x: 1 } })
    expect(events.filter(({ type }) => type === 'board.written')).toMatchObject([{ name: 'tried', value: 1 }])
  })

  it('is told who wrote in the meantime, and answers in view of that', async () => {
    const folder = temporaryFolder()
    const other = join(folder, 'other')
    // The slow one looks at the board, and waits until the quick one is about to have written.
    const slow = `({ board, feedback }) => {
      if (feedback.length) return { output: feedback[0].problem, write: { x: [board.x.value, 'slow'] } }
      require('fs').writeFileSync(${JSON.stringify(other)}, ''); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700)
      return { output: '', write: { x: 'slow' } } }`
    const quick = `() => { while (!require('fs').existsSync(${JSON.stringify(other)})); return { output: '', write: { x: 'quick' } } }`
    const agents = { slow: program(slow, { retry: { backoff: 1 } }), quick: program(quick) }
    const both = await team({ agents, pattern: { kind: 'parallel', branches: ['slow', 'quick'] } })
    const { outcome, events } = await finish(both, { input: { task: 'go' } })
    expect(outcome).toMatchObject({
      output: { slow: expect.stringMatching(/quick wrote x .* version 1 .*quick/) },
    })
    const written = events.filter(({ type }) => type === 'board.written')
    expect(written).toMatchObject([{ by: 'quick' }, { by: 'slow', value: ['quick', 'slow'] }])
  })

  it('may be a service as well', async () => {
    const server = await modelServer(json(200, { output: 'noted', write: { note: 'tea' } }))
    const agents = { web: { kind: 'http', url: `${server.url}/hook`, exchange: true } }
    const { outcome, events } = await finish(await pipeline(agents, 'web'), { input: { task: 'go' } })
    expect(outcome).toEqual({ state: 'succeeded', output: 'noted' })
    expect(JSON.parse(server.received[0]?.body ?? '')).toMatchObject({
      agent: 'web',
      board: {},
      messages: [],
    })
    expect(events).toContainEqual(expect.objectContaining({ type: 'board.written', name: 'note', by: 'web' }))
  })
})

/** Asks the agent `a` once, with these grants; by the journal `recorded`. */
function asking(agent: object, grants: Grants) {
  return (recorded: readonly Event[]) => async (ctx: Context) => {
    const { exchanged } = viewOf(recorded)
    const exchange = { board: new Board(exchanged), mailbox: new Mailbox(exchanged) } as Services['exchange']
    const services = {
      clock: systemClock,
      fetch: createFetch(systemClock),
      root: '.',
      run: (command: Command) => run(command, systemClock),
      exchange,
      rehearsal: false,
      limits: { turns: 1, depth: 1 },
    } as unknown as Services
    const specs = { a: agent } as Parameters<typeof createCaller>[0]
    const store = await temporaryStore()
    const call = createCaller(specs, services, {
      run: 'run1',
      team: { root: '.', name: 'test' },
      store,
      queues: [],
      places: new Map(),
      count: () => {},
      models: {},
      flights: new Flights(),
      budgets: new Budgets({
        run: 'run1',
        recorded: viewOf(recorded),
        store,
        clock: systemClock,
        budget: {},
      }),
      accounts: [],
      step: '',
    })
    const agents = { a: profileOf('a', { kind: 'command', run: [''] }) }
    const gates = { patience: {}, rehearsal: false, spent: async () => ({ usd: 0, tokens: 0 }) }
    const context = { input: {}, task: 'go', scope: {}, agents, exchange, rehearsal: false, gates, call }
    return createTeamContext(ctx, context).ask('a', { key: 'a', grants })
  }
}

describe('grants', () => {
  const ALL = `() => ({
    output: 'done',
    handoff: { to: 'b', task: 'go on' },
    publish: [{ topic: 'news', payload: { x: 1 } }],
    send: [{ to: 'b', payload: 'hi' }, { to: 'everybody', payload: 'ho', type: 'help.request' }],
    write: { plan: 1 },
  })`

  it('hold for programs as for models, and what was done is done once wherever the process dies', async () => {
    const grants = { handOff: ['b'], publish: ['news'], send: ['b'], write: ['plan'] }
    const run = asking(program(ALL), grants)
    const store = await temporaryStore()
    const whole = await start(store, run([]))
    expect(whole).toEqual({ state: 'succeeded', output: 'done' })
    const events = await store.events('run1')
    const payload = { task: 'go on', summary: '', knowledge: '', constraints: [] }
    const messages = (all: readonly Event[]) => sent(all).map(({ message: { id, ...rest } }) => rest)
    expect(messages(events)).toEqual([
      { type: 'handoff', from: 'a', to: 'b', payload },
      { type: 'event', from: 'a', topic: 'news', payload: { x: 1 } },
      { type: 'status', from: 'a', to: 'b', payload: 'hi' },
      { type: 'help.request', from: 'a', broadcast: true, payload: 'ho' },
    ])
    for (let length = 1; length < events.length - 1; length += 1) {
      const again = await storeWith(events.slice(0, length))
      expect(await resume(again, run(events.slice(0, length)))).toEqual(whole)
      const all = await again.events('run1')
      expect(messages(all)).toEqual(messages(events))
      expect(all.filter(({ type }) => type === 'board.written')).toHaveLength(1)
    }
  })

  it('leave out what they do not name', async () => {
    const store = await temporaryStore()
    const run = asking(program(ALL, { retry: { attempts: 1 } }), { publish: ['news'] })
    const outcome = await start(store, run([]))
    const message = /handoff\.to: nothing.*send\.0\.to: nothing.*write\.plan: nothing/
    expect(outcome).toMatchObject({
      state: 'failed',
      error: { code: 'output-invalid', message: expect.stringMatching(message) },
    })
    expect(sent(await store.events('run1'))).toEqual([])
  })
})
