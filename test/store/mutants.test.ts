import { describe, expect, it } from 'vitest'
import { mutants, outrages } from '../helpers/mutants.ts'

/** `npm run proof` takes a thousand. */
const COUNT = Number(process.env.CREW_MUTANTS ?? 15)

describe('a store that somebody or something has changed', () => {
  it('is said to be damaged, or does no harm: no command ends with a defect', async () => {
    const found: object[] = []
    let told = 0
    for await (const { number, way, answers } of mutants(COUNT, 2026)) {
      for (const answer of outrages(answers)) found.push({ number, way, ...answer })
      if (number === 0) expect(answers.filter(({ exit }) => exit !== 0)).toEqual([])
      if (answers.some(({ exit }) => exit !== 0)) told += 1
    }
    expect(found).toEqual([])
    expect(told).toBeGreaterThan(COUNT / 2)
  })
})
