import { describe, expect, it } from 'vitest'
import { type Bid, offerOf, winnerOf } from '../../src/patterns/auction/bids.ts'

const bid = (more: Partial<Bid> = {}): Bid => ({
  ...{ willing: true, capable: true, score: 1, cost: 1, time: 60, why: 'so' },
  ...more,
})
const winner = (...bids: Bid[]) =>
  winnerOf(bids.map((each, index) => offerOf(`bidder-${index + 1}`, each, 0.5)))?.bidder

describe('the winner', () => {
  it.each([
    ['asks least for each score, not least of all', [bid({ score: 0.5, cost: 1 }), bid({ cost: 1.5 })], 2],
    ['is of equal ones the fastest', [bid(), bid({ time: 30 }), bid({ time: 31 })], 2],
    ['is of equally fast ones the first', [bid({ cost: 2 }), bid(), bid()], 2],
    ['may work for nothing', [bid(), bid({ cost: 0, score: 0.5 })], 2],
  ])('%s', (_, bids, number) => {
    expect(winner(...bids)).toBe(`bidder-${number}`)
  })

  it.each([
    ['is not willing', { willing: false }, 'it is not willing: so'],
    ['is not capable', { capable: false }, 'it is not capable: so'],
    ['scores too low', { score: 0.49 }, 'its score of 0.49 is below 0.5'],
    ['has a score that is none', { score: Number.NaN }, 'its score of NaN is below 0.5'],
    ['asks less than nothing', { cost: -1 }, '-1 is no price'],
    ['asks without end', { cost: Number.POSITIVE_INFINITY }, 'Infinity is no price'],
    ['would be done before it began', { time: -1 }, '-1 seconds is no time'],
  ])('is nobody who %s', (_, more, problem) => {
    expect(offerOf('ann', bid(more), 0.5)).toMatchObject({ bidder: 'ann', problem })
    expect(winner(bid({ ...more }))).toBeUndefined()
    expect(winner(bid({ ...more }), bid({ cost: 100 }))).toBe('bidder-2')
  })

  it('is nobody where nobody made a bid', () => {
    expect(winner()).toBeUndefined()
    expect(winnerOf([{ bidder: 'ann', problem: 'it made no bid' }])).toBeUndefined()
  })
})
