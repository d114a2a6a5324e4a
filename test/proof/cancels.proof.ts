import { describe, expect, it } from 'vitest'
import { cancelMany } from '../helpers/cancels.ts'

describe('five hundred runs of a real crew that are cancelled in any moment', () => {
  it('leave no process behind, and go on to their end when they are resumed', async () => {
    const cancels = await cancelMany(500, 6, 2026)
    const moments = ['early', 'in time', 'late'] as const
    console.table(
      moments.map(moment => {
        const those = cancels.filter(cancel => cancel.moment === moment)
        return {
          moment,
          cancels: those.length,
          'processes then (mean)': Math.round(
            sum(those.map(({ alive }) => alive)) / Math.max(1, those.length),
          ),
          'survivors after 5 s': those.filter(({ survivors }) => survivors.length > 0).length,
          'gone after at most (ms)': Math.max(0, ...those.map(({ gone }) => gone)),
          'succeeded when resumed': those.filter(({ resumed }) => resumed === 0).length,
        }
      }),
    )
    expect(cancels.flatMap(({ survivors }) => survivors)).toEqual([])
    expect(cancels.filter(({ resumed }) => resumed !== 0).map(({ said }) => said)).toEqual([])
  })
})

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
