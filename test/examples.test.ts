import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { graphOf } from '../src/team/graph.ts'
import { loadTeam } from '../src/team/load.ts'
import { draw } from '../src/ui/graph/draw.ts'
import { PLAIN } from '../src/ui/style.ts'
import { crewHome } from './helpers/crew.ts'

const EXAMPLES = readdirSync('examples')
/** Team files of the examples that a README tells people to rehearse. Others are parts of these. */
const TEAMS = EXAMPLES.flatMap(example => {
  const readme = readFileSync(join('examples', example, 'README.md'), 'utf8')
  const named = [...readme.matchAll(/crew run (examples\/\S+) --rehearse *(?:#.*)?$/gm)].map(
    ([, file = '']) => file,
  )
  return [...new Set(named)].map(file => [example, file] as const)
})

describe('the examples', () => {
  it('each say in their README how they are run', () => {
    expect(EXAMPLES.length).toBeGreaterThanOrEqual(13)
    expect(EXAMPLES.filter(example => !TEAMS.some(([owner]) => owner === example))).toEqual([])
  })
})

describe.concurrent.each(TEAMS)('the example %s', (_, file) => {
  it(`has a team in ${file} without problems`, async () => {
    const { problems } = await loadTeam(file)
    expect(problems.map(({ message }) => message)).toEqual([])
  })

  it(`succeeds with ${file} without key and network, and says something`, async () => {
    const { crew } = crewHome()
    const { code, stdout, stderr } = await crew(['run', resolve(file), '--rehearse'])
    expect(code, stderr).toBe(0)
    expect(stdout.trim().length).toBeGreaterThan(20)
  })

  it('can be drawn', async () => {
    const drawing = await draw(graphOf(await loadTeam(file)), 'tree', PLAIN)
    expect(drawing.split('\n').length).toBeGreaterThan(2)
  })
})
