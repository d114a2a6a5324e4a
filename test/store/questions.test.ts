import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Fact } from '../../src/store/events.ts'
import { findQuestion, leaveAnswer, openQuestions, readAnswer } from '../../src/store/questions.ts'
import type { Store, TimedFact } from '../../src/store/store.ts'
import { viewOf } from '../../src/store/view.ts'
import { began, history, started, succeeded } from '../helpers/history.ts'
import { RUN, storeWith, temporaryFolder, temporaryStore } from '../helpers/runs.ts'

const asked = (key: string, choices?: string[]): Fact => ({
  type: 'wait.opened',
  key,
  request: { question: `${key}?`, ...(choices && { choices }) },
})
const agent = (key: string) => started(key, 'agent', { agent: key })
const view = (...facts: Fact[]) => viewOf(history([0, began()], ...facts.map(fact => [1, fact] as const)))
const keys = (...facts: Fact[]) => openQuestions(view(...facts)).map(({ key }) => key)

describe('open questions', () => {
  it('are those without an answer', () => {
    const answered: Fact = { type: 'wait.answered', key: 'a/ok', value: 'yes', by: 'ann' }
    expect(keys(agent('a'), agent('b'), asked('a/ok'), asked('b/ok'), answered)).toEqual(['b/ok'])
  })

  it('are not those of a step that is over, or lies in one that is', () => {
    const lost: Fact = { type: 'step.cancelled', key: 'b', reason: 'not needed', final: true }
    const again: Fact = { type: 'step.cancelled', key: 'c', reason: 'the run stopped', final: false }
    const facts = [agent('a'), agent('b'), agent('c'), asked('a/x/ok'), asked('b/ok'), asked('c/ok')]
    expect(keys(...facts, succeeded('a'), lost, again)).toEqual(['c/ok'])
  })
})

describe('the question that is meant', () => {
  const two = view(agent('a'), agent('ab'), asked('a/ok'), asked('ab/ok'))

  it('is the only one, or the one that is named by its key or its step', () => {
    expect(findQuestion(view(agent('a'), asked('a/ok')), 'run1', [], undefined, 0).key).toBe('a/ok')
    expect(findQuestion(two, 'run1', [], 'a', 0).key).toBe('a/ok')
    expect(findQuestion(two, 'run1', [], 'ab/ok', 0).key).toBe('ab/ok')
    expect(findQuestion(two, 'run1', [], '2', 0).key).toBe('ab/ok')
    expect(findQuestion(two, 'run1', [], '#1', 0).key).toBe('a/ok')
    expect(findQuestion(two, 'run1', [], 'b', 0).key).toBe('ab/ok')
  })

  it('keeps its number when others are answered', () => {
    const answered: Fact = { type: 'wait.answered', key: 'a/ok', value: 'yes', by: 'ann' }
    const left = view(agent('a'), agent('ab'), asked('a/ok'), asked('ab/ok'), answered)
    expect(openQuestions(left)).toMatchObject([{ key: 'ab/ok', number: 2, agent: 'ab' }])
    expect(() => findQuestion(left, 'run1', [], '1', 0)).toThrow('a/ok was answered already, by ann')
    expect(() => findQuestion(left, 'run1', [], 'a', 0)).toThrow('a/ok was answered already, by ann')
  })

  it('has to be named when there are several', () => {
    expect(() => findQuestion(two, 'run1', [], undefined, 0)).toThrow(
      'run run1 asks 2 questions; open are:\n  1  a/ok: a/ok?\n  2  ab/ok: ab/ok?',
    )
    expect(() => findQuestion(two, 'run1', [], 'ok', 0)).toThrow('ok is not one question')
    const request = { question: `Is\nthis${' good'.repeat(10_000)}?` }
    const long = view(agent('a'), asked('a/ok'), { type: 'wait.opened', key: 'b', request })
    expect(() => findQuestion(long, 'run1', [], undefined, 0)).toThrow(
      /^[^\n]+\n.+\n {2}2 {2}b: Is this.{90,100}…$/,
    )
    expect(() => findQuestion(two, 'run1', [], 'c', 0)).toThrow('c is not one question')
  })

  it('cannot be answered twice, as the second answer would be lost', () => {
    const given = [{ id: 1, kind: 'answer' as const, key: 'a/ok', value: 'yes', by: 'ann', at: 0 }]
    expect(() => findQuestion(two, 'run1', given, 'a', 0)).toThrow(
      'a/ok was answered already, by ann at 1970-01-01T00:00:00.000Z: yes',
    )
  })

  it('cannot be answered when its time is over', () => {
    const late: Fact = { type: 'wait.opened', key: 'a/ok', request: { question: 'a?', until: 1000 } }
    const one = view(agent('a'), late)
    expect(findQuestion(one, 'run1', [], undefined, 1000).key).toBe('a/ok')
    expect(() => findQuestion(one, 'run1', [], undefined, 1001)).toThrow(
      'a/ok could be answered until 1970-01-01T00:00:01.000Z',
    )
    expect(keys(agent('a'), late, { type: 'wait.expired', key: 'a/ok' })).toEqual([])
  })

  it('does not exist in a run that asks nothing', () => {
    expect(() => findQuestion(view(agent('a')), 'run1', [], undefined, 0)).toThrow(
      'run run1 asks nothing: it is running',
    )
  })
})

