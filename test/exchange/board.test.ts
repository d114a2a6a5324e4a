import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Board } from '../../src/exchange/board.ts'
import { journal } from '../helpers/exchange.ts'

describe('the board', () => {
  it('keeps values by name, with version and writer, as they were at any moment', () => {
    const board = new Board([])
    const { step } = journal()
    expect(board.write(step('a'), { name: 'x', value: 1, by: 'ann' })).toEqual({ version: 1 })
    expect(board.write(step('b'), { name: 'y', value: 2, by: 'ben' })).toEqual({ version: 2 })
    expect(board.write(step('c'), { name: 'x', value: 3, by: 'ben' })).toEqual({ version: 3 })
    expect(board.at(2).values).toEqual({ x: 1, y: 2 })
    expect(board.at(3).values).toEqual({ x: 3, y: 2 })
    expect(board.at(3).entries.x).toMatchObject({ value: 3, version: 3, by: 'ben', key: 'c' })
    expect(board.since(1, 3).map(({ name }) => name)).toEqual(['y', 'x'])
  })

  it('refuses a write whose writer did not know what is there, and says who wrote it', () => {
    const board = new Board([])
    const { step, facts } = journal()
    board.write(step('a'), { name: 'x', value: 1, by: 'ann', expected: 0 })
    const refused = board.write(step('b'), { name: 'x', value: 2, by: 'ben', expected: 0 })
    expect(refused).toMatchObject({ refused: { value: 1, version: 1, by: 'ann' } })
    expect(board.write(step('c'), { name: 'x', value: 2, by: 'ben', expected: 1 })).toEqual({ version: 2 })
    expect(facts).toHaveLength(2)
  })

  it('takes several writes of one step, also of one name', () => {
    const board = new Board([])
    const ctx = journal().step('a')
    board.write(ctx, { name: 'x', value: 1, by: 'ann' })
    board.write(ctx, { name: 'y', value: 2, by: 'ann' })
    board.write(ctx, { name: 'x', value: 3, by: 'ann' })
    expect(board.at(board.version).values).toEqual({ x: 3, y: 2 })
  })

  it('knows what was written in a step and in those in it', () => {
    const board = new Board([])
    const { step } = journal()
    board.write(step('a/tool-1'), { name: 'x', value: 1, by: 'ann' })
    board.write(step('a-2'), { name: 'y', value: 1, by: 'ann' })
    expect(board.writtenIn('a').map(({ name }) => name)).toEqual(['x'])
  })

  it('makes no write twice when a step runs again after a crash', () => {
    const { step, facts } = journal()
    const write = (board: Board) => {
      const ctx = step('a')
      return ['x', 'y'].map(name => board.write(ctx, { name, value: name, by: 'ann', expected: 0 }))
    }
    const before = write(new Board([]))
    for (const kept of [0, 1, 2]) {
      const board = new Board(facts.slice(0, kept))
      expect(write(board)).toEqual(before)
      expect(board.at(board.version).values).toEqual({ x: 'x', y: 'y' })
    }
  })

  /** Each writer adds its marks to a list, one after the other: it reads, and some time later it writes. */
  it('loses no write, however those who look before they write are interleaved', () => {
    const turns = fc.array(fc.nat({ max: 3 }), { maxLength: 60 })
    fc.assert(
      fc.property(turns, fc.nat({ max: 59 }), (order, crash) => {
        const { step, facts } = journal()
        let board = new Board([])
        const looked = new Map<number, { version: number; list: readonly string[] }>()
        const made: string[] = []
        for (const [turn, writer] of order.entries()) {
          if (turn === crash) board = new Board(facts)
          const seen = looked.get(writer)
          if (!seen) {
            const entry = board.get('list')
            looked.set(writer, { version: entry?.version ?? 0, list: (entry?.value ?? []) as string[] })
            continue
          }
          looked.delete(writer)
          const mark = `${writer}@${turn}`
          const draft = {
            name: 'list',
            value: [...seen.list, mark],
            by: String(writer),
            expected: seen.version,
          }
          if ('version' in board.write(step(`step-${turn}`), draft)) made.push(mark)
        }
        expect(board.get('list')?.value ?? []).toEqual(made)
        expect(new Board(facts).at(made.length)).toEqual(board.at(made.length))
        expect(facts).toHaveLength(made.length)
      }),
    )
  })
})
