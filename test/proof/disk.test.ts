import { describe, expect, it } from 'vitest'
import { recordRun } from '../helpers/blackouts.ts'
import { diskLibrary } from '../helpers/disk.ts'
import { runOnFaultyDisk } from '../helpers/disk-faults.ts'
import { PLANNED } from '../helpers/planned.ts'

describe.runIf(diskLibrary())('a disk that fails', () => {
  it('ends a run with a clear message, and loses nothing that was said to be kept', async () => {
    const recording = await recordRun(PLANNED)
    for (const [fault, message] of [
      ['readonly:1', /its folder cannot be made \(ENOENT\)/],
      ['sync:9', /the disk does not read or write \((?:EIO|SQLITE_IOERR_\w+)\)/],
      ['sync:20', /the disk does not read or write \(SQLITE_IOERR_FSYNC\)/],
    ] as const) {
      const failed = await runOnFaultyDisk(recording, fault)
      expect(failed).toMatchObject({ code: 1, resumed: 0, problems: [] })
      expect(failed.said).toMatch(message)
    }
  }, 120_000)
})
