/** Measures crew beside the least that the same work can cost. docs/benchmarks.md says what the figures mean. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { measureLogs } from './logs.mjs'
import { measureResume } from './resume.mjs'
import { measureScreen } from './screen.mjs'
import { measureStartUp } from './start-up.mjs'
import { print } from './table.mjs'
import { measureWaiting } from './waiting.mjs'
import { measureWorkload } from './workload.mjs'
import { WORKLOADS } from './workloads.mjs'

/** Everything that can be measured, with how often that is done by default. */
const BENCHES = [
  { name: 'start-up', runs: 11, measure: measureStartUp },
  ...WORKLOADS.map(workload => ({ ...workload, measure: around => measureWorkload(workload, around) })),
  { name: 'resume', runs: 3, measure: around => measureResume(1_000, around) },
  { name: 'resume-10000', runs: 1, big: true, measure: around => measureResume(10_000, around) },
  { name: 'logs', runs: 7, measure: around => measureLogs(100_000, around) },
  { name: 'logs-1000000', runs: 7, big: true, measure: around => measureLogs(1_000_000, around) },
  { name: 'waiting', runs: 1, measure: around => measureWaiting(1_000, around) },
  { name: 'waiting-10000', runs: 1, big: true, measure: around => measureWaiting(10_000, around) },
  { name: 'screen', runs: 3, measure: measureScreen },
]

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const NAMES = BENCHES.map(({ name }) => name)
const QUICK = BENCHES.filter(({ big }) => !big).map(({ name }) => name)
const USAGE = `node bench/index.mjs [--only NAME]… [--all] [--runs N] [--json]

  --only NAME  may be given several times; one of:
               ${NAMES.join(', ')}
  --all        also the big ones: ${NAMES.filter(name => !QUICK.includes(name)).join(', ')}
  --runs N     how often each is run, instead of its default; figures are medians
  --json       the figures as JSON`

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    all: { type: 'boolean' },
    runs: { type: 'string' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  },
})
const wanted = options.only ?? (options.all ? NAMES : QUICK)

async function main(folder) {
  const env = { PATH: process.env.PATH, CREW_HOME: folder, OPENAI_API_KEY: 'none' }
  const rows = []
  for (const { name, runs: usual, measure } of BENCHES.filter(({ name }) => wanted.includes(name))) {
    if (!options.json) process.stderr.write(`${name} …\n`)
    const runs = options.runs === undefined ? usual : Number(options.runs)
    const own = join(folder, name)
    mkdirSync(own)
    rows.push(...(await measure({ crew: join(ROOT, 'bin', 'crew.js'), folder: own, env, runs })))
  }
  return { machine: describeMachine(), rows }
}

function describeMachine() {
  const processors = cpus()
  const busy = `${loadavg()[1].toFixed(1)} processes want to run`
  return `Node ${process.versions.node}, ${process.platform}, ${processors.length} × ${processors[0]?.model.trim()}, ${busy}`
}

const isUsable = wanted.every(name => NAMES.includes(name)) && /^[1-9]\d*$/.test(options.runs ?? '1')

if (options.help) console.log(USAGE)
else if (!isUsable) {
  console.error(USAGE)
  process.exitCode = 2
} else {
  // Beside the code and not in the system's temporary folder: that may be in memory, where a durable commit is free.
  mkdirSync(join(ROOT, 'tmp'), { recursive: true })
  const folder = mkdtempSync(join(ROOT, 'tmp', 'bench-'))
  try {
    const result = await main(folder)
    if (options.json) console.log(JSON.stringify(result, null, 2))
    else print(result)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
