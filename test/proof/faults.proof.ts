import { describe, expect, it } from 'vitest'
import { DEADLINE, runMatrix } from '../helpers/fault-matrix.ts'

const RUNS = 1_000

describe('a thousand runs of ten steps', () => {
  it.each([
    { faulty: 0.2, attempts: 6, least: 0.995 },
    { faulty: 0.5, attempts: 8, least: 0.95 },
  ])('with $faulty of all calls failing', async ({ least, ...mix }) => {
    const figures = await runMatrix({ ...mix, runs: RUNS, steps: 10, lanes: 20, seed: 2026 })
    const { ends, decisions, ...plain } = figures
    console.table({ ...mix, runs: RUNS, completion: `${(figures.completed / RUNS) * 100} %`, ...plain })
    console.table({ ...ends, ...decisions })
    expect(figures.completed).toBeGreaterThanOrEqual(RUNS * least)
    expect(figures.poisoned).toBe(0)
    expect(figures.slowestCall).toBeLessThan(DEADLINE + 1_000)
    expect(figures.lostTime).toBeLessThan(20_000)
  })
})
