import { measure, startServer } from './measure.mjs'
import { writeRun } from './workload.mjs'
import { fanOut } from './workloads.mjs'

/** Milliseconds for which everybody waits, and those before it that do not count: what was begun is being put away. */
const WAIT = 8_000
const SETTLE = 2_000

/** One process with so many agents that all wait for a model: the memory it takes, and how late its event loop is. */
export async function measureWaiting(agents, { crew, folder, env, runs }) {
  const server = await startServer(0)
  const rows = []
  try {
    const work = fanOut({ steps: agents, concurrency: agents })
    const args = [crew, ...writeRun(work, folder)]
    for (let run = 0; run < runs; run += 1) {
      await server.reset(0)
      const surroundings = { ...env, OPENAI_BASE_URL: server.baseUrl, BENCH_SAMPLES: '1' }
      const taken = measure([...args, '--db', `${folder}/store-${run}.db`], surroundings)
      while ((await server.count()).requests < agents) await wait(100)
      const from = Date.now() + SETTLE
      await wait(WAIT)
      const to = Date.now()
      await server.go()
      const { samples, cpu, memory, began, ended } = await taken
      // A sample is of the second before it.
      const waiting = samples.filter(({ at }) => at >= from + 1000 && at <= to)
      rows.push({
        title: `crew: ${agents} agents wait`,
        aims: { memory: 300, p99: 20 },
        wall: ended - began,
        cpu,
        memory,
        p99: Math.max(...waiting.map(({ p99 }) => p99)),
      })
    }
  } finally {
    server.stop()
  }
  return rows
}

const wait = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds))
