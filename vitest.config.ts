import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    // Vitest would leave one core idle, and there may be only two.
    maxWorkers: '100%',
    // Nothing that a test does may touch the store, settings or working copies of whoever runs it.
    env: { CREW_HOME: join(tmpdir(), `crew-test-home-${process.pid}`) },
  },
})
