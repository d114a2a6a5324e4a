import PQueue from 'p-queue'
import type { Steps, TeamContext } from '../../coordination/ask.ts'
import { pathOf } from '../../coordination/ask-for.ts'
import { attempt } from '../../coordination/attempt.ts'
import { holds, renderDeep, type Scope } from '../../expressions/template.ts'
import { isObject, type Json, type JsonObject } from '../../json.ts'
import { type Dead, type Happening, happeningsFrom, silence, storm } from './happening.ts'
import { type Publication, react } from './react.ts'

export interface Subscription {
  readonly agent: string
  readonly when?: string | undefined
  /** What becomes of its output; without this it publishes by itself. */
  readonly publish?: readonly Publication[] | undefined
}

/** Who reacts to what. */
export interface Flow {
  /** The first event; its payload is by default the input of the team. */
  readonly start: { readonly topic: string; readonly payload?: Json | undefined }
  readonly on: ReadonlyMap<string, readonly Subscription[]>
  /** All topics that there are. */
  readonly topics: readonly string[]
  /** Those of them that need no subscriber. */
  readonly open: readonly string[]
  readonly until?: string | undefined
  readonly events: number
  readonly concurrency: number
}

interface Session {
  readonly team: TeamContext
  readonly flow: Flow
  readonly places: PQueue
  readonly running: Map<string, Running>
  readonly events: Happening[]
  readonly steps: Record<string, Steps[string]>
  readonly dead: Undelivered[]
  /** The fields of all payloads, the latest of each name. */
  state: JsonObject
  output: Json
}

/** An event for somebody who subscribes. */
interface Delivery {
  readonly event: Happening
  readonly subscription: Subscription
  /** Its place among the subscribers. */
  readonly place: number
  /** How many events earlier attempts at it have published. */
  readonly published: number
}

interface Running extends Delivery {
  readonly work: Promise<Json>
}

interface Undelivered {
  readonly letter: Dead
  /** What a resume delivers once more. */
  readonly delivery?: Delivery
}

/**
 * Delivers events to those who subscribe, all at once, and the events that they publish to others, until none is left
 * or the condition holds. Steps are named by where an event comes from, so that who is faster changes no name.
 */
export async function followEvents(team: TeamContext, flow: Flow) {
  const { ctx, scope, input } = team
  const session = open(team, flow)
  const { running } = session
  const { topic, payload = input } = flow.start
  const first = { type: 'event', from: 'start', topic, payload: renderDeep(payload, scope) } as const
  const message = await ctx.step('start', { kind: 'mailbox' }, async inner =>
    team.exchange.mailbox.send(inner, first),
  )
  let news: Happening[] = [{ message: { ...message, topic }, number: '1' }]
  for (let resumes = 0; ; ) {
    for (const event of news) {
      admit(session, event)
      if (isReached(session)) return ended(session, `this holds: ${flow.until}`)
      await dispatch(session, event)
    }
    if (running.size === 0) {
      if (isWell(session)) return ended(session, 'no event is left')
      if (resumes === ctx.reopened) throw silence(aftermathOf(session), flow.until)
      resumes += 1
      deliverAgain(session, resumes)
      news = []
      if (running.size === 0) continue
    }
    news = await settle(session, await ctx.next(running.keys()))
    if (isReached(session)) return ended(session, `this holds: ${flow.until}`)
  }
}

function open(team: TeamContext, flow: Flow): Session {
  const places = new PQueue({ concurrency: flow.concurrency })
  return {
    ...{ team, flow, places, running: new Map(), events: [], steps: {}, dead: [] },
    ...{ state: {}, output: null },
  }
}

/** Counts an event, and makes what it says part of the state. */
function admit(session: Session, event: Happening): void {
  const { team, flow, events } = session
  // Whoever resumes a run that ended here allows as many again.
  if (events.length >= flow.events * (1 + team.ctx.reopened)) throw storm(events, event)
  events.push(event)
  const { payload } = event.message
  if (isObject(payload)) session.state = { ...session.state, ...payload }
}

function scopeOf({ team, events, steps, state }: Session): Scope {
  const topics = [...new Set(events.map(({ message }) => message.topic))]
  return { ...team.scope, steps: { ...steps }, state, topics }
}

