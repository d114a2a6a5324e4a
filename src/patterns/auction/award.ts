import type { AskRequest, TeamContext } from '../../coordination/ask.ts'
import { attempt } from '../../coordination/attempt.ts'
import { quoted } from '../../coordination/sameness.ts'
import { CrewError } from '../../errors.ts'
import { asText, type Json } from '../../json.ts'
import { costPerScore, inValues, type Offer, winnerOf } from './bids.ts'

/** A task that is up for auction. */
export interface Lot {
  /** From 1. */
  readonly number: number
  readonly task: Json
  /** What whoever wins it is handed. */
  readonly request: Pick<AskRequest, 'packet' | 'scope'>
  readonly offers: readonly Offer[]
  /** Who won it and failed, in order. */
  readonly failed: Map<string, CrewError>
}

interface Result {
  readonly by: string
  readonly output: Json
}

export interface Terms {
  /** How many tasks one bidder works on at once. */
  readonly capacity: number
  /** How often one task is awarded at the most. */
  readonly rounds: number
  readonly onFailure: 'fail' | 'continue'
}

/** The auction while the work goes on. */
interface Hall {
  readonly team: TeamContext
  readonly terms: Terms
  readonly running: Map<string, { readonly lot: Lot; readonly by: string; readonly work: Promise<Json> }>
  /** What waits for a bidder, by key, so that it is said once. */
  readonly waiting: Set<string>
  readonly results: Map<Lot, Result>
  readonly failures: Map<Lot, CrewError>
}

export interface Done {
  readonly results: readonly (Result | null)[]
  /** Why nobody did a task, by its number. */
  readonly failures: Readonly<Record<string, string>>
}

/**
 * Awards tasks in their order, as far as the bidders have time for them; then again whenever one is done. Call it inside
 * of a group: what is under way when it fails ends with that.
 */
export async function awardAll(team: TeamContext, lots: readonly Lot[], terms: Terms): Promise<Done> {
  const hall: Hall = {
    ...{ team, terms, running: new Map(), waiting: new Set() },
    ...{ results: new Map(), failures: new Map() },
  }
  let open = lots
  for (;;) {
    // What is hopeless comes first, so that nobody works for a run that fails anyway.
    open = open.filter(lot => !giveUp(hall, lot))
    open = open.filter(lot => !award(hall, lot))
    if (hall.running.size === 0) break
    const again = await settle(hall, await team.ctx.next(hall.running.keys()))
    if (again) open = lots.filter(lot => lot === again || open.includes(lot))
  }
  const { results, failures } = hall
  if (failures.size > 0 && results.size === 0) throw nothingDone(failures)
  return {
    results: lots.map(lot => results.get(lot) ?? null),
    failures: Object.fromEntries([...failures].map(([{ number }, { message }]) => [number, message])),
  }
}

/** Whether nobody is left who could do a task, or it was awarded as often as it may be. */
function giveUp({ team, terms, failures }: Hall, lot: Lot): boolean {
  const { rounds, onFailure } = terms
  const offers = standing(lot)
  const isOpen = offers.some(({ problem }) => problem === undefined)
  if (isOpen && lot.failed.size < rounds) return false
  const error = isOpen ? outOfRounds(lot, rounds) : nobodyWilling(lot, offers)
  const values = { task: lot.task, bids: inValues(offers) }
  const [reason = ''] = error.message.split('\n')
  team.ctx.emit({ type: 'decision', key: team.ctx.key, what: 'no-award', reason, values })
  if (onFailure !== 'continue') throw error
  failures.set(lot, error)
  return true
}

