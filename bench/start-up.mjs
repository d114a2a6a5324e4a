import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cpuOf, median, time } from './measure.mjs'

const TEAM = {
  name: 'bench-start-up',
  agents: { worker: { kind: 'command', run: ['true'], stdin: 'none', effects: 'pure' } },
  pattern: { kind: 'pipeline', stages: ['worker'] },
}

/** Processes that do next to nothing; the first is what the others are compared with. */
function processes(crew, folder) {
  const team = join(folder, 'start-up.json')
  writeFileSync(team, JSON.stringify(TEAM))
  const db = ['--db', join(folder, 'start-up.db')]
  const run = ['run', team, 'Go.', '--quiet', '--json', '--trust', ...db]
  const commands = {
    '--help': ['--help'],
    'run, one command': run,
    'run --help': ['run', '--help'],
    resume: ['resume', 'last', ...db],
    ls: ['ls', ...db],
    show: ['show', 'last', ...db],
    logs: ['logs', 'last', ...db],
    'logs --trace': ['logs', 'last', '--trace', ...db],
    cost: ['cost', ...db],
    diff: ['diff', '-1', '-2', ...db],
    replay: ['replay', 'last', '--verify', ...db],
    inbox: ['inbox', ...db],
    validate: ['validate', team],
    graph: ['graph', team],
    trust: ['trust', team],
    schema: ['schema'],
    'config list': ['config', 'list'],
    completion: ['completion', 'bash'],
  }
  const aims = { '--version': { ratio: 1.5 }, 'run, one command': { ratio: 4 } }
  const all = Object.entries({ '--version': ['--version'], ...commands }).map(([name, args]) => ({
    title: `crew ${name}`,
    args: [crew, ...args],
    aims: aims[name] ?? {},
  }))
  return { seed: [crew, ...run], all: [{ title: 'node -e 0', args: ['-e', '0'], aims: {} }, ...all] }
}

/**
 * Every process, `runs` times in turn. What is compared is the least CPU time that it was seen to take: of that, another
 * program on the machine takes nothing away.
 */
export async function measureStartUp({ crew, folder, env, runs }) {
  const { seed, all } = processes(crew, folder)
  for (const _ of [1, 2]) execFileSync(process.execPath, seed, { env })
  const rows = all.map(process => ({ ...process, walls: [], cpus: [] }))
  for (let run = 0; run < runs; run += 1) {
    for (const { args, walls, cpus } of rows) {
      walls.push(await time(args, env))
      cpus.push(cpuOf(args, env))
    }
  }
  const floor = Math.min(...rows[0].cpus)
  return rows.map(({ title, aims, walls, cpus }) => {
    const cpu = Math.min(...cpus)
    return { title, aims, wall: median(walls), cpu, ...(cpus !== rows[0].cpus && { ratio: cpu / floor }) }
  })
}
