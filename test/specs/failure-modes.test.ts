import { describe, expect, it } from 'vitest'
import { decisions, failureOf, play, playOn } from '../helpers/play.ts'
import { look, pipeline, use } from '../helpers/runaways.ts'
import { storeWith } from '../helpers/runs.ts'
import type { Line } from '../helpers/scripted.ts'

/** Accepts what it reads on stdin when that contains "tested". */
const verify = { run: ['grep', '-q', 'tested'] }
const quick = { attempts: 3, backoff: '1ms' }

/** One team for each of the fourteen failure modes of multi-agent systems (MAST), and how it is caught. */
describe('a team in which', () => {
  it('1.1 an agent does not do what the task asks for is told so, and mends it', async () => {
    const writer = { check: [{ that: 'output.matches("(?s)^(- [^\\\\n]*\\\\n?){3}$")' }], retry: quick }
    const { outcome, told } = await play({
      pattern: pipeline('writer'),
      parts: { writer: ['Here is a poem.', '- one\n- two\n- three'] },
      more: { writer },
    })
    expect(outcome).toMatchObject({ output: '- one\n- two\n- three' })
    expect(told[1]).toMatch(/it must hold that output\.matches/)
  })

  it('1.2 an agent does what is not its part does not get to do it', async () => {
    const run = await play({
      pattern: pipeline('reader'),
      parts: { reader: [use('write_board', { name: 'plan', value: 'mine' })] },
      more: { reader: { tools: ['read_board'] } },
    })
    expect(failureOf(run).code).toBe('limit-loop')
    expect(failureOf(run).message).toContain('There is no tool write_board.')
    expect(run.events.map(({ type }) => type)).not.toContain('board.written')
  })

  it('1.3 an agent repeats itself is stopped, with what it repeated', async () => {
    const run = await play({
      pattern: pipeline('reader'),
      parts: { reader: [look('.')] },
      more: { reader: { tools: ['list_files'] } },
    })
    expect(failureOf(run).message).toMatch(/^reader did the same 3 times, in the turns 1, 2, 3: list_files/)
  })

  it('1.4 there is more to tell than an agent can be told says what was left out', async () => {
    const { events } = await play({
      pattern: pipeline('finder', 'writer'),
      parts: { finder: ['fact '.repeat(2000)], writer: ['Done.'] },
      more: { writer: { context: { tokens: 500 } } },
    })
    expect(decisions(events, 'compaction')).toMatchObject([{ key: 'writer' }])
  })

  it('1.5 an agent does not know when to end is ended', async () => {
    let turn = 0
    const run = await play({
      pattern: pipeline('reader'),
      parts: {
        reader: () => {
          turn += 1
          return look(`folder-${turn}`)
        },
      },
      more: { reader: { tools: ['list_files'] } },
      rest: { limits: { turns: 5 } },
    })
    expect(failureOf(run).code).toBe('limit-turns')
  })

  it('2.1 a conversation would begin anew goes on where it was, with all that was said', async () => {
    const parts = { reader: [look('.'), 'I have seen it.'] }
    const setup = { pattern: pipeline('reader'), parts, more: { reader: { tools: ['list_files'] } } }
    const { id, events, server } = await play(setup)
    expect(JSON.parse(server.received[1]?.body ?? '').messages).toHaveLength(4)
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1))
    const looked = events.findIndex(({ type }) => type === 'model.replied') + 2
    const store = await storeWith(events.slice(0, looked), id)
    expect(await playOn({ id, store }, { reader: ['I have seen it.'] })).toMatchObject({
      output: 'I have seen it.',
    })
  })

  it('2.2 an agent lacks what it needs is told before the agent makes it up', async () => {
    const run = await play({
      pattern: pipeline('finder', 'writer'),
      parts: { finder: ['I did not find the date.'], writer: ['It was in May.'] },
      more: { writer: { expects: ['steps.finder.output.matches("\\\\d{4}-\\\\d{2}")'] } },
    })
    expect(failureOf(run).code).toBe('input-invalid')
    expect(failureOf(run).message).toContain('steps.finder.output: I did not find the date.')
    expect(run.server.received).toHaveLength(1)
  })

  it('2.3 the work drifts away is told the task anew at each step', async () => {
    const { told } = await play({
      pattern: pipeline('a', 'b', 'c'),
      parts: { a: ['Tea is nice.'], b: ['So is rain.'], c: ['Done.'] },
      input: { task: 'Count the boats.' },
    })
    expect(told).toHaveLength(3)
    for (const words of told) expect(words).toMatch(/^Count the boats\./)
  })

  it('2.4 an agent keeps to itself what the next one needs is found lacking', async () => {
    const hand = (told: string): Line =>
      told.includes('Control passes') ? 'The boats are red.' : use('hand_off', { to: 'b', task: 'Go on.' })
    const { events, told } = await play({
      pattern: { kind: 'handoff', start: 'a', handoffs: { a: ['b'] } },
      parts: { a: hand, b: ['Done.'] },
    })
    expect(decisions(events, 'handoff')[0]).toMatchObject({ values: { missing: ['summary'] } })
    expect(told.at(-1)).toContain('a: The boats are red.')
  })

  it('2.5 an agent does not listen to another says so at the end', async () => {
    const told = (all: string): Line =>
      all.includes('Sent to') ? 'Done.' : use('send_message', { to: 'b', payload: 'It is 7, not 8.' })
    const { outcome, events } = await play({
      pattern: pipeline('a', 'b'),
      parts: { a: told, b: ['It is 8.'] },
      more: { a: { tools: ['send_message'] } },
    })
    expect(outcome).toMatchObject({ output: 'It is 8.' })
    expect(decisions(events, 'unread')).toMatchObject([
      { reason: 'b never read what a wrote to it: It is 7, not 8.', values: { from: 'a', to: 'b' } },
    ])
  })

  it('2.6 an agent says that it did what it did not do is contradicted by the journal', async () => {
    const { events } = await play({
      pattern: pipeline('reader'),
      parts: { reader: ['I used list_files: there are 3 files.'] },
      more: { reader: { tools: ['list_files'] } },
    })
    expect(decisions(events, 'unfounded-claim')).toMatchObject([{ values: { tool: 'list_files' } }])
  })

  it('3.1 an agent ends too early does not end before what is wanted is there', async () => {
    const { outcome } = await play({
      pattern: { kind: 'chat', members: ['a', 'b'], until: 'lastMessage.contains("DONE")', turns: 6 },
      parts: { a: ['That is all.', 'No, wait.'], b: ['Is it?', 'DONE: 7.'] },
    })
    expect(outcome).toMatchObject({ output: 'DONE: 7.' })
  })

  it('3.2 nobody verifies has it verified by a program, whatever anybody says', async () => {
    const run = await play({
      pattern: pipeline('coder'),
      parts: { coder: ['It works.', 'It surely works.', 'It is tested.'] },
      more: { coder: { check: [verify], retry: quick } },
    })
    expect(run.outcome).toMatchObject({ output: 'It is tested.' })
    expect(decisions(run.events, 'retry')).toHaveLength(2)
  })

  it('3.3 a judge is wrong does not get past a program that is asked as well', async () => {
    const run = await play({
      pattern: pipeline('coder'),
      parts: { coder: ['It works.'], judge: [{ accepted: true, why: 'It reads well.' }] },
      more: {
        coder: { check: [{ judge: { by: 'judge', rubric: 'It works.' } }, verify], retry: { attempts: 1 } },
      },
    })
    expect(failureOf(run)).toMatchObject({ code: 'check-failed' })
    expect(failureOf(run).message).toMatch(/fails check 2: grep ended with exit code 1/)
  })
})
