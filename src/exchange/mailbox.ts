import type { Context } from '../engine/context.ts'
import { isInside } from '../step-key.ts'
import type { ExchangeFact, Message } from '../store/events.ts'
import { createIds } from './ids.ts'

/** How often a message is delivered at the most before it is dead. */
export const DELIVERIES = 3

/** A message that is about to be sent; its id follows by default from the step that sends it. */
export type Draft = Omit<Message, 'id'> & { readonly id?: string }

export interface DeadLetter {
  readonly message: Message
  readonly to: string
  readonly reason: string
}

/**
 * Messages between the agents of a run. The journal holds each sending, delivery, acknowledgement and death.
 *
 * Contract: used inside of steps only, each with its own context, so that what was received is journaled with the step.
 * Delivery is at least once: what a receiver did not acknowledge comes again, up to three times, and is a dead letter
 * then. A step that runs again after a crash sends and delivers nothing twice.
 */
export class Mailbox {
  private readonly sent = new Map<string, { readonly message: Message; readonly key: string }>()
  /** Steps in which each message was delivered to each receiver. */
  private readonly deliveries = new Map<string, string[]>()
  private readonly acknowledged = new Set<string>()
  private readonly dead = new Map<string, DeadLetter>()
  private readonly idIn = createIds()

  constructor(recorded: Iterable<ExchangeFact>) {
    for (const fact of recorded) this.apply(fact)
  }

  send(ctx: Context, { id = this.idIn(ctx), ...draft }: Draft): Message {
    const known = this.sent.get(id)
    if (known) return known.message
    const message = { id, ...draft }
    this.note(ctx, { type: 'message.sent', key: ctx.key, message })
    return message
  }

  /** What waits for `agent`: sent to it, to everybody, or to one of `topics`. Each counts as delivered once more. */
  receive(ctx: Context, agent: string, topics: readonly string[] = []): Message[] {
    const waiting = [...this.sent.values()].filter(
      ({ message }) =>
        !this.isSettled(message.id, agent) && isFor(message, agent, topics) && message.from !== agent,
    )
    return waiting.flatMap(({ message }) => (this.deliver(ctx, message, agent) ? [message] : []))
  }

  /** Delivers one message. False when it was delivered as often as it may be: it is dead then. */
  deliver(ctx: Context, { id }: Pick<Message, 'id'>, to: string): boolean {
    const deliveries = this.deliveries.get(`${id}>${to}`) ?? []
    if (deliveries.includes(ctx.key)) return true
    const attempt = deliveries.length + 1
    if (attempt <= DELIVERIES) this.note(ctx, { type: 'message.delivered', key: ctx.key, id, to, attempt })
    else this.bury(ctx, id, to, `delivered ${DELIVERIES} times and never acknowledged`)
    return attempt <= DELIVERIES
  }

  /**
   * Says that `by` has received a message with all that it needs; a dead letter is alive again then. With fields
   * missing it was not received: it comes again, or is dead when this was the last delivery.
   */
  acknowledge(ctx: Context, id: string, by: string, missing: readonly string[] = []): void {
    if (this.acknowledged.has(`${id}>${by}`)) return
    this.note(ctx, { type: 'message.acknowledged', key: ctx.key, id, by, missing })
    const isLast = this.deliveries.get(`${id}>${by}`)?.length === DELIVERIES
    if (missing.length > 0 && isLast)
      this.bury(ctx, id, by, `delivered ${DELIVERIES} times without ${missing.join(', ')}`)
  }

  bury(ctx: Context, id: string, to: string, reason: string): void {
    if (!this.isSettled(id, to)) this.note(ctx, { type: 'message.dead', key: ctx.key, id, to, reason })
  }

  /** What the step `key`, or any step in it, has sent; the same in every execution once the step is over. */
  sentIn(key: string): Message[] {
    const within = ({ key: at }: { key: string }) => isInside(at, key)
    return [...this.sent.values()].filter(within).map(({ message }) => message)
  }

  /** Messages that their receiver never took note of; those to everybody or to a topic are nobody's in particular. */
  get unread(): readonly Message[] {
    const messages = [...this.sent.values()].map(({ message }) => message)
    return messages.filter(({ id, to }) => to !== undefined && !this.isSettled(id, to))
  }

  get deadLetters(): readonly DeadLetter[] {
    return [...this.dead.values()]
  }

  private isSettled(id: string, to: string): boolean {
    return this.acknowledged.has(`${id}>${to}`) || this.dead.has(`${id}>${to}`)
  }

  private note(ctx: Context, fact: ExchangeFact): void {
    this.apply(fact)
    ctx.emit(fact)
  }

  private apply(fact: ExchangeFact): void {
    switch (fact.type) {
      case 'message.sent':
        this.sent.set(fact.message.id, { message: fact.message, key: fact.key })
        break
      case 'message.delivered': {
        const receiver = `${fact.id}>${fact.to}`
        this.deliveries.set(receiver, [...(this.deliveries.get(receiver) ?? []), fact.key])
        break
      }
      case 'message.acknowledged':
        if (fact.missing.length > 0) break
        this.acknowledged.add(`${fact.id}>${fact.by}`)
        this.dead.delete(`${fact.id}>${fact.by}`)
        break
      case 'message.dead': {
        const { to, reason } = fact
        const letter = this.sent.get(fact.id)
        if (letter) this.dead.set(`${fact.id}>${to}`, { message: letter.message, to, reason })
        break
      }
    }
  }
}

function isFor({ to, topic, broadcast }: Message, agent: string, topics: readonly string[]): boolean {
  return to === agent || broadcast === true || (topic !== undefined && topics.includes(topic))
}
