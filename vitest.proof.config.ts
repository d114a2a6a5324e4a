import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

/** `npm run proof`: what takes minutes to show. Small versions of it are among the tests. */
export default defineConfig({
  test: {
    include: ['test/proof/*.proof.ts', 'test/policies/budget-schedules.test.ts'],
    testTimeout: 120 * 60_000,
    // One after the other: they count seconds.
    fileParallelism: false,
    env: { CREW_HOME: join(tmpdir(), `crew-proof-home-${process.pid}`), CREW_SCHEDULES: '10000' },
  },
})
