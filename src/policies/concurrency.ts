import type { Clock } from '../clock.ts'
import type { Context } from '../engine/context.ts'
import type { Fact } from '../store/events.ts'
import { FairQueue, type Visitor } from './fair-queue.ts'

/** Where not more than so many may be at once. */
export interface Place {
  /** As people know it. */
  readonly name: string
  readonly queue: FairQueue
  /** To wait there is nothing unusual: a thousand lanes do so, and nobody wants to read it a thousand times. */
  readonly isUsual: boolean
}

export function openPlace(name: string, concurrency: number, { isUsual = false } = {}): Place {
  return { name, queue: new FairQueue(concurrency), isUsual }
}

/** Who wants to go in. */
export interface Turn extends Visitor {
  readonly ctx: Context
  readonly clock: Clock
}

/** Does something while the places are left to others. */
type Aside = <T>(wait: () => Promise<T>) => Promise<T>

/**
 * Works with a place in every one of the queues. While it waits for somebody who needs a place as well, it leaves its
 * own, or both would wait for ever.
 */
export async function inPlace<T>(
  places: readonly Place[],
  turn: Turn,
  work: (aside: Aside) => Promise<T>,
): Promise<T> {
  let leave = await enterAll(places, turn)
  let waits = 0
  let entering: Promise<void> | undefined
  /** Goes in again, once for all who come back at the same time. Whoever waits again by then stays outside. */
  const enterAgain = async () => {
    try {
      leave = await enterAll(places, turn)
      if (waits > 0) leave()
    } finally {
      entering = undefined
    }
  }
  const aside: Aside = async wait => {
    if (waits === 0 && !entering) leave()
    waits += 1
    try {
      return await wait()
    } finally {
      waits -= 1
      if (waits === 0) {
        entering ??= enterAgain()
        await entering
      }
    }
  }
  try {
    return await work(aside)
  } finally {
    leave()
  }
}

/** Does something short with a place in every one of the queues. */
export async function inTurn<T>(places: readonly Place[], turn: Turn, work: () => Promise<T>): Promise<T> {
  const leave = await enterAll(places, turn)
  try {
    return await work()
  } finally {
    leave()
  }
}

/** Goes into one after the other. What it gives is called on leaving; a second time it does nothing. */
async function enterAll(places: readonly Place[], turn: Turn): Promise<() => void> {
  const doors: (() => void)[] = []
  const leave = () => {
    for (const close of doors.splice(0)) close()
  }
  try {
    for (const place of places) doors.push(await enterVisibly(place, turn))
    turn.ctx.signal.throwIfAborted()
    return leave
  } catch (error) {
    leave()
    throw error
  }
}

async function enterVisibly({ name, queue, isUsual }: Place, turn: Turn): Promise<() => void> {
  const { ctx, clock } = turn
  const began = clock.uptime()
  if (queue.pending >= queue.concurrency) {
    ctx.emit({ type: 'queued', key: ctx.key, place: name, ahead: queue.size })
  }
  const leave = await queue.enter(ctx.signal, turn)
  const decision = isUsual
    ? undefined
    : queuedFor(ctx.key, { place: name, milliseconds: clock.uptime() - began })
  if (decision) ctx.emit(decision)
  return leave
}

/** Shorter waits are not worth a word, in milliseconds. */
const LONG = 1_000

/** What is said of a wait once it is over, when it was long. */
export function queuedFor(
  key: string,
  { place, milliseconds }: { readonly place: string; readonly milliseconds: number },
): Fact | undefined {
  if (milliseconds <= LONG) return undefined
  const reason = `waited ${(milliseconds / 1000).toFixed(1)} s for a place: ${place}`
  return { type: 'decision', key, what: 'queued', reason, values: { place, milliseconds } }
}
