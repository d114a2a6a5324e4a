import { type Clock, sleep } from '../clock.ts'
import { CrewError } from '../errors.ts'
import { isObject } from '../json.ts'
import type { Grant, Need, Rates } from '../store/rates.ts'
import type { Rate, Traffic } from '../traffic.ts'
import { FairQueue } from './fair-queue.ts'
import type { Act, ActPolicy } from './policy.ts'

/** How often somebody who waits looks again, in milliseconds: another process may have left a place. */
const POLL = 250
/** Of an act that does not say how long it may take, and added to that of one that does. */
const TOTAL = 600_000
const MARGIN = 30_000
/** Nobody is left alone for longer, whatever it asks for: then it is asked again. */
const LONGEST_PAUSE = 60_000

/**
 * Lets calls of an endpoint happen only as often, and as many at once, as is declared for it or known from it, in all
 * runs of all processes together. Who comes first goes first; processes take turns.
 */
export function limitingRate(rates: Rates, clock: Clock): ActPolicy {
  return async (act, next) => {
    const { traffic } = act.model ?? {}
    if (!traffic || !(await isLimited(rates, traffic))) return next(act)
    const need = needOf(act, traffic)
    const began = clock.uptime()
    const { grant, place } = await queue(rates, clock, act, need)
    const waits = place === undefined ? [] : [{ place, milliseconds: clock.uptime() - began }]
    const giveBack = async (tokens: number, isWell: boolean) => {
      await rates.giveBack(need, grant, { tokens, isWell })
      gateOf(rates, need.endpoint).wake()
    }
    const result = await next({ ...act, waits: [...(act.waits ?? []), ...waits] }).catch(async thrown => {
      await giveBack(thrown instanceof CrewError ? tokensIn(thrown.details.spent) : 0, false)
      throw thrown
    })
    await giveBack(isObject(result) ? tokensIn(result.spent) : 0, true)
    return result
  }
}

async function isLimited(rates: Rates, { endpoint, concurrency, rate }: Traffic): Promise<boolean> {
  return concurrency !== undefined || rate !== undefined || rates.isLimited(endpoint)
}

function needOf({ reserved, total = TOTAL }: Act, { endpoint, concurrency, rate }: Traffic): Need {
  return { endpoint, concurrency, rate, tokens: tokensIn(reserved), lease: total + MARGIN }
}

function tokensIn(spent: unknown): number {
  if (!isObject(spent)) return 0
  return Number(spent.input ?? 0) + Number(spent.output ?? 0)
}

/** Those of this process who wait for an endpoint: only the first of them asks the store. */
interface Gate {
  readonly line: FairQueue
  /** Lets the first one look at once. */
  wake(): void
}

const gates = new WeakMap<Rates, Map<string, Gate>>()

function gateOf(rates: Rates, endpoint: string): Gate {
  const known = gates.get(rates) ?? new Map<string, Gate>()
  const gate = known.get(endpoint) ?? {
    line: new FairQueue(1),
    wake() {},
  }
  gates.set(rates, known.set(endpoint, gate))
  return gate
}

/** Waits until the call may go. `place`: what it had to wait for. */
async function queue(
  rates: Rates,
  clock: Clock,
  { ctx, model }: Act,
  need: Need,
): Promise<{ readonly grant: Grant; readonly place?: string }> {
  const { signal, key } = ctx
  const gate = gateOf(rates, need.endpoint)
  const before = gate.line.pending + gate.line.size
  let place: string | undefined
  const say = (lacks: string, ahead: number) => {
    const name = `${model?.id} (${lacks})`
    if (name !== place) ctx.emit({ type: 'queued', key, place: name, ahead })
    place = name
  }
  if (before > 0) say('others first', before)
  // All in one line: whose endpoint it is does not depend on who asks.
  const leave = await gate.line.enter(signal, { agent: '' })
  let ticket: number | undefined
  try {
    for (;;) {
      const answer = await rates.take({ ...need, ticket })
      if (!('ticket' in answer)) {
        ticket = undefined
        return { grant: answer, ...(place !== undefined && { place }) }
      }
      ticket = answer.ticket
      say(answer.lacks, answer.ahead)
      const woken = new AbortController()
      gate.wake = () => woken.abort()
      const either = AbortSignal.any([signal, woken.signal])
      await sleep(clock, Math.min(answer.wait, POLL), either).catch(() => signal.throwIfAborted())
    }
  } finally {
    if (ticket !== undefined) await rates.leave(ticket)
    leave()
  }
}

/** Keeps for all runs what an endpoint says of its limits, and leaves it alone when it asks for that. */
export function learning(rates: Rates, clock: Clock, endpoint: string) {
  return async ({ pause, ...rate }: Rate & { readonly pause?: number }): Promise<void> => {
    await rates.learn(endpoint, rate)
    if (pause) await rates.pause(endpoint, clock.now() + Math.min(pause, LONGEST_PAUSE))
  }
}