function isReached(session: Session): boolean {
  const { until } = session.flow
  return until !== undefined && holds(until, scopeOf(session))
}

/** Has all who subscribe react to an event; one that nobody subscribes to is a dead letter. */
async function dispatch(session: Session, event: Happening): Promise<void> {
  const { team, flow, dead } = session
  const { topic, payload, id } = event.message
  const subscriptions = flow.on.get(topic) ?? []
  for (const [place, subscription] of subscriptions.entries())
    start(session, { event, subscription, place, published: 0 })
  if (subscriptions.length > 0 || flow.open.includes(topic)) return
  const reason = 'nobody subscribes'
  const { mailbox } = team.exchange
  await team.ctx.step(`${topic}-${event.number}`, { kind: 'mailbox' }, async inner =>
    mailbox.bury(inner, id, topic, reason),
  )
  dead.push({ letter: { topic, to: null, reason, payload } })
}

function start(session: Session, delivery: Delivery, nth = ''): void {
  const { team, flow, places, running } = session
  const { event, subscription } = delivery
  const { agent, when, publish } = subscription
  const { topic, payload, from } = event.message
  const key = `${topic}-${event.number}/${agent}${nth}`
  const scope = { ...scopeOf(session), event: { topic, payload, from } }
  if (when !== undefined && !holds(when, scope)) {
    team.ctx.emit({ type: 'step.skipped', key: pathOf(team, key), reason: `when: ${when}` })
    return
  }
  // The first event says what the task says, unless it has a payload of its own.
  const isTask = !event.cause && flow.start.payload === undefined
  const request = {
    packet: {
      task: team.task,
      ...(!isTask && { knowledge: { [from]: payload } }),
      current: `"${topic}" has happened. Do what falls to you.`,
    },
    scope,
    ...(!publish && { grants: { publish: flow.topics } }),
  }
  const work = places.add(() =>
    team.group(key, group =>
      react(group, { message: event.message, agent, request, publish: publish ?? [] }),
    ),
  )
  // It may fail while nobody looks at it.
  work.catch(() => {})
  running.set(key, { ...delivery, work })
}

/** What a reaction that is over has made happen. */
async function settle(session: Session, key: string): Promise<Happening[]> {
  const { team, flow, running, steps, dead } = session
  const { work, ...delivery } = running.get(key) as Running
  running.delete(key)
  const { event, subscription, place, published } = delivery
  const { agent } = subscription
  const result = await attempt(team, work)
  const sent = team.exchange.mailbox.sentIn(pathOf(team, key))
  const news = happeningsFrom({ cause: event, place, published }, sent, flow.topics)
  if ('output' in result) {
    session.output = result.output
    steps[agent] = result
  } else {
    const { topic, payload } = event.message
    const letter = { topic, to: agent, reason: result.error.message, payload }
    dead.push({ letter, delivery: { ...delivery, published: published + news.length } })
  }
  return news
}

/** Whether it may end here: the goal would have been noticed, and one who reacted is better than none. */
function isWell({ flow, steps, dead }: Session): boolean {
  return (
    flow.until === undefined && (Object.keys(steps).length > 0 || dead.every(({ delivery }) => !delivery))
  )
}

/** The run failed here before, and was resumed: who failed gets the event once more. */
function deliverAgain(session: Session, resumes: number): void {
  const letters = session.dead.splice(0)
  session.dead.push(...letters.filter(({ delivery }) => !delivery))
  for (const { delivery } of letters) if (delivery) start(session, delivery, `-resumed-${resumes}`)
}

function aftermathOf({ events, state, dead }: Session) {
  const isFailure = dead.some(({ delivery }) => delivery)
  return { events, state, dead: dead.map(({ letter }) => letter), isFailure }
}

function ended({ team, running, events, steps, dead, output }: Session, why: string) {
  const cancelled = [...running.keys()]
  const values = { events: events.length, dead: dead.length, ...(cancelled.length > 0 && { cancelled }) }
  team.ctx.emit({ type: 'decision', key: team.ctx.key, what: 'end', reason: why, values })
  const payloads = events.map(({ message }) => [message.topic, { output: message.payload }])
  return {
    output,
    steps: {
      ...Object.fromEntries(payloads),
      ...steps,
      'dead-letters': { output: dead.map(({ letter }) => letter) },
    },
  }
}
