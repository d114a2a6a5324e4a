import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { spawn } from '@lydell/node-pty'
import { median, medians, startServer, USAGE } from './measure.mjs'

const AGENTS = 1000
/** What each of them says, and for how long, in milliseconds. */
const WORDS = 30
const TALK = 10_000
/** How the canvas begins to draw. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it begins with one
const FRAME = /\x1b\[\?2026h/g
/** Keys that are pressed while all are at work, and what shows that they were heard. */
const KEYS = [
  ['c', '[cost]'],
  ['o', '[overview]'],
  ['g', '[graph]'],
  ['o', '[overview]'],
  ['?', 'In overview'],
  ['\x1b', '[overview]'],
  ['j', '›'],
]

const TEAM = {
  name: 'bench-screen',
  input: { items: { type: 'array' } },
  agents: { worker: { role: 'You talk.', prompt: 'Talk about ${item}.' } },
  pattern: { kind: 'parallel', each: '${input.items}', agent: 'worker' },
  limits: { concurrency: AGENTS, invocations: 2 * AGENTS },
}

/** The same run in a terminal with the screen and with `--quiet`, in turn, `runs` times each. */
export async function measureScreen({ crew, folder, env, runs }) {
  const server = await startServer(TALK, { words: WORDS })
  try {
    const [team, items] = [join(folder, 'screen.json'), join(folder, 'items.json')]
    writeFileSync(team, JSON.stringify(TEAM))
    writeFileSync(items, JSON.stringify(Array.from({ length: AGENTS }, (_, index) => `item ${index + 1}`)))
    const args = [
      crew,
      'run',
      team,
      '--input',
      `items=@${items}`,
      '--trust',
      '-o',
      join(folder, 'result.txt'),
    ]
    const around = { folder, env: { ...env, OPENAI_BASE_URL: server.baseUrl, TERM: 'xterm-256color' } }
    const [quiet, shown] = [[], []]
    for (let run = 0; run < runs; run += 1) {
      const db = name => ['--db', join(folder, `screen-${name}-${run}.db`)]
      quiet.push(await inTerminal([...args, ...db('quiet'), '--quiet'], [], around))
      shown.push(await inTerminal([...args, ...db('shown')], KEYS, around))
    }
    const [without, withIt] = [medians(quiet), medians(shown)]
    const title = `${AGENTS} agents that talk`
    const share = (100 * (withIt.cpu - without.cpu)) / TALK
    return [
      { title: `--quiet: ${title}`, aims: {}, wall: without.wall, cpu: without.cpu, memory: without.memory },
      {
        title: `screen: ${title}`,
        aims: { ratio: 1.1, share: 10, frames: 10, key: 100 },
        ...withIt,
        ratio: withIt.wall / without.wall,
        share,
      },
    ]
  } finally {
    server.stop()
  }
}

/** Runs `node ARGS` in a terminal of its own, and presses `keys` when all agents are at work. */
async function inTerminal(args, keys, { folder, env }) {
  const usage = join(folder, 'usage.json')
  const began = performance.now()
  const script = 'exec "$0" --import "$@" 3>usage.json'
  const pty = spawn('sh', ['-c', script, process.execPath, USAGE, ...args], {
    cols: 140,
    rows: 40,
    cwd: folder,
    env,
  })
  let times = []
  let written = ''
  pty.onData(data => {
    const now = performance.now()
    for (const _ of data.matchAll(FRAME)) times.push(now)
    written = (written + data).slice(-10_000)
  })
  const exit = new Promise(resolve => pty.onExit(resolve))
  const waits = await press(keys, pty, watch(pty))
  // What keys show comes at once, between the frames that come by themselves.
  times = []
  const { exitCode } = await exit
  const wall = performance.now() - began
  if (exitCode !== 0) throw new Error(`crew ended with ${exitCode}\n${written}`)
  const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(readFileSync(usage, 'utf8'))
  return {
    wall,
    cpu: (userCPUTime + systemCPUTime) / 1000,
    memory: (maxRSS * 1024) / 1e6,
    frames: Math.max(0, ...times.map(from => times.filter(at => at >= from && at < from + 1000).length)),
    ...(waits.length > 0 && { key: median(waits), slowest: Math.max(...waits) }),
  }
}

/** Presses the keys once all are at work. Gives the milliseconds from each key to what it shows. */
async function press(keys, pty, shows) {
  const waits = []
  if (keys.length > 0) await shows(`${AGENTS.toLocaleString('en-US')} agents at work`)
  for (const [key, words] of keys) {
    await setTimeout(300)
    const began = performance.now()
    const seen = shows(words)
    pty.write(key)
    await seen
    waits.push(performance.now() - began)
  }
  return waits
}

/** Resolves once the terminal is written something with `words` in it; rejects after half a minute. */
function watch(pty) {
  return words =>
    new Promise((resolve, reject) => {
      const watcher = pty.onData(data => {
        if (data.includes(words)) done(resolve)
      })
      const timer = globalThis.setTimeout(() => done(reject, new Error(`${words} never showed`)), 30_000)
      const done = (end, value) => {
        clearTimeout(timer)
        watcher.dispose()
        end(value)
      }
    })
}
