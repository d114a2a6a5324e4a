import { Chalk } from 'chalk'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import type { Fact } from '../../src/store/events.ts'
import { viewOf } from '../../src/store/view.ts'
import { formatStep } from '../../src/ui/diff/step.ts'
import { compare, documentOfComparison, formatComparison } from '../../src/ui/diff.ts'
import { cpuTime } from '../helpers/cpu.ts'
import { began, history, replied, started } from '../helpers/history.ts'

const gave = (key: string, output: string): Fact => ({ type: 'step.succeeded', key, output })

interface Told {
  readonly prompt?: string
  readonly guests?: number
  readonly found?: string
  readonly more?: readonly (readonly [number, Fact])[]
}

function run(id: string, { prompt = 'Cook.', guests = 4, found = 'one\ntwo\nthree', more = [] }: Told = {}) {
  const definition: JsonObject = { team: { agents: { cook: { prompt } } } }
  const events = history(
    [0, began({ definition, input: { guests } })],
    [0, started('find', 'agent', { agent: 'find', input: 'find it' })],
    [5, replied('find', 0.01)],
    [10, gave('find', found)],
    [10, started('cook', 'agent', { agent: 'cook', input: `${prompt} From find: ${found}` })],
    [20, gave('cook', `soup of ${found}`)],
    ...more,
    [40, { type: 'run.succeeded', output: 'soup' }],
  )
  return { id, view: viewOf(events) }
}

type Run = ReturnType<typeof run>
const look = { style: new Chalk({ level: 0 }), width: 100 }
const show = (a: Run, b: Run) => [...formatComparison(a, b, compare(a, b), look)].join('\n')
const step = (key: string, a: Run, b: Run) => [...formatStep(key, compare(a, b), a, b, look)].join('\n')

describe('a comparison of two runs', () => {
  it('says when they are the same', () => {
    expect(show(run('1'), run('2'))).toContain('the same in all that agents were asked and gave: 2 steps')
  })

  it('names the first step that gave something else although it was asked the same', () => {
    const text = show(run('1'), run('2', { found: 'one\n2\nthree' }))
    expect(text).toContain('they part at find: asked the same, gave something else')
    expect(text).toContain('-two\n  +2')
    expect(text).toContain('~ cook: asked something else, gave something else')
  })

  it('names changed fields of definition and input, and words of a prompt', () => {
    const text = show(run('1'), run('2', { prompt: 'Cook slowly.', guests: 5 }))
    expect(text).toContain('they part at cook: asked something else, of another definition')
    expect(text).toContain('{+ slowly+}')
    expect(text).toContain('team.agents.cook.prompt: Cook. → Cook slowly.')
    expect(text).toContain('guests: 4 → 5')
  })

  it('names steps that only one has, and decisions with other values', () => {
    const decided = (saw: number): readonly [number, Fact] => [
      20,
      { type: 'decision', key: 'cook', what: 'transition', reason: 'on', values: { saw } },
    ]
    const a = run('1', {
      more: [decided(1), [21, started('taste', 'agent', { agent: 'taste' })], [22, gave('taste', 'good')]],
    })
    const b = run('2', { more: [decided(2)] })
    const text = show(a, b)
    expect(text).toContain('they part at cook: decided otherwise')
    expect(text).toContain('- taste: only the first has it (succeeded)')
    expect(step('cook', a, b)).toContain('+transition: on {"saw":2}')
    expect(step('taste', a, b)).toContain('good')
    expect(step('find', a, b)).toBe('find is the same in both')
    expect(() => step('nobody', a, b)).toThrow('neither run has a step nobody')
  })

  it('fits a page, gives all to scripts, and shows nothing that steers a terminal', () => {
    const many = (word: string) =>
      Array.from({ length: 1000 }, (_, at) => [
        [21, started(`s${at}`, 'agent', { agent: `a${at}`, input: `${word}\u001b[2J `.repeat(50) })] as const,
        [22, gave(`s${at}`, `${word} ${at}`)] as const,
      ]).flat()
    const a = run('1', { more: many('left') })
    const b = run('2', { more: many('right') })
    const text = show(a, b)
    expect(text.split('\n').length).toBeLessThan(50)
    expect(text).not.toContain('\u001b')
    const { steps, first, same } = documentOfComparison(a, b, compare(a, b))
    expect({ first, same, count: (steps as unknown[]).length }).toEqual({
      first: 's0',
      same: false,
      count: 1000,
    })
  })

  it('takes no longer than a moment for long texts that have nothing in common', () => {
    const words = (seed: string) => Array.from({ length: 30_000 }, (_, at) => `${seed}${at}`).join(' ')
    const before = cpuTime()
    show(run('1', { found: words('a') }), run('2', { found: words('b') }))
    expect(cpuTime() - before).toBeLessThan(5000)
  })
})
