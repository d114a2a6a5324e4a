import type { Part } from '../../helpers/scripted.ts'
import type { Trials } from './members.ts'

const bid = (score: number, cost: number) => ({
  ...{ willing: true, capable: true, score, cost, time: 10 },
  why: 'It is my language.',
})

/** Bids when it is asked for a bid, and says something else when it is to work. */
const bidder =
  (offer: ReturnType<typeof bid>, work: string): Part =>
  told =>
    told.includes('Make your bid') ? offer : work

const once = { attempts: 1 }
const agents = {
  de: { role: 'You are de.', retry: once },
  fr: { role: 'You are fr.', retry: once },
  es: { role: 'You are es.', retry: once },
}
const declared = { de: { score: 1, cost: 0.01 }, fr: { score: 0.8, cost: 0.02 }, es: { score: 0.3, cost: 0 } }

export const trials: Trials = {
  'bids of models, and one result of all': {
    parts: {
      de: bidder(bid(0.9, 0.01), 'Regen'),
      fr: bidder(bid(0.8, 0.02), 'pluie'),
      es: bidder({ ...bid(1, 0), willing: false }, 'lluvia'),
    },
    definition: {
      agents,
      pattern: {
        kind: 'auction',
        tasks: ['rain', 'river', 'dam'],
        bidders: ['de', 'fr', 'es'],
        capacity: 3,
        assemble: 'concat',
      },
    },
  },
  'a winner that fails, and a task that waits for another': {
    parts: { de: [''], fr: ['pluie'], es: ['lluvia'] },
    definition: {
      agents,
      pattern: { kind: 'auction', tasks: ['rain', 'river'], bidders: declared },
    },
  },
  'a task that nobody takes in the end, while the others are done': {
    parts: { de: [''], fr: told => (told.includes('now:\ndam') ? '' : 'pluie') },
    definition: {
      agents: { de: agents.de, fr: agents.fr },
      pattern: {
        kind: 'auction',
        tasks: ['rain', 'dam'],
        bidders: { de: declared.de, fr: declared.fr },
        capacity: 2,
        onFailure: 'continue',
      },
    },
  },
  'no valid bid, because a bidder fails to bid': {
    parts: { de: ['I do not know.'] },
    definition: {
      agents: { de: agents.de, es: agents.es },
      pattern: { kind: 'auction', tasks: ['rain'], bidders: { de: {}, es: declared.es } },
    },
    state: 'failed',
  },
}
