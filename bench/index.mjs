/** Measures crew beside the least that the same work can cost. docs/benchmarks.md says what the figures mean. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { measureScreen } from './screen.mjs'
import { measureStartUp } from './start-up.mjs'
import { print } from './table.mjs'
import { measureWorkload } from './workload.mjs'
import { WORKLOADS } from './workloads.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const NAMES = ['start-up', ...WORKLOADS.map(({ name }) => name), 'screen']
const USAGE = `node bench/index.mjs [--only NAME]… [--runs N] [--json]

  --only NAME  one of: ${NAMES.join(', ')}; may be given several times
  --runs N     how often each is run, instead of its default; figures are medians
  --json       the figures as JSON`

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: NAMES },
    runs: { type: 'string' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  },
})

async function main(folder) {
  const surroundings = {
    crew: join(ROOT, 'bin', 'crew.js'),
    folder,
    env: { PATH: process.env.PATH, CREW_HOME: folder, OPENAI_API_KEY: 'none' },
  }
  const runsOr = preset => (options.runs === undefined ? preset : Number(options.runs))
  const rows = []
  if (options.only.includes('start-up')) {
    rows.push(...(await measureStartUp({ ...surroundings, runs: runsOr(21) })))
  }
  for (const workload of WORKLOADS.filter(({ name }) => options.only.includes(name))) {
    rows.push(...(await measureWorkload(workload, { ...surroundings, runs: runsOr(workload.runs) })))
  }
  if (options.only.includes('screen'))
    rows.push(...(await measureScreen({ ...surroundings, runs: runsOr(3) })))
  return { machine: describeMachine(), rows }
}

function describeMachine() {
  const processors = cpus()
  return `Node ${process.versions.node}, ${process.platform}, ${processors.length} × ${processors[0]?.model.trim()}`
}

const isUsable = options.only.every(name => NAMES.includes(name)) && /^[1-9]\d*$/.test(options.runs ?? '1')

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
