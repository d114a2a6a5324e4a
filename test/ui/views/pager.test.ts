import stringWidth from 'string-width'
import { describe, expect, it } from 'vitest'
import { excerpt } from '../../../src/ui/screen/excerpt.ts'
import {
  createBreaker,
  type Entry,
  layOut,
  move,
  type Place,
  rowOf,
  START,
  search,
  topOf,
  turn,
} from '../../../src/ui/screen/pager.ts'
import { paginate } from '../../../src/ui/screen/pages.ts'
import { cpuTime } from '../../helpers/cpu.ts'
import { HOSTILE, problemsIn } from './seen.ts'

const linesOf = (text: string, width: number) => {
  const pages = paginate(text, width)
  return Array.from({ length: pages.rows }, (_, row) => pages.line(row))
}

describe('a long text', () => {
  it('is broken between words, keeps its lines and its indentation', () => {
    expect(linesOf('one two three four\n\n  - five six seven', 10)).toEqual([
      'one two',
      'three four',
      '',
      '  - five',
      'six seven',
    ])
  })

  it('counts wide characters twice and never splits one', () => {
    const lines = linesOf(`漢字漢字漢字 ab ${'\u{1F469}\u200d\u{1F680}'.repeat(6)}`, 7)
    expect(problemsIn(lines, 7)).toEqual([])
    expect(lines.join('').replaceAll(' ', '')).toBe(`漢字漢字漢字ab${'\u{1F469}\u200d\u{1F680}'.repeat(6)}`)
  })

  it('is harmless', () => {
    expect(problemsIn(linesOf(HOSTILE, 20), 20)).toEqual([])
    expect(linesOf(HOSTILE, 40)[0]).toBe('eviltxt')
  })

  it('of a megabyte in one line, in many, or of wide characters is laid out at once', () => {
    const began = cpuTime()
    for (const text of ['x'.repeat(2 ** 20), 'some words\n'.repeat(100_000), '漢'.repeat(2 ** 20)]) {
      const pages = paginate(text, 80)
      expect(stringWidth(pages.line(pages.rows - 1))).toBeLessThanOrEqual(80)
      expect(pages.line(5).length).toBeGreaterThan(0)
    }
    expect(cpuTime() - began).toBeLessThan(2000)
  })

  it('is searched in both directions', () => {
    const pages = paginate('alpha\nbeta\nAlpha', 20)
    expect([
      pages.find('alpha', 1, false),
      pages.find('alpha', 1, true),
      pages.find('gamma', 0, false),
    ]).toEqual([2, 0, -1])
  })

  it('is cut to its beginning without a look at the rest', () => {
    expect(excerpt('y'.repeat(10_000_000), 5)).toBe('yyyy…')
    expect(excerpt(`${' '.repeat(1000)}y`, 5)).toBe('…')
  })
})

const entries: Entry[] = ['a', 'b', 'c', 'd'].map(id => ({
  id,
  head: () => id,
  text: id,
  body: () => `${id} one\n${id} two`,
}))

describe('entries', () => {
  const breakUp = createBreaker()
  const lay = (place: Place, all = entries) => layOut(all, place.turned, 40, breakUp)

  it('are followed to the end, also of those to come, until somebody goes up', () => {
    expect(rowOf(START, lay(START))).toBe(3)
    const more = [...entries, { ...entries[0], id: 'e', head: () => 'e' }]
    expect(rowOf(START, lay(START, more))).toBe(4)
    const up = move(START, 'up', lay(START), 2, true)
    expect([rowOf(up, lay(up)), rowOf(up, lay(up, more))]).toEqual([2, 2])
    const down = move(up, 'down', lay(up), 2, true)
    expect(rowOf(down, lay(down, more))).toBe(4)
  })

  it('unfold and fold, and what is above stays where it was', () => {
    const first = move(START, 'first', lay(START), 10, false)
    const open = turn(first, lay(first))
    expect(lay(open).rows).toBe(6)
    const below = move(open, 'down', lay(open), 10, false)
    expect(lay(below).at(rowOf(below, lay(below)))).toMatchObject({ entry: { id: 'a' }, line: 1 })
    expect(lay(turn(below, lay(below))).rows).toBe(4)
  })

  it('scroll by as little as it takes', () => {
    let place = move(START, 'first', lay(START), 2, false)
    const tops = [0, 1, 2, 3].map(() => {
      const top = topOf(place, lay(place), 2)
      place = { ...move(place, 'down', lay(place), 2, false), top }
      return top
    })
    expect(tops).toEqual([0, 0, 1, 2])
  })

  it('are searched in a circle, folded or not', () => {
    const first = move(START, 'first', lay(START), 2, false)
    const look = (place: Place, query: string, back: boolean) =>
      search(entries, place, lay(place), { query, back, breakUp })
    const found = look(first, 'C TWO', false)
    expect(found?.at).toEqual({ id: 'c', line: 2 })
    expect(found && lay(found).rows).toBe(6)
    expect(found && look(found, 'one', false)?.at).toEqual({ id: 'd', line: 1 })
    expect(look(first, 'd one', true)?.at).toEqual({ id: 'd', line: 1 })
    expect(look(first, 'nowhere', false)).toBeUndefined()
  })

  it('may be none', () => {
    const layout = layOut([], new Set(), 40, breakUp)
    expect([layout.rows, rowOf(START, layout), topOf(START, layout, 5)]).toEqual([0, 0, 0])
    expect(move(START, 'down', layout, 5, false).at).toBeUndefined()
  })
})
