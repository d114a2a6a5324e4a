import { expect, it } from 'vitest'
import { createTimeline } from '../../src/ui/timeline.ts'
import { BEGIN, began, history, resumed, started, WAITING } from '../helpers/history.ts'

const DAY = 86_400_000
it('counts milliseconds since the beginning, also of what is to come', () => {
  const at = createTimeline(history([0, began()], [100, started('a', 'agent')]))
  expect([BEGIN, BEGIN + 100, BEGIN + 700].map(at)).toEqual([0, 100, 700])
})
it('stands still between a crash or an end and the resume', () => {
  const at = createTimeline(WAITING)
  expect(at(BEGIN + DAY / 2)).toBe(0)
  expect(at(BEGIN + DAY + 500)).toBe(500)
  const twice = createTimeline(
    history(
      [0, began()],
      [100, { type: 'run.interrupted', reason: '' }],
      [DAY, resumed],
      [DAY + 50, resumed],
    ),
  )
  expect(twice(BEGIN + DAY + 60)).toBe(110)
})
it('is zero for a run without events', () => {
  expect(createTimeline([])(BEGIN)).toBeGreaterThan(0)
})
