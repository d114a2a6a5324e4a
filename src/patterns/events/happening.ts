import { CrewError } from '../../errors.ts'
import type { Json, JsonObject } from '../../json.ts'
import type { Message } from '../../store/events.ts'

/** An event, and what it comes from. */
export interface Happening {
  readonly message: Message & { readonly topic: string }
  /**
   * It says where the event comes from: 1, 2, 3 … is what each time the first subscriber made of the one before, and
   * 3.2.1 begins what the second subscriber made of 3 (3.2_2.1: the second event that it published).
   */
  readonly number: string
  readonly cause?: Happening
}

/** An event that nobody has dealt with. */
export interface Dead {
  readonly topic: string
  /** Who did not react; nobody where nobody subscribes. */
  readonly to: string | null
  readonly reason: string
  readonly payload: Json
}

interface Aftermath {
  readonly events: readonly Happening[]
  readonly state: JsonObject
  readonly dead: readonly Dead[]
  /** Somebody should have reacted, and failed. */
  readonly isFailure: boolean
}

/**
 * What a reaction to `cause` has made happen. `place` is that of the agent among those who reacted, from 0; `published`
 * is what came of earlier attempts at the same.
 */
export function happeningsFrom(
  { cause, place, published }: { cause: Happening; place: number; published: number },
  sent: readonly Message[],
  topics: readonly string[],
): Happening[] {
  const events = sent.flatMap(message => {
    const { type, topic } = message
    return type === 'event' && topic !== undefined && topics.includes(topic) ? [{ ...message, topic }] : []
  })
  return events.map((message, index) => ({
    message,
    number: numberAfter(cause.number, place, published + index),
    cause,
  }))
}

function numberAfter(number: string, place: number, index: number): string {
  if (place === 0 && index === 0) return number.replace(/\d+$/, last => String(Number(last) + 1))
  return `${number}.${place + 1}${index === 0 ? '' : `_${index + 1}`}.1`
}

/** One event too many: `limit-rounds`, with how many there were of each topic, and the circle that they go in. */
export function storm(
  events: readonly Happening[],
  { message: { topic, from }, cause }: Happening,
): CrewError {
  const counts = new Map<string, number>()
  for (const { message } of events) counts.set(message.topic, (counts.get(message.topic) ?? 0) + 1)
  const most = [...counts].sort(([, a], [, b]) => b - a).map(([topic, count]) => `${topic} ${count} times`)
  const circle = circleTo(topic, cause)
  const message = [
    `there were ${events.length} events, as many as may be, and ${from} publishes ${topic}`,
    ...(circle ? [`the events go in a circle: ${circle.join(' → ')}`] : []),
    `so far: ${most.join(', ')}`,
  ].join('\n  ')
  return new CrewError('limit-rounds', message, {
    hint: 'break it with a condition under publish, or allow as many events again: crew resume RUN',
  })
}

/** The topics that lead from the last event of this topic to another one. */
function circleTo(topic: string, cause: Happening | undefined): string[] | undefined {
  const path = [topic]
  for (let at = cause; at; at = at.cause) {
    path.unshift(at.message.topic)
    if (at.message.topic === topic) return path
  }
  return undefined
}

/** No event is left, and what was to come never came. */
export function silence({ events, state, dead, isFailure }: Aftermath, until: string | undefined): CrewError {
  const topics = events.map(({ message }) => message.topic)
  const message = [
    until === undefined ? 'every reaction failed' : `no event is left, and this never came to hold: ${until}`,
    `the events were: ${topics.join(', ')}`,
    ...(until === undefined ? [] : [`the state is: ${Object.keys(state).join(', ') || 'empty'}`]),
    ...dead.map(({ topic, to, reason }) =>
      to === null ? `${topic}: ${reason}` : `${to} did not react to ${topic}: ${reason}`,
    ),
  ].join('\n  ')
  if (!isFailure) {
    const hint = 'see who published what with: crew logs RUN; mend a condition, or who publishes'
    return new CrewError('nobody-willing', message, { hint })
  }
  const hint = 'mend what failed, and have it done again: crew resume RUN'
  return new CrewError('task-failed', message, { hint })
}
