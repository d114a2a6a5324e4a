import { describe, expect, it } from 'vitest'
import { seeded } from '../helpers/faults.ts'
import { type Kill, killAgainAndAgain, runCalmly } from '../helpers/kills.ts'
import { PLANNED } from '../helpers/planned.ts'

const KILLS: readonly Kill[] = [
  { by: 'point', point: 'before:step.succeeded:2' },
  { by: 'event', count: 6, delay: 3 },
  { by: 'point', point: 'act:after' },
]

describe('a run that is killed with -9 again and again', () => {
  it('ends as if nothing had happened', async () => {
    const random = seeded(2026)
    const chain = await killAgainAndAgain(await runCalmly(PLANNED, random), KILLS, random)
    expect(chain.problems).toEqual([])
    expect(chain.kills).toEqual(KILLS)
    // Else nothing was under way when it was killed.
    expect(chain.resent).toBeGreaterThan(0)
  }, 120_000)
})
