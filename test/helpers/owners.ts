import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { crewHome } from './crew.ts'

/**
 * Has `rivals` processes resume one interrupted run at once, `rounds` times. What each round's agent did is counted by the
 * agent itself, in a file: once is right.
 */
export async function* rivalry(rounds: number, rivals: number) {
  for (let round = 0; round < rounds; round += 1) {
    const { crew, home, team } = crewHome()
    const script =
      "require('node:fs').appendFileSync('done', process.ppid + '\\n'); setTimeout(() => console.log('ok'), 300)"
    const work = { kind: 'command', run: ['node', '-e', script], effects: 'pure' }
    const path = team({ agents: { work }, pattern: { kind: 'pipeline', stages: ['work'] } })
    await crew(['run', path, 'go', '--quiet'], { env: { CREW_CRASH_AT: 'event:2' } })
    const ended = await Promise.all(Array.from({ length: rivals }, () => crew(['resume', 'last', '--quiet'])))
    const done = readFileSync(join(home, 'done'), 'utf8').trim().split('\n')
    yield { round, done: done.length, exits: ended.map(({ code }) => code), said: ended.map(e => e.stderr) }
  }
}
