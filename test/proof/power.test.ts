import { describe, expect, it } from 'vitest'
import { blackOut, recordRun } from '../helpers/blackouts.ts'
import { diskLibrary } from '../helpers/disk.ts'
import { seeded } from '../helpers/faults.ts'
import { PLANNED } from '../helpers/planned.ts'

describe.runIf(diskLibrary())('a machine that loses its power while crew works', () => {
  it.each([
    ['loses nothing that was said to be kept', undefined],
    ['would be found to lose it, if nothing was synced', 'no'],
  ] as const)(
    '%s',
    async (_, unsynced) => {
      const random = seeded(7)
      const recording = await recordRun(PLANNED, unsynced ? { unsynced } : {})
      // The most dangerous moments: right after something was said to the world. Some of them, and the last.
      const all = recording.records.flatMap(({ what }, at) => (what === 'say' ? [at + 1] : []))
      const said = all.filter((_, index) => index % 3 === 0 || index === all.length - 1)
      const cuts = await Promise.all(
        said.map(count => blackOut(recording, count, random, { goesOn: !unsynced && count === said[5] })),
      )
      expect(Math.max(...cuts.map(({ printed }) => printed))).toBe(recording.events.length)
      const problems = cuts.flatMap(({ problems }) => problems)
      if (unsynced) expect(problems.length).toBeGreaterThan(said.length / 10)
      else expect(problems).toEqual([])
    },
    120_000,
  )
})
