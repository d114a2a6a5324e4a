import { Chalk } from 'chalk'
import { expect, it } from 'vitest'
import { zero } from '../../src/spend.ts'
import { documentOfCost, formatCost } from '../../src/ui/cost.ts'
import { formatDollars, formatTokens } from '../../src/ui/format.ts'

const style = new Chalk({ level: 0 })
const group = (of: object, total: object) => ({ of, ...zero(), ...total })

it('what was spent is a table: what cost most first, with estimates, cached tokens and unpriced calls told apart', () => {
  const groups = [
    group({ model: 'cheap' }, { calls: 3, input: 900, output: 100, usd: 0.0042 }),
    group(
      { model: 'dear' },
      { calls: 2, input: 5_000, output: 1_000, cached: 4_000, usd: 3.4, estimated: 1 },
    ),
    group({ model: null }, { calls: 1, input: 10, output: 5, unpriced: 1 }),
    group({ model: 'mixed\u001b[31m' }, { calls: 4, input: 10, output: 5, usd: 0.5, unpriced: 2 }),
  ]
  expect(formatCost(groups, ['model'], { style, width: 80 })).toEqual([
    'model        calls  tokens  cached                 cost',
    'dear             2  ~6,000   4,000               ~$3.40',
    'mixed            4      15       –   $0.50 + 2 unpriced',
    'cheap            3   1,000       –              $0.0042',
    '(not known)      1      15       –           1 unpriced',
    'total           10  ~7,030   4,000  ~$3.90 + 3 unpriced',
  ])
})

it('days come in their order, the rest behind them by cost', () => {
  const groups = [
    group({ day: '2026-11-02', team: 'a' }, { calls: 1, usd: 9 }),
    group({ day: '2026-11-01', team: 'a' }, { calls: 1, usd: 1 }),
    group({ day: '2026-11-01', team: 'b' }, { calls: 1, usd: 2 }),
  ]
  const lines = formatCost(groups, ['day', 'team'], { style, width: 80 })
  expect(lines.slice(1, 4).map(line => line.split(/\s+/).slice(0, 2))).toEqual([
    ['2026-11-01', 'b'],
    ['2026-11-01', 'a'],
    ['2026-11-02', 'a'],
  ])
  expect(documentOfCost(groups, ['day', 'team'], Date.UTC(2026, 10, 1))).toMatchObject({
    since: '2026-11-01T00:00:00.000Z',
    by: ['day', 'team'],
    groups: [{ day: '2026-11-01', team: 'b', usd: 2 }, { usd: 1 }, { usd: 9 }],
    total: { calls: 3, usd: 12 },
  })
})

it('less than a millionth of a dollar is not shown as dollars', () => {
  expect([5e-7, 1.25e-9, 0.000001, 0].map(formatDollars)).toEqual([
    '$0.00000050',
    '$0.0000000013',
    '$0.0000010',
    '$0.00',
  ])
})

it('tokens are grouped by thousands', () => {
  expect([0, 999, 1000, 123_456, 1_234_567].map(formatTokens)).toEqual([
    '0',
    '999',
    '1,000',
    '123,456',
    '1,234,567',
  ])
})

it('sums are exact, and shown alike whatever order they were added up in', () => {
  const groups = [0.1, 0.2].map(usd => group({ run: 'r' }, { calls: 1, usd }))
  expect(documentOfCost(groups, ['run'], 0).total.usd).toBe(0.3)
  expect([0.006949999999999999, 0.00695].map(formatDollars)).toEqual(['$0.0070', '$0.0070'])
})
