import { expect, it } from 'vitest'
import { availableTo } from '../../src/patterns/peers/assess.ts'

it('lets a request go to nobody who is on its path, so that it cannot come back', () => {
  const peers = ['ann', 'ben', 'cid']
  expect(availableTo(peers, ['ann'])).toEqual(['ben', 'cid'])
  expect(availableTo(peers, ['ben', 'ann'])).toEqual(['cid'])
  expect(availableTo(peers, ['ann', 'cid', 'ben'])).toEqual([])
})
