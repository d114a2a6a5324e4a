import { readdirSync, readFileSync } from 'node:fs'
import { onTestFinished } from 'vitest'
import { EXIT } from '../../src/errors.ts'
import { crewHome, ended, said } from './crew.ts'
import { seeded } from './faults.ts'
import { type FaultyServer, startFaultyServer } from './faulty-server.ts'

/** How one run was cancelled, and what became of it. */
export interface Cancel {
  /** `early`: before there was a run. `late`: it had succeeded by then. */
  readonly moment: 'early' | 'in time' | 'late'
  readonly signals: string
  /** How many processes there were then, crew itself among them. */
  readonly alive: number
  /** Milliseconds until nothing of it was alive any more. */
  readonly gone: number
  readonly survivors: readonly string[]
  /** Exit code of the resumed run, or of a new one. */
  readonly resumed: number | null
  readonly said: string
}

/** Milliseconds in which everything has to be over. */
const SOON = 5_000
/** Milliseconds until the first signal: of most runs since their first agent began, of some since crew was started. */
const LATEST = 1_500

/** Cancels `count` runs of a real crew, `lanes` at a time, each in a moment of its own. */
export async function cancelMany(count: number, lanes: number, seed: number): Promise<Cancel[]> {
  const server = await slowServer()
  const cancels: Cancel[] = []
  let next = 0
  const lane = async () => {
    while (next < count) {
      next += 1
      cancels.push(await cancelOne(`crew-proof-${process.pid}-${seed}-${next}`, seeded(seed + next), server))
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return cancels
}

/** A program that ignores SIGTERM, as does the child that it leaves alone for longer than the test takes. */
const STUBBORN = `trap '' TERM INT HUP; sleep 300 & child=$!; sleep "$1"; kill -9 $child; echo done`

function teamOf(mark: string, random: () => number) {
  const stubborn = () => ({
    kind: 'command',
    run: ['sh', '-c', STUBBORN, 'sh', String(0.2 + random())],
    stdin: 'none',
    effects: 'idempotent',
    env: { CREW_PROOF: mark },
  })
  const talker = { role: 'You help.' }
  return {
    agents: { first: stubborn(), second: stubborn(), talker, other: talker, last: stubborn() },
    pattern: {
      kind: 'parallel',
      branches: ['first', 'second', 'talker', 'other', 'last'],
      aggregate: 'json',
    },
    limits: { concurrency: 3 },
  }
}

async function cancelOne(mark: string, random: () => number, { url }: FaultyServer): Promise<Cancel> {
  const env = { OPENAI_BASE_URL: `${url}/v1`, OPENAI_API_KEY: 'sk-test-0123456789', CREW_PROOF: mark }
  const { start, crew, team } = crewHome(env)
  const path = team(teamOf(mark, random))
  const child = start(['run', path, 'go'])
  child.stdin?.end()
  const end = ended(child)
  if (random() < 0.9) await Promise.race([said(child, /▸/), end])
  await pause(random() * LATEST)
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGINT SIGINT'][Math.floor(random() * 4)] ?? ''
  const [first, second] = signals.split(' ') as NodeJS.Signals[]
  const alive = carrying(mark).length
  const began = Date.now()
  child.kill(first)
  if (second) {
    await pause(random() * 200)
    child.kill(second)
  }
  const gone = await whenGone(mark, began)
  const { code, stderr } = await end
  const again = await crew(['resume', 'last'])
  const isThere = again.code !== EXIT.usage
  const resumed = isThere ? again : await crew(['run', path, 'go'])
  return {
    moment: code === 0 ? 'late' : isThere ? 'in time' : 'early',
    signals,
    alive,
    gone,
    survivors: gone > SOON ? carrying(mark) : [],
    resumed: resumed.code,
    said: `${stderr}\n${resumed.stderr}`,
  }
}

/** Milliseconds since `began` until no process carries the mark, or more than `SOON`. */
async function whenGone(mark: string, began: number): Promise<number> {
  for (;;) {
    const passed = Date.now() - began
    if (passed > SOON || carrying(mark).length === 0) return passed
    await pause(50)
  }
}

/** Command lines of the processes that have the mark in their environment, as every descendant has. */
function carrying(mark: string): string[] {
  return readdirSync('/proc').flatMap(pid => {
    if (!/^\d+$/.test(pid)) return []
    try {
      const isMarked = readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`CREW_PROOF=${mark}\0`)
      return isMarked ? [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')] : []
    } catch {
      // It ended while we looked, or is somebody else's.
      return []
    }
  })
}

/** Speaks a few words, slowly. */
async function slowServer(): Promise<FaultyServer> {
  const server = await startFaultyServer()
  onTestFinished(() => server.close())
  const parts = [
    { choices: [{ index: 0, delta: { role: 'assistant', content: 'All ' } }] },
    { choices: [{ index: 0, delta: { content: 'is ' } }] },
    { choices: [{ index: 0, delta: { content: 'well.' }, finish_reason: 'stop' }] },
    { choices: [], usage: { prompt_tokens: 10, completion_tokens: 3 } },
  ]
  server.play(async response => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const part of parts) {
      response.write(`data: ${JSON.stringify(part)}\n\n`)
      await pause(200)
    }
    response.end('data: [DONE]\n\n')
  })
  return server
}

function pause(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds))
}
