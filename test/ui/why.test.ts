import { Chalk } from 'chalk'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import type { Event, Fact } from '../../src/store/events.ts'
import { viewOf } from '../../src/store/view.ts'
import { documentOfWhy, explain, formatWhy } from '../../src/ui/why.ts'
import { cpuTime } from '../helpers/cpu.ts'
import { began, history, started } from '../helpers/history.ts'

const gave = (key: string, output: string): Fact => ({ type: 'step.succeeded', key, output })

const SALT = 'The market by the river sells nine hundred grams of salt for the soup.'
const AGENTS = {
  shopper: { role: 'You buy.' },
  cook: { prompt: 'Cook with ${steps.shopper.output} for ${input.guests}.' },
  taster: { role: 'You taste. Never mention parsley.' },
}

function soup(agents: JsonObject = AGENTS): Event[] {
  const definition = {
    team: { agents, pattern: { kind: 'pipeline', stages: ['shopper', 'cook', 'taster'] } },
  }
  return history(
    [0, began({ definition, input: { guests: 4 } })],
    [0, started('shopper', 'agent', { agent: 'shopper', input: 'guests: 4' })],
    [100, gave('shopper', SALT)],
    [100, started('cook', 'agent', { agent: 'cook', input: `guests: 4\n\nFrom shopper:\n${SALT}` })],
    [150, { type: 'wait.opened', key: 'cook/permission', request: { question: 'May it boil?' } }],
    [160, { type: 'wait.answered', key: 'cook/permission', value: 'approve', by: 'ann' }],
    [200, gave('cook', 'I let it boil: nine hundred grams of salt for the soup, and 1,200 carrots.')],
    [
      200,
      started('taster', 'agent', {
        agent: 'taster',
        input: 'guests: 4\n\nFrom cook:\nA soup with 1200 carrots.',
      }),
    ],
    [300, gave('taster', 'Spoiled by 1200 carrots.')],
    [300, { type: 'run.succeeded', output: 'Spoiled by 1200 carrots.' }],
  )
}

function why(events: readonly Event[], step: string, find?: string): string {
  const look = { style: new Chalk({ level: 0 }), width: 100 }
  return [...formatWhy(explain(viewOf(events), step, find), look)].join('\n')
}

const document = (events: readonly Event[], step: string, find?: string) =>
  JSON.parse(JSON.stringify(documentOfWhy('1', explain(viewOf(events), step, find))))

/** Milliseconds that this process has worked: others may keep the machine busy. */