describe('an answer', () => {
  const key = 'a/ok'
  const question = { key, choices: ['skip', 'done', 'done=OUTPUT'] }

  it.each(['skip', 'done', 'done=', 'done=a = b\nc'])('may be %j', async answer => {
    expect(await readAnswer(question, answer)).toBe(answer)
  })

  it.each(['', 'Skip', 'skip=1', 'donee', 'OUTPUT'])('may not be %j', async answer => {
    await expect(readAnswer(question, answer)).rejects.toThrow(`"${answer}" is no answer to a/ok`)
  })

  it('may be any text where there are no choices', async () => {
    expect(await readAnswer({ key }, 'this one')).toBe('this one')
  })

  const schema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] }

  it('has to fit the schema of the question', async () => {
    expect(await readAnswer({ key, schema }, '{"n": 3}')).toBe('{"n": 3}')
    await expect(readAnswer({ key, schema }, 'three')).rejects.toThrow('no answer to a/ok: it is not JSON')
    await expect(readAnswer({ key, schema }, '{"n": "x"}')).rejects.toThrow('n must be integer')
    expect(await readAnswer({ key, schema: { type: 'string', maxLength: 3 } }, 'abc')).toBe('abc')
    await expect(readAnswer({ key, schema: { type: 'string', maxLength: 3 } }, 'abcd')).rejects.toThrow('3')
  })

  it('that changes a value has to fit as that value does; one that leaves it as it is need not', async () => {
    const gate = { key, schema, choices: ['approve', 'edit=JSON', 'reject'], editable: { n: 'odd' } }
    expect(await readAnswer(gate, 'approve')).toBe('approve')
    expect(await readAnswer(gate, 'edit={"n":1}')).toBe('edit={"n":1}')
    await expect(readAnswer(gate, 'edit=1')).rejects.toThrow('must be object')
    await expect(readAnswer(gate, 'edit={')).rejects.toThrow('it is not JSON')
    const text = { key, choices: ['approve', 'edit=TEXT'], editable: 'a' }
    expect(await readAnswer(text, 'edit={')).toBe('edit={')
  })
})

describe('an answer that is left', () => {
  const at = 1000
  const asks = history([0, began()], [0, agent('a')], [1, asked('a/ok')])
  const question = { key: 'a/ok', saw: 'hash' }
  const by = (name: string) => ({ value: name, by: name, via: 'crew answer', at })

  it('counts once, whoever is first of two terminals, and the other is told who that was', async () => {
    const file = join(temporaryFolder(), 'crew.db')
    const stores = [await temporaryStore(file), await temporaryStore(file)]
    const { id, team, path, rehearsal } = RUN
    await stores[0]?.create({ id, team, path, rehearsal }, { host: 'x', pid: 1 }, asks[0] as TimedFact)
    const tries = stores.flatMap((store, index) =>
      ['ann', 'ben', 'cid'].map(name => leaveAnswer(store, 'run1', question, by(`${name}${index}`))),
    )
    const ends = await Promise.allSettled(tries)
    const kept = await (stores[0] as Store).signals('run1', 0)
    expect(kept).toHaveLength(1)
    expect(kept[0]).toMatchObject({ key: 'a/ok', saw: 'hash', via: 'crew answer' })
    const refused = ends.filter(end => end.status === 'rejected')
    expect(refused).toHaveLength(5)
    for (const { reason } of refused) {
      expect(reason).toMatchObject({ code: 'usage' })
      expect(reason.message).toContain(
        `a/ok was answered already, by ${kept[0]?.by} at 1970-01-01T00:00:01.000Z`,
      )
    }
  })

  it('does nothing after its time, or after the end of the run', async () => {
    const store = await storeWith(asks)
    await expect(leaveAnswer(store, 'run1', { ...question, until: 999 }, by('ann'))).rejects.toThrow(
      'could be answered until 1970-01-01T00:00:00.999Z',
    )
    const over = await storeWith([...asks, ...history([5, { type: 'run.succeeded', output: 'x' }])])
    await expect(leaveAnswer(over, 'run1', question, by('ann'))).rejects.toThrow(
      'run run1 asks nothing any more: it is succeeded',
    )
    expect([...(await store.signals('run1', 0)), ...(await over.signals('run1', 0))]).toEqual([])
  })
})
