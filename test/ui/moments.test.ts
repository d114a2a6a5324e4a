import { describe, expect, it } from 'vitest'
import { formatMoments, momentsOf } from '../../src/ui/moments.ts'
import { PLAIN } from '../../src/ui/style.ts'
import { began, history, replied, started, succeeded } from '../helpers/history.ts'

const EVENTS = history(
  [0, began()],
  [1, started('a', 'agent', { agent: 'a' })],
  [2, started('a/turn-1', 'model')],
  [3, replied('a/turn-1', 0.25)],
  [4, succeeded('a/turn-1')],
  [5, succeeded('a')],
  [6, started('b', 'agent', { agent: 'b' })],
)

const look = { style: PLAIN, width: 80, rehearsal: false }
const lines = (events = EVENTS, more = {}) =>
  formatMoments(momentsOf(events, { all: false }), { ...look, ...more }).map(line =>
    line
      .replace(/\d\d:\d\d:\d\d/, 'TIME')
      .trim()
      .split(/ {2,}/),
  )

describe('the moments of a run', () => {
  it('are those of agents and of the run, with what was spent until then', () => {
    expect(lines()).toEqual([
      ['event', 'time', 'step', 'what', 'cost'],
      ['1', 'TIME', 'run', 'started', '–'],
      ['2', 'TIME', 'a', 'begins', '–'],
      ['6', 'TIME', 'a', 'done', '$0.25'],
      ['7', 'TIME', 'b', 'begins', '$0.25'],
    ])
  })

  it('are those of every step, when all are asked for', () => {
    expect(momentsOf(EVENTS, { all: true }).map(({ at }) => at)).toEqual([1, 2, 3, 5, 6, 7])
  })

  it('say what is an estimate, and that a rehearsal has cost nothing', () => {
    const guessed = EVENTS.map(event =>
      event.type === 'model.replied' ? { ...event, spent: { ...event.spent, estimated: true } } : event,
    )
    expect(lines(guessed, { rehearsal: true })[0]).toContain('would cost')
    expect(lines(guessed).at(-1)).toContain('~$0.25')
  })
})
