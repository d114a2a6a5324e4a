import { describe, expect, it } from 'vitest'
import { emptyView, type RunView } from '../../src/store/view.ts'
import { describeCost } from '../../src/ui/summary.ts'

const NOTHING = { calls: 0, input: 0, output: 0, cached: 0, usd: 0, unpriced: 0, estimated: 0 }
const TWO_CALLS = { ...NOTHING, calls: 2, input: 1_000, output: 200, usd: 0.04 }

const run = (more: Partial<RunView>) => ({ ...emptyView(), ...more })

describe('what a run cost', () => {
  it('stands beside what it may take', () => {
    expect(describeCost(run({ spent: TWO_CALLS }), ' of at most $5.00')).toBe(
      '1,200 tokens, $0.040 of at most $5.00',
    )
  })

  it('says how much of it nobody knows for sure', () => {
    expect(describeCost(run({ spent: { ...TWO_CALLS, estimated: 1 } }))).toBe(
      '~1,200 tokens, ~$0.040 (1 of 2 calls estimated)',
    )
  })

  it('is told apart, with its limit, from what the run before it had paid', () => {
    const forked = { run: '0k3f', at: 4, agents: [], results: {} } as unknown as NonNullable<
      RunView['forked']
    >
    expect(describeCost(run({ spent: TWO_CALLS, forked, inherited: TWO_CALLS }), ' of at most $5.00')).toBe(
      '1,200 tokens, $0.040 of at most $5.00; taken over from 0k3f: 1,200 tokens, $0.040',
    )
  })

  it('is what it would have been in a rehearsal', () => {
    expect(describeCost(run({ rehearsal: true }))).toBe('rehearsal, no model called')
    expect(describeCost(run({ rehearsal: true, spent: TWO_CALLS }))).toBe(
      'rehearsal, no model called; else 1,200 tokens, $0.040',
    )
  })
})
