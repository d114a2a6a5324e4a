import * as z from 'zod'
import type { AskRequest, TeamContext } from '../../coordination/ask.ts'
import { askFor } from '../../coordination/ask-for.ts'
import { attempt } from '../../coordination/attempt.ts'
import type { JsonObject } from '../../json.ts'

const bid = z.object({
  willing: z.boolean().describe('Whether you would take this task on now'),
  capable: z.boolean().describe('Whether you have the skills that it takes'),
  score: z.number().min(0).max(1).describe('How well you would do it: 0 not at all, 1 perfectly'),
  cost: z.number().describe('What it would cost, in US dollars'),
  time: z.number().describe('How long it would take you, in seconds'),
  why: z.string().describe('The reason for your bid, in one sentence'),
})

export type Bid = z.infer<typeof bid>

/** What came of asking one bidder: a bid that is valid, or why there is none. */
export interface Offer {
  readonly bidder: string
  readonly bid?: Bid
  /** Why it cannot win. */
  readonly problem?: string
  /** Step that failed when it was asked. */
  readonly failed?: string
}

/** Asks an agent for its bid, as the step `key`. One that fails to bid makes no offer, and stops nobody. */
export async function askForBid(
  team: TeamContext,
  bidder: string,
  request: Pick<AskRequest, 'key' | 'packet' | 'scope'>,
  minScore: number,
): Promise<Offer> {
  const instruction =
    'Do not do this task now. It goes to one of several who bid for it: whoever asks least for good work. Make your bid, and be honest about what you can do.'
  const asked = await attempt(team, askFor(team, bidder, { ...request, answer: bid, instruction }))
  if ('output' in asked) return offerOf(bidder, asked.output, minScore)
  const { message, details } = asked.error
  return {
    bidder,
    problem: `it made no bid: ${message}`,
    ...(details.step !== undefined && { failed: details.step }),
  }
}

export function offerOf(bidder: string, bid: Bid, minScore: number): Offer {
  const problem = problemOf(bid, minScore)
  return { bidder, bid, ...(problem !== undefined && { problem }) }
}

/** The lowest cost per score wins; of equal ones the fastest, and then the first. Who has a problem cannot win. */
export function winnerOf<Any extends Offer>(offers: readonly Any[]): Any | undefined {
  const valid = offers.flatMap(offer => (offer.bid && !offer.problem ? { offer, bid: offer.bid } : []))
  const [best] = valid.sort((a, b) => costPerScore(a.bid) - costPerScore(b.bid) || a.bid.time - b.bid.time)
  return best?.offer
}

export function costPerScore({ cost, score }: Bid): number {
  return cost / score
}

/** Offers as a decision keeps them. */
export function inValues(offers: readonly Offer[]): JsonObject {
  return Object.fromEntries(
    offers.map(({ bidder, bid, problem }) => [
      bidder,
      {
        ...bid,
        ...(bid && bid.score > 0 && { costPerScore: costPerScore(bid) }),
        ...(problem !== undefined && { rejected: problem }),
      },
    ]),
  )
}

function problemOf({ willing, capable, score, cost, time, why }: Bid, minScore: number): string | undefined {
  if (!willing) return `it is not willing: ${why}`
  if (!capable) return `it is not capable: ${why}`
  if (!(score >= minScore)) return `its score of ${score} is below ${minScore}`
  if (!(cost >= 0 && Number.isFinite(cost))) return `${cost} is no price`
  if (!(time >= 0 && Number.isFinite(time))) return `${time} seconds is no time`
  return undefined
}
