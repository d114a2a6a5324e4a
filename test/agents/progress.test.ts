import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Deed, PATIENCE, Progress } from '../../src/agents/progress.ts'
import { toCrewError } from '../../src/errors.ts'
import { decisions, failureOf, play, playOn } from '../helpers/play.ts'

const deed = (tool: string, result = 'x', args = {}): Deed => ({ tool, args, result })
const watcher = (tokens = 1000) => new Progress('ann', { ...PATIENCE, tokens })

/** In which turn an agent that does this is stopped, if it is, and why. */
function stopped(turns: readonly (readonly Deed[])[], tokens = 1, most = 1000): string {
  const progress = watcher(most)
  for (const [index, deeds] of turns.entries()) {
    try {
      progress.observe(index + 1, deeds, tokens)
    } catch (thrown) {
      const { code, message } = toCrewError(thrown)
      return `${index + 1}: ${code}: ${message}`
    }
  }
  return 'never'
}

describe('an agent at work', () => {
  it('is told when it did the same before, and stopped when it does it a third time, with the evidence', () => {
    const progress = watcher()
    const same = deed('look', 'nothing', { at: 'a' })
    expect(progress.observe(1, [same], 1)).toEqual([undefined])
    expect(progress.observe(2, [same], 1)).toEqual([
      '[You did this before, in turn 1, with the same result. Do something else, or answer with what you have.]',
    ])
    expect(() => progress.observe(3, [same], 1)).toThrow(
      'ann did the same 3 times, in the turns 1, 2, 3: look {"at":"a"} → nothing',
    )
  })

  it.each<[string, Deed[][], RegExp]>([
    ['goes to and fro', [0, 1, 2, 3, 4, 5, 6].map(turn => [deed(turn % 2 ? 'a' : 'b')]), /^6: limit-loop/],
    [
      'goes round in a wide circle',
      [...'abcdefghabcdefgh'].map(name => [deed(name)]),
      /^13: limit-loop: ann did nothing new in 5 turns/,
    ],
    ['calls what is not there', [1, 2, 3].map(() => [deed('z', 'There is no tool z.')]), /^3: limit-loop/],
    ['does the same twice at once', [1, 2, 3].map(() => [deed('a'), deed('a')]), /^3: limit-loop/],
  ])('is stopped when it %s', (_, turns, when) => {
    expect(stopped(turns)).toMatch(when)
  })

  it.each<[string, Deed[][]]>([
    ['polls what changes', Array.from({ length: 30 }, (_, turn) => [deed('status', `${turn} %`)])],
    ['pages through a list', Array.from({ length: 30 }, (_, page) => [deed('list', 'rows', { page })])],
    [
      'looks at the same again and again between things that are new',
      Array.from({ length: 30 }, (_, turn) => [turn % 2 ? deed('board') : deed('write', `${turn}`)]),
    ],
    [
      'tries again what failed once',
      [[deed('a')], [deed('a')], [deed('b')], [deed('a')], [deed('a')], [deed('c')]],
    ],
    [
      'does one thing again beside something new',
      Array.from({ length: 9 }, (_, n) => [deed('a'), deed(`${n}`)]),
    ],
  ])('is not stopped when it %s', (_, turns) => {
    expect(stopped(turns)).toBe('never')
  })

  it('is stopped when it burns tokens without doing anything new, but not before it was told', () => {
    const turns = [...'abcdabcd'].map(name => [deed(name)])
    expect(stopped(turns, 600, 1000)).toMatch(
      /^6: limit-loop: ann took 1200 tokens in 2 turns in which it did nothing new, last: b \{\} → x$/,
    )
    expect(stopped([[deed('a')], [deed('a')], [deed('b')]], 9999, 1000)).toBe('never')
  })

  it('is never stopped in a turn in which it does something new, whatever it does', () => {
    const turn = fc.array(
      fc.record({
        tool: fc.constantFrom('a', 'b'),
        args: fc.constant({}),
        result: fc.constantFrom('x', 'y', 'z'),
      }),
      { minLength: 1, maxLength: 3 },
    )
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 30 }), turns => {
        const [, at] = /^(\d+)/.exec(stopped(turns, 100)) ?? []
        if (at === undefined) return
        const before = new Set(
          turns
            .slice(0, Number(at) - 1)
            .flat()
            .map(one => one.tool + one.result),
        )
        expect(turns[Number(at) - 1]?.every(one => before.has(one.tool + one.result))).toBe(true)
      }),
    )
  })

  it('always comes to an end when nothing new can happen', () => {
    const names = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 50, maxLength: 50 })
    const endsWell = (all: string[]) => stopped(all.map(name => [deed(name)])).includes('limit-loop')
    fc.assert(fc.property(names, endsWell))
  })
})

describe('a model in a loop', () => {
  const pattern = { kind: 'pipeline', stages: ['ann'] }
  const looking = { calls: [{ tool: 'list_files', args: { path: '.' } }] }
  const more = { ann: { tools: ['list_files'] } }

  it('is told at the second time, stopped at the third, and may go on where it was when the run is resumed', async () => {
    const run = await play({ pattern, more, parts: { ann: [looking] } })
    expect(failureOf(run)).toMatchObject({ code: 'limit-loop', exit: 3 })
    const answers = run.server.received.map(({ body }) => JSON.parse(body).messages.at(-1).content)
    expect(answers[1]).not.toMatch(/before/)
    expect(answers[2]).toMatch(/team\.json.*\n\n\[You did this before, in turn 1, with the same result\./s)
    expect(answers).toHaveLength(3)
    expect(decisions(run.events, 'repetition')).toMatchObject([
      { key: 'ann', values: { turn: 2, tool: 'list_files' } },
    ])
    expect(await playOn(run, { ann: ['I have seen enough.'] })).toEqual({
      state: 'succeeded',
      output: 'I have seen enough.',
    })
  })

  it('is replaced by another, who is told what was done in vain', async () => {
    const told: string[] = []
    const ben = (all: string) => {
      told.push(all)
      return 'Done.'
    }
    const setup = { pattern, more: { ann: { ...more.ann, fallback: ['ben'] } } }
    const { outcome } = await play({ ...setup, parts: { ann: [looking], ben } })
    expect(outcome).toEqual({ state: 'succeeded', output: 'Done.' })
    expect(told[0]).toMatch(
      /This was tried before, and did not lead there:\n- ann used list_files \{"path":"\."\} → .*team\.json.*\nDo not do the same again\./,
    )
  })

  it('is stopped by a limit on what it burns', async () => {
    const turns = [...'abab', 'c'].map(path => ({ calls: [{ tool: 'list_files', args: { path } }] }))
    const run = await play({ pattern, more, parts: { ann: turns }, rest: { limits: { stagnation: 150 } } })
    expect(failureOf(run)).toMatchObject({ code: 'limit-loop' })
    expect(failureOf(run).message).toMatch(/took 220 tokens in 2 turns/)
    expect(failureOf(run).details.hint).toMatch(/limits\.stagnation/)
  })
})
