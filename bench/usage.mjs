/**
 * Preloaded into a process that is measured: when it ends, it writes what it took to file descriptor 3. With
 * BENCH_SAMPLES, also how late the event loop was and what memory there was, in every second.
 */
import { writeSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

const samples = []

if (process.env.BENCH_SAMPLES) {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  setInterval(() => {
    samples.push({ at: Date.now(), p99: delay.percentile(99) / 1e6, memory: process.memoryUsage.rss() / 1e6 })
    delay.reset()
  }, 1000).unref()
}

process.on('exit', () => writeSync(3, JSON.stringify({ ...process.resourceUsage(), samples })))
