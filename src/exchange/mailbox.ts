import type { Context } from '../engine/context.ts'
import type { ExchangeFact, Message } from '../store/events.ts'

/** How often a message is delivered at the most before it is dead. */
const DELIVERIES = 3

/** A message that is about to be sent; its id is by default the key of the step that sends it. */
export type Draft = Omit<Message, 'id'> & { readonly id?: string }

export interface DeadLetter {
  readonly message: Message
  readonly to: string
  readonly reason: string
}

/**
 * Messages between the agents of a run. The journal holds each sending, delivery, acknowledgement and death.
 *
 * Contract: used inside of steps only, so that what was received is journaled with the step. Delivery is at least
 * once: what a receiver did not acknowledge comes again, up to three times, and is a dead letter then.
 */
export class Mailbox {
  private readonly sent = new Map<string, { readonly message: Message; readonly key: string }>()
  private readonly deliveries = new Map<string, number>()
  private readonly settled = new Set<string>()
  private readonly dead: DeadLetter[] = []

  constructor(recorded: Iterable<ExchangeFact>) {
    for (const fact of recorded) this.apply(fact)
  }

  send(ctx: Context, { id = ctx.key, ...draft }: Draft): Message {
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
        !this.settled.has(`${message.id}>${agent}`) &&
        isFor(message, agent, topics) &&
        message.from !== agent,
    )
    return waiting.flatMap(({ message }) => (this.deliver(ctx, message, agent) ? [message] : []))
  }

  /** Delivers one message. False when it was delivered as often as it may be: it is dead then. */
  deliver(ctx: Context, { id }: Message, to: string): boolean {
    const attempt = (this.deliveries.get(`${id}>${to}`) ?? 0) + 1
    if (attempt <= DELIVERIES) this.note(ctx, { type: 'message.delivered', key: ctx.key, id, to, attempt })
    else this.bury(ctx, id, to, `delivered ${DELIVERIES} times and never acknowledged`)
    return attempt <= DELIVERIES
  }

  /**
   * Says that `by` has received a message with all that it needs. With fields missing it was not received: it comes
   * again, or is dead after the last delivery.
   */
  acknowledge(ctx: Context, id: string, by: string, missing: readonly string[] = []): void {
    if (this.settled.has(`${id}>${by}`)) return
    this.note(ctx, { type: 'message.acknowledged', key: ctx.key, id, by, missing })
  }

  bury(ctx: Context, id: string, to: string, reason: string): void {
    if (this.settled.has(`${id}>${to}`)) return
    this.note(ctx, { type: 'message.dead', key: ctx.key, id, to, reason })
  }

  /** What the step `key`, or any step in it, has sent; the same in every execution once the step is over. */
  sentIn(key: string): Message[] {
    const within = ({ key: at }: { key: string }) => at === key || at.startsWith(`${key}/`)
    return [...this.sent.values()].filter(within).map(({ message }) => message)
  }

  get deadLetters(): readonly DeadLetter[] {
    return this.dead
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
      case 'message.delivered':
        this.deliveries.set(`${fact.id}>${fact.to}`, fact.attempt)
        break
      case 'message.acknowledged':
        if (fact.missing.length === 0) this.settled.add(`${fact.id}>${fact.by}`)
        break
      case 'message.dead': {
        const letter = this.sent.get(fact.id)
        this.settled.add(`${fact.id}>${fact.to}`)
        if (letter) this.dead.push({ message: letter.message, to: fact.to, reason: fact.reason })
        break
      }
    }
  }
}

function isFor({ to, topic, broadcast }: Message, agent: string, topics: readonly string[]): boolean {
  return to === agent || broadcast === true || (topic !== undefined && topics.includes(topic))
}