describe('why', () => {
  it('tells what a template reads from what was handed over and from an answer of a person', () => {
    const { from } = document(soup(), 'cook')
    expect(from).toEqual([
      { source: 'answer cook/permission', how: 'inside', detail: 'was asked' },
      { source: 'shopper', how: 'declared', detail: 'agents.cook.prompt reads steps.shopper.output' },
      { source: 'input.guests', how: 'declared', detail: 'agents.cook.prompt reads input.guests' },
    ])
    const undeclared = document(soup({ ...AGENTS, cook: {} }), 'cook').from
    expect(undeclared).toContainEqual({ source: 'shopper', how: 'handed over', detail: 'as "From shopper"' })
  })

  it('walks back to the inputs, and shows each source once', () => {
    const text = why(soup(), 'run')
    expect(text).toContain('output of taster')
    expect(text).toContain('input guests of the run')
    expect(text.match(/“The market/g)).toHaveLength(1)
    expect(text).toContain('↑ input guests of the run, shown above')
    expect(text).toContain('as "From cook", not word for word')
  })

  it('marks the earliest source of a number, however it is written, and says that it came up there', () => {
    const text = why(soup(), 'taster', '1200')
    expect(text).toContain('“1200” stands first in output of cook')
    expect(text).toContain('it is not in what it was asked: it came up there')
    expect(text.match(/◀ here first/g)).toHaveLength(1)
    expect(document(soup(), 'taster', '120').find.first).toBe(null)
  })

  it('finds a phrase across line breaks, back to who brought it in', () => {
    expect(document(soup(), 'taster', 'nine hundred\n grams').find.first).toBe('shopper')
    expect(why(soup(), 'taster', 'unheard of')).toContain('stands neither in taster nor in anything')
  })

  it('says of words that nothing else connects that they are the same words', () => {
    const passage = 'the quick brown fox jumps over the lazy dog'
    const events = history(
      [0, began()],
      [0, started('a', 'agent', { agent: 'a', input: 'x' })],
      [1, gave('a', `I saw how ${passage} today.`)],
      [2, started('b', 'agent', { agent: 'b', input: `Somebody says ${passage}, and number five.` })],
      [3, gave('b', 'so')],
    )
    expect(document(events, 'b').from).toEqual([{ source: 'a', how: 'same words', detail: passage }])
    expect(why(events, 'b')).toContain(`contains words of it: “${passage}”`)
  })

  it('knows what messages and the board brought', () => {
    const message = { id: 'm', type: 'status', from: 'a', to: 'b', payload: 'look' } as const
    const events = history(
      [0, began()],
      [0, started('a', 'agent', { agent: 'a' })],
      [1, { type: 'message.sent', key: 'a/turn-1/tool-1', message }],
      [
        2,
        {
          type: 'board.written',
          key: 'a-write',
          id: 'a-write',
          name: 'plan',
          value: 'P',
          version: 1,
          by: 'a',
        },
      ],
      [2, gave('a', 'done')],
      [3, started('b', 'agent', { agent: 'b', input: 'From plan:\nP' })],
      [4, { type: 'message.delivered', key: 'b/turn-1/tool-1', id: 'm', to: 'b', attempt: 1 }],
      [5, gave('b', 'so')],
    )
    const { from, sources } = document(events, 'b')
    expect(from.map(({ source }: { source: string }) => source)).toEqual(['board a-write plan', 'message m'])
    expect(sources.map(({ by }: { by: string }) => by)).toEqual(['a', 'a'])
  })

  it('follows what was read from the board to who wrote that version of it', () => {
    const write = (version: number, value: string): Fact => ({
      ...{ type: 'board.written', key: 'a/turn-1/tool-1', id: `w${version}`, name: 'plan', by: 'a' },
      ...{ value, version },
    })
    const call = { tool: 'read_board', arguments: {} }
    const events = history(
      [0, began()],
      [0, started('a', 'agent', { agent: 'a' })],
      [1, write(1, 'Take 7731 grams.')],
      [1, gave('a', 'done')],
      [2, started('b', 'agent', { agent: 'b' })],
      [2, started('b/turn-1/tool-1', 'tool', { input: call })],
      [
        2,
        {
          ...{ type: 'step.succeeded', key: 'b/turn-1/tool-1' },
          output: { plan: { value: 'Take 7731 grams.', version: 1, by: 'a' } },
        },
      ],
      [3, write(2, 'Take none.')],
      [4, gave('b', 'Much of it.')],
    )
    const { find, sources } = document(events, 'b', '7731')
    expect(find).toMatchObject({ first: 'board w1 plan', note: expect.stringContaining('it came up there') })
    expect(sources.map(({ id }: { id: string }) => id)).not.toContain('board w2 plan')
  })

  it('names who stood in for an agent, and not the agent, as the origin', () => {
    const events = history(
      [0, began()],
      [0, started('a', 'agent', { agent: 'a', input: 'go' })],
      [0, started('a/fallback/b', 'agent', { agent: 'b' })],
      [1, gave('a/fallback/b', 'Take 7731 grams.')],
      [1, gave('a', 'Take 7731 grams.')],
      [1, { type: 'run.succeeded', output: 'Take 7731 grams.' }],
    )
    expect(document(events, 'run', '7731').find.first).toBe('a/fallback/b')
    expect(document(events, 'a').from).toContainEqual({
      ...{ source: 'a/fallback/b', how: 'handed over', detail: 'is the result, word for word' },
    })
  })

  it('follows a kept answer to the run that it is from, and one that was shared to who made it', () => {
    const cached = (output: JsonObject): Fact => ({ type: 'step.succeeded', key: 'b/cache', output })
    const reading = (output: JsonObject) =>
      history(
        [0, began()],
        [0, started('a', 'agent', { agent: 'a' })],
        [0, started('b', 'agent', { agent: 'b' })],
        [0, started('b/cache', 'cache')],
        [5, gave('a', '7731 g')],
        [6, cached(output)],
        [6, gave('b', '7731 g')],
      )
    const kept = reading({ kept: { output: '7731 g', run: 'old1', at: 86_400_000 } })
    expect(document(kept, 'b', '7731').find).toMatchObject({
      first: 'b/cache',
      note: 'it is kept from there; go on with: crew logs old1 --why b --find 7731',
    })
    expect(why(kept, 'b')).toMatch(/what b gave in run old1, 1970-01-0\d /)
    expect(document(reading({ shared: { output: '7731 g', from: 'a' } }), 'b', '7731').find.first).toBe('a')
  })

  it('knows a task, however short, from the plan that it is a part of', () => {
    const plan = { steps: [{ id: 's', agent: 'b', task: 'Salt.' }] }
    const events = history(
      [0, began({ input: { task: 'Cook.' } })],
      [0, started('plan', 'agent', { agent: 'boss', input: 'Cook.' })],
      [1, { type: 'step.succeeded', key: 'plan', output: plan }],
      [2, started('work/s', 'agent', { agent: 'b', input: 'Cook.\n\nYour part now:\nSalt.' })],
      [3, gave('work/s', 'Much.')],
    )
    expect(document(events, 'work/s').from).toEqual([
      { source: 'plan', how: 'handed over', detail: 'its steps[0].task stands in what it was asked' },
      { source: 'input.task', how: 'handed over', detail: 'in the task' },
    ])
  })

  it('does not blame who edited an output for what had stood in it before', () => {
    const request = { question: 'Good?', gate: 'output', editable: 'Take 7731 gramms.' } as const
    const value = 'edit=Take 7731 grams of 42 kinds.'
    const events = history(
      [0, began()],
      [0, started('a', 'agent', { agent: 'a', input: 'go' })],
      [1, { type: 'wait.opened', key: 'a/review', request }],
      [9, { type: 'wait.answered', key: 'a/review', value, by: 'ann' }],
      [9, gave('a', 'Take 7731 grams of 42 kinds.')],
    )
    expect(why(events, 'a', '7731')).toContain('stands first in what a gave before ann edited it (a, ')
    expect(why(events, 'a', '42')).toContain('stands first in answer to: Good? (ann, ')
  })

  it('names the steps that may be meant', () => {
    expect(() => explain(viewOf(soup()), 'nobody')).toThrow('there is no step nobody')
  })

  it('takes no longer than a moment for a thousand steps with long texts, and shows nothing that steers a terminal', () => {
    const words = (seed: number) =>
      Array.from({ length: 400 }, (_, at) => `w${(seed * 7919 + at * 31) % 5000}`).join(' ')
    const steps = Array.from({ length: 1000 }, (_, at) => {
      const input = at === 0 ? 'go' : `From s${at - 1}:\n${words(at - 1)}\u001b[31m`
      return [
        [at, started(`s${at}`, 'agent', { agent: `s${at}`, input })] as const,
        [at + 1, gave(`s${at}`, words(at))] as const,
      ]
    }).flat()
    const events = history([0, began()], ...steps)
    const before = cpuTime()
    const text = why(events, 's999')
    expect(cpuTime() - before).toBeLessThan(5000)
    expect(text).toContain('output of s0')
    expect(text).not.toContain('\u001b')
  })
})
