import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    // Much of what tests wait for is another process.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    // To load all of crew anew for each file would take a third of the time.
    isolate: false,
    unstubEnvs: true,
    // Nothing that a test does may touch the store, settings or working copies of whoever runs it.
    env: { CREW_HOME: join(tmpdir(), `crew-test-home-${process.pid}`) },
  },
})
