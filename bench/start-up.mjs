import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { median, time } from './measure.mjs'

const TEAM = {
  name: 'bench-start-up',
  agents: { worker: { kind: 'command', run: ['true'], stdin: 'none', effects: 'pure' } },
  pattern: { kind: 'pipeline', stages: ['worker'] },
}

/** Processes that do next to nothing; the first is what the others are compared with. */
function processes(crew, folder) {
  const team = join(folder, 'start-up.json')
  writeFileSync(team, JSON.stringify(TEAM))
  const run = [crew, 'run', team, 'Go.', '--quiet', '--json', '--db', join(folder, 'start-up.db'), '--trust']
  return [
    { title: 'node -e 0', args: ['-e', '0'] },
    { title: 'crew --version', args: [crew, '--version'], aims: { ratio: 1.6 } },
    { title: 'crew --help', args: [crew, '--help'] },
    { title: 'crew run, one command', args: run },
  ]
}

/** Whole wall time of every process, `runs` times in turn. */
export async function measureStartUp({ crew, folder, env, runs }) {
  const all = processes(crew, folder).map(process => ({ ...process, walls: [] }))
  for (const { args } of all) await time(args, env)
  for (let run = 0; run < runs; run += 1) {
    for (const { args, walls } of all) walls.push(await time(args, env))
  }
  const [floor] = all
  return all.map(({ title, aims = {}, walls }) => {
    const wall = median(walls)
    return { title, aims, wall, ...(walls !== floor.walls && { ratio: wall / median(floor.walls) }) }
  })
}
