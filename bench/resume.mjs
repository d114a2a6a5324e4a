import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, rmSync } from 'node:fs'
import { median, startServer } from './measure.mjs'
import { writeRun } from './workload.mjs'
import { fanOut } from './workloads.mjs'

const AT_ONCE = 10

/** A run is killed behind so many steps, and resumed: the time from the start of the process to its first new request. */
export async function measureResume(steps, { crew, folder, env, runs }) {
  const server = await startServer(0)
  const surroundings = { ...env, OPENAI_BASE_URL: server.baseUrl }
  const store = `${folder}/store.db`
  try {
    await server.reset(steps)
    const args = writeRun(fanOut({ steps: steps + 1, concurrency: AT_ONCE }), folder)
    const crashed = start([crew, ...args, '--db', store], surroundings)
    await killBehind(crashed, server, steps + 1)
    const kept = ['', '-wal'].map(end => [store + end, `${store}${end}.kept`])
    for (const [from, to] of kept) copyFileSync(from, to)
    const walls = []
    for (let run = 0; run < runs; run += 1) {
      rmSync(`${store}-shm`, { force: true })
      for (const [to, from] of kept) copyFileSync(from, to)
      await server.reset(0)
      const began = performance.timeOrigin + performance.now()
      const resumed = start([crew, 'resume', 'last', '--quiet', '--db', store], surroundings)
      await killBehind(resumed, server, 1)
      const { first, requests } = await server.count()
      // Those that were answered last may have been on their way to the disk.
      if (requests > AT_ONCE + 1)
        throw new Error(`${requests} requests of a run that lacked ${AT_ONCE + 1} at most`)
      walls.push(first - began)
    }
    const firstLine = median(walls)
    return [{ title: `crew: resume behind ${steps} steps`, aims: { firstLine: 1000 }, firstLine }]
  } finally {
    server.stop()
  }
}

function start(args, env) {
  return spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'inherit'] })
}

async function killBehind(child, server, requests) {
  while ((await server.count()).requests < requests) {
    if (child.exitCode !== null) throw new Error(`crew ended with ${child.exitCode}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  child.kill('SIGKILL')
  await once(child, 'close')
}
