import { describe, expect, it } from 'vitest'
import { cancelMany } from '../helpers/cancels.ts'

describe.runIf(process.platform === 'linux')('runs that are cancelled in any moment', () => {
  it('leave no process behind, and go on to their end when they are resumed', async () => {
    const cancels = await cancelMany(10, 10, 11)
    // Else there would have been nothing to leave behind.
    expect(Math.max(...cancels.map(({ alive }) => alive))).toBeGreaterThan(2)
    expect(cancels.map(({ moment }) => moment)).toContain('in time')
    for (const { survivors, resumed, said } of cancels) {
      expect(survivors).toEqual([])
      expect(resumed, said).toBe(0)
    }
  })
})
