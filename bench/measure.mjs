import { fork, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'

/** What is preloaded into a process to have it tell what it took. */
export const USAGE = new URL('usage.mjs', import.meta.url).href
const SERVER = fileURLToPath(new URL('mock-server.mjs', import.meta.url))

const now = () => performance.timeOrigin + performance.now()

/** How long `node ARGS` takes from start to end, in milliseconds. Nothing is added to the process. */
export async function time(args, env) {
  const { began, ended } = await run(args, env, ['ignore', 'pipe', 'pipe'])
  return ended - began
}

/** How long it takes until the first byte on its stdout. What it says after that is not waited for. */
export async function timeToFirstLine(args, env) {
  const began = now()
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const [first] = await Promise.race([once(child.stdout, 'data'), once(child.stdout, 'end')])
  const took = now() - began
  child.kill('SIGKILL')
  await once(child, 'close')
  if (first === undefined) throw new Error(`node ${args.join(' ')} said nothing`)
  return took
}

/** User and system time of `node ARGS` in milliseconds, as the shell saw it. Nothing is added to the process. */
export function cpuOf(args, env) {
  const script = 'TIMEFORMAT="%U %S"; time "$@" > /dev/null'
  const { status, stderr } = spawnSync('bash', ['-c', script, 'time', process.execPath, ...args], {
    env,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}\n${stderr}`)
  const [user, system] = stderr.trim().split('\n').at(-1).split(' ')
  return (Number(user) + Number(system)) * 1000
}

/**
 * Runs `node ARGS` to its end.
 * @returns when it began and ended (milliseconds since the epoch), its stdout, CPU in milliseconds, peak memory in MB
 */
export async function measure(args, env) {
  const taken = await run(['--import', USAGE, ...args], env, ['ignore', 'pipe', 'pipe', 'pipe'])
  const { userCPUTime, systemCPUTime, maxRSS, samples } = JSON.parse(taken.usage)
  return { ...taken, samples, cpu: (userCPUTime + systemCPUTime) / 1000, memory: (maxRSS * 1024) / 1e6 }
}

async function run(args, env, stdio) {
  const began = now()
  const child = spawn(process.execPath, args, { env, stdio })
  const exit = once(child, 'exit').then(([code]) => ({ code, ended: now() }))
  const [{ code, ended }, ...texts] = await Promise.all([
    exit,
    ...child.stdio.slice(1).map(stream => text(stream)),
  ])
  const [stdout, stderr, usage] = texts
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${code}\n${stderr}`)
  return { began, ended, stdout, usage }
}

/**
 * Starts a mock server that answers after `latency` milliseconds: in the last of `turns` with words, or with so many
 * `words` over that time.
 */
export async function startServer(latency, { turns = 1, words = 0 } = {}) {
  const child = fork(SERVER, {
    env: { LATENCY: String(latency), TURNS: String(turns), WORDS: String(words) },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const [port] = await once(child.stdout.setEncoding('utf8'), 'data')
  const origin = `http://127.0.0.1:${port.trim()}`
  return {
    baseUrl: `${origin}/v1`,
    count: async () => (await fetch(`${origin}/count`)).json(),
    /** With `hold`: whoever comes behind so many waits for `go`. */
    reset: hold => fetch(`${origin}/count${hold === undefined ? '' : `?hold=${hold}`}`, { method: 'DELETE' }),
    go: () => fetch(`${origin}/go`, { method: 'POST' }),
    stop: () => child.disconnect(),
  }
}

/**
 * Bytes of a database file once its log is written back, and how many of them are payloads: inputs and outputs, wherever
 * they are kept.
 */
export function sizeOf(path) {
  const database = new Database(path)
  database.pragma('wal_checkpoint(TRUNCATE)')
  const pages = database.pragma('page_count', { simple: true })
  const bytes = pages * database.pragma('page_size', { simple: true })
  const hasPayloads = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'payloads'").get()
  const sum = sql => database.prepare(sql).pluck().get()
  const payloads = hasPayloads
    ? sum('SELECT total(length(CAST(json AS BLOB))) FROM payloads') +
      sum("SELECT total(length(CAST(data -> '$.input' AS BLOB))) FROM events") +
      sum("SELECT total(length(CAST(data -> '$.output' AS BLOB))) FROM events")
    : sum('SELECT total(length(CAST(output AS BLOB))) FROM steps')
  database.close()
  return { bytes, payloads }
}

export function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** The median of every number that the samples have. */
export function medians(samples) {
  const names = Object.keys(samples[0])
  return Object.fromEntries(names.map(name => [name, median(samples.map(sample => sample[name]))]))
}
