import { describe, expect, it } from 'vitest'
import type { Fact } from '../../src/store/events.ts'
import { findQuestion, openQuestions, readAnswer } from '../../src/store/questions.ts'
import { viewOf } from '../../src/store/view.ts'
import { began, history, started, succeeded } from '../helpers/history.ts'

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
  })

  it('has to be named when there are several', () => {
    expect(() => findQuestion(two, 'run1', [], undefined, 0)).toThrow(
      'run run1 asks 2 questions; open are:\n  a/ok: a/ok?\n  ab/ok: ab/ok?',
    )
    expect(() => findQuestion(two, 'run1', [], 'b', 0)).toThrow('b is not one question')
  })

  it('cannot be answered twice, as the second answer would be lost', () => {
    const given = [{ id: 1, key: 'a/ok', value: 'yes', by: 'ann', at: 0 }]
    expect(() => findQuestion(two, 'run1', given, 'a', 0)).toThrow('a/ok was answered already, by ann: yes')
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
  const question = {
    key: 'a/ok',
    openedAt: 0,
    question: 'What now?',
    choices: ['skip', 'done', 'done=OUTPUT'],
  }

  it.each(['skip', 'done', 'done=', 'done=a = b\nc'])('may be %j', answer => {
    expect(readAnswer(question, answer)).toBe(answer)
  })

  it.each(['', 'Skip', 'skip=1', 'donee', 'OUTPUT'])('may not be %j', answer => {
    expect(() => readAnswer(question, answer)).toThrow(`"${answer}" is no answer to a/ok`)
  })

  it('may be any text where there are no choices', () => {
    expect(readAnswer({ key: 'a/ok', openedAt: 0, question: 'Which?' }, 'this one')).toBe('this one')
  })
})
