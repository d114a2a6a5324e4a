import { asText } from '../json.ts'
import type { Message } from '../store/events.ts'
import type { RunView } from '../store/view.ts'
import { defineListing } from './listing.ts'

type DeliveryState = 'delivered' | 'acknowledged' | 'dead'

interface Delivery {
  readonly to: string
  readonly state: DeliveryState
  /** Why it is dead, or what its receiver missed in it. */
  readonly reason?: string
}

export interface MessageRow extends Message {
  /** The step in which it was sent. */
  readonly step: string
  /** When that was, in milliseconds since the epoch. */
  readonly at: number
  readonly deliveries: readonly Delivery[]
}

/** What the agents of a run wrote to each other, and what became of it. */
export const messages = defineListing<MessageRow>({
  columns: { from: {}, to: {}, type: {}, state: {}, message: { shrinks: true } },
  none: 'no messages were sent',

  rows: messagesOf,

  cells({ from, to, topic, type, deliveries, payload }, style) {
    const isBad = deliveries.some(({ state }) => state === 'dead')
    const state = { text: describeDeliveries(deliveries, to), paint: isBad ? style.red : String }
    return [from, to ?? topic ?? 'everybody', type, state, asText(payload)]
  },
})

/** In the order in which they were sent. */
export function messagesOf({ exchanged }: Pick<RunView, 'exchanged'>): MessageRow[] {
  const sent = new Map<string, MessageRow & { deliveries: Delivery[] }>()
  const note = (id: string, delivery: Delivery) => {
    const message = sent.get(id)
    if (!message) return
    message.deliveries = [...message.deliveries.filter(({ to }) => to !== delivery.to), delivery]
  }
  for (const fact of exchanged) {
    if (fact.type === 'message.sent')
      sent.set(fact.message.id, { ...fact.message, step: fact.key, at: fact.at, deliveries: [] })
    if (fact.type === 'message.delivered') note(fact.id, { to: fact.to, state: 'delivered' })
    if (fact.type === 'message.dead') note(fact.id, { to: fact.to, state: 'dead', reason: fact.reason })
    if (fact.type === 'message.acknowledged') note(fact.id, acknowledged(fact))
  }
  return [...sent.values()]
}

/** A message in which something was missing counts as not received. */
function acknowledged({
  by: to,
  missing,
}: {
  readonly by: string
  readonly missing: readonly string[]
}): Delivery {
  if (missing.length === 0) return { to, state: 'acknowledged' }
  return { to, state: 'delivered', reason: `without ${missing.join(', ')}` }
}

/** The state alone where only one can receive it; else who is in which. */
export function describeDeliveries(deliveries: readonly Delivery[], to: string | undefined): string {
  if (deliveries.length === 0) return 'waiting'
  if (to !== undefined) return deliveries.map(({ state }) => state).join(', ')
  const states = [...new Set(deliveries.map(({ state }) => state))]
  const names = (wanted: DeliveryState) =>
    deliveries.flatMap(({ to, state }) => (state === wanted ? [to] : [])).join(', ')
  return states.map(state => `${state}: ${names(state)}`).join('; ')
}