/** Gives a task to the best of those who have time for it; false while there is none. */
function award({ team, terms, running, waiting }: Hall, lot: Lot): boolean {
  const { capacity } = terms
  const key = `${lot.number}/round-${lot.failed.size + 1}`
  const works = (bidder: string) => [...running.values()].filter(({ by }) => by === bidder).length
  const offers = standing(lot).map(offer => {
    const isFull = !offer.problem && works(offer.bidder) >= capacity
    return isFull ? { ...offer, problem: `it is busy: ${capacity} at once is all that it takes` } : offer
  })
  const winner = winnerOf(offers)
  const facts = { task: lot.task, bids: inValues(offers) }
  if (!winner?.bid) {
    const reason = `task ${lot.number} waits: everybody with a valid bid is busy`
    if (!waiting.has(key))
      team.ctx.emit({ type: 'decision', key: team.ctx.key, what: 'wait', reason, values: facts })
    waiting.add(key)
    return false
  }
  const { bidder: by, bid } = winner
  const lost = [...lot.failed.keys()]
  const again = lost.length > 0 ? `again, without ${lost.join(' and ')}: ` : ''
  const rate = Number(costPerScore(bid).toPrecision(3))
  const valid = offers.filter(({ problem }) => !problem).length
  const reason = `${again}${by} asks ${bid.cost} USD at a score of ${bid.score}, ${rate} per score: the least of ${valid}`
  const work = team.group(key, group => {
    const values = { winner: by, ...facts }
    group.ctx.emit({ type: 'decision', key: group.ctx.key, what: 'award', reason, values })
    return group.ask(by, { key: by, ...lot.request })
  })
  // It may fail while nobody looks at it.
  work.catch(() => {})
  running.set(key, { lot, by, work })
  return true
}

/** Takes what came of the work `key`; gives the task back when its winner failed. */
async function settle({ team, running, results }: Hall, key: string): Promise<Lot | undefined> {
  const { lot, by, work } = running.get(key) as { lot: Lot; by: string; work: Promise<Json> }
  running.delete(key)
  const ended = await attempt(team, work)
  if ('output' in ended) results.set(lot, { by, output: ended.output })
  else lot.failed.set(by, ended.error)
  return 'error' in ended ? lot : undefined
}

/** Bids stand until the task is done; those of bidders that won and failed do not count any more. */
function standing({ offers, failed }: Lot): Offer[] {
  return offers.map(offer => {
    const error = failed.get(offer.bidder)
    return error ? { ...offer, problem: `it won, and failed: ${error.message}` } : offer
  })
}

function nobodyWilling({ number, task, failed }: Lot, offers: readonly Offer[]): CrewError {
  const reasons = offers.map(({ bidder, problem }) => `\n  ${bidder}: ${problem}`)
  const whose = failed.size > 0 ? 'no valid bid is left' : 'there is no valid bid'
  return new CrewError(
    'nobody-willing',
    `${whose} for task ${number} ${quoted(asText(task))}${reasons.join('')}`,
    {
      hint:
        failed.size > 0
          ? 'mend what failed and have the last winner try again: crew resume RUN, or name another bidder'
          : 'name another bidder who can do it, or lower minScore',
      because: lastStep(failed) ?? offers.flatMap(offer => offer.failed ?? []),
    },
  )
}

function outOfRounds({ number, task, failed }: Lot, rounds: number): CrewError {
  const reasons = [...failed].map(([by, error]) => `\n  ${by}: ${error.message}`)
  return new CrewError(
    'limit-rounds',
    `task ${number} ${quoted(asText(task))} was awarded as often as it may be (rounds: ${rounds}), and each winner failed${reasons.join('')}`,
    {
      hint: 'have the last winner try again with crew resume RUN, or start anew with more rounds',
      because: lastStep(failed) ?? [],
    },
  )
}

/** With `continue`, when nothing at all was done. */
function nothingDone(failures: ReadonlyMap<Lot, CrewError>): CrewError {
  const inOrder = [...failures].sort(([one], [other]) => one.number - other.number)
  const reasons = inOrder.map(([{ number }, error]) => `\n  ${number}: ${error.message}`)
  const worked = [...failures.keys()].flatMap(({ failed }) => lastStep(failed) ?? [])
  const asked = [...failures.values()].flatMap(({ details }) => details.because ?? [])
  return new CrewError('task-failed', `none of the tasks was done${reasons.join('')}`, {
    hint: 'mend what failed, and have only that done again: crew resume RUN',
    because: worked.length > 0 ? worked : asked,
  })
}

/**
 * Of those who failed only the last one is asked again on resume: what others were awarded in the meantime depends on
 * the failures before.
 */
function lastStep(failed: ReadonlyMap<string, CrewError>): string[] | undefined {
  const last = [...failed.values()].at(-1)
  return last && [last.details.step ?? '']
}
