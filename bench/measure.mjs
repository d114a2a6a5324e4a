import { fork, spawn } from 'node:child_process'
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

/**
 * Runs `node ARGS` to its end.
 * @returns when it began and ended (milliseconds since the epoch), its stdout, CPU in milliseconds, peak memory in MB
 */
export async function measure(args, env) {
  const taken = await run(['--import', USAGE, ...args], env, ['ignore', 'pipe', 'pipe', 'pipe'])
  const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(taken.usage)
  return { ...taken, cpu: (userCPUTime + systemCPUTime) / 1000, memory: (maxRSS * 1024) / 1e6 }
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

/** Starts a mock server that answers after `latency` milliseconds, or says so many words over that time. */
export async function startServer(latency, words = 0) {
  const child = fork(SERVER, {
    env: { LATENCY: String(latency), WORDS: String(words) },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const [port] = await once(child.stdout.setEncoding('utf8'), 'data')
  const origin = `http://127.0.0.1:${port.trim()}`
  return {
    baseUrl: `${origin}/v1`,
    count: async () => (await fetch(`${origin}/count`)).json(),
    reset: () => fetch(`${origin}/count`, { method: 'DELETE' }),
    stop: () => child.disconnect(),
  }
}

/** Bytes of a database file once its log is written back, and how many of them are payloads. */
export function sizeOf(path) {
  const database = new Database(path)
  database.pragma('wal_checkpoint(TRUNCATE)')
  const pages = database.pragma('page_count', { simple: true })
  const bytes = pages * database.pragma('page_size', { simple: true })
  const hasPayloads = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'payloads'").get()
  const payloads = hasPayloads
    ? database.prepare('SELECT total(length(CAST(json AS BLOB))) FROM payloads').pluck().get()
    : 0
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
