import { describe, expect, it } from 'vitest'
import { mutants, outrages } from '../helpers/mutants.ts'
import { rivalry } from '../helpers/owners.ts'

describe('five hundred runs that eight processes resume at once', () => {
  it('are executed by exactly one each', async () => {
    const wrong: object[] = []
    for await (const round of rivalry(500, 8)) {
      const strange = round.exits.some(code => code !== 0 && code !== 5)
      if (round.done !== 1 || strange || !round.exits.includes(0)) wrong.push(round)
    }
    expect(wrong).toEqual([])
  })
})

describe('a thousand stores that somebody or something has changed', () => {
  it('are said to be damaged, or do no harm', async () => {
    const found: object[] = []
    const told = new Map<string, number>()
    for await (const { number, way, answers } of mutants(1000, 7)) {
      for (const answer of outrages(answers)) found.push({ number, way, ...answer })
      if (answers.some(({ exit }) => exit !== 0)) told.set(way, (told.get(way) ?? 0) + 1)
    }
    console.table(Object.fromEntries(told))
    expect(found).toEqual([])
  })
})
