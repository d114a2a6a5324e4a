import { isInside, outwards } from '../step-key.ts'
import type { Event, WaitRequest } from '../store/events.ts'
import type { TimedFact } from '../store/store.ts'

/** Work that is under way: of an agent, or one of its acts on the world. */
export interface Flight {
  readonly key: string
  /** agent, model, command … */
  readonly kind: string
  /** Who works; empty for an act of nobody. */
  readonly agent: string
  /** When it began, or was gone on with, in milliseconds since the epoch. */
  since: number
  /** When it, or something in it, last gave a sign of life. */
  heard: number
  /** Somebody else does it instead. */
  isReplaced?: true
  /** Its last failure has been counted: it has done nothing since. */
  isCounted?: boolean
}

export interface Waiting {
  readonly key: string
  readonly request: WaitRequest
  readonly since: number
}

/** What is under way in a run, as its events tell it. */
export class InFlight {
  readonly agents = new Map<string, Flight>()
  readonly acts = new Map<string, Flight>()
  readonly waits = new Map<string, Waiting>()

  get isEmpty(): boolean {
    return this.agents.size + this.acts.size + this.waits.size === 0
  }

  apply(event: Event | TimedFact): void {
    switch (event.type) {
      case 'run.resumed':
        for (const flight of [...this.agents.values(), ...this.acts.values()])
          Object.assign(flight, { since: event.at, heard: event.at })
        break
      case 'step.started':
        this.start(event)
        break
      case 'step.succeeded':
      case 'step.failed':
      case 'step.skipped':
      case 'step.cancelled':
      case 'step.unknown':
        this.agents.delete(event.key)
        this.acts.delete(event.key)
        for (const key of this.waits.keys()) if (isInside(key, event.key)) this.waits.delete(key)
        break
      case 'wait.opened':
        this.waits.set(event.key, { key: event.key, request: event.request, since: event.at })
        break
      case 'wait.answered':
      case 'wait.expired':
        this.goOn(event.key, event.at)
        break
    }
    // That nothing is heard of it is no sign of life.
    if ('key' in event && event.type !== 'alert') this.hear(event.key, event.at)
  }

  /** The innermost agent at work to whose work `key` belongs. */
  agentAt(key: string): Flight | undefined {
    for (const outer of outwards(key)) {
      const flight = this.agents.get(outer)
      if (flight) return flight
    }
    return undefined
  }

  /** It waits for a person: so long, nobody expects anything of it. */
  isWaiting({ key }: Flight): boolean {
    return [...this.waits.keys()].some(wait => isInside(wait, key))
  }

  /** It waits for something that it has begun itself. */
  isAround({ key }: Flight): boolean {
    return [...this.acts.keys(), ...this.agents.keys()].some(other => other !== key && isInside(other, key))
  }

  private start(
    event: (Event & { readonly type: 'step.started' }) | (TimedFact & { readonly type: 'step.started' }),
  ): void {
    const { key, kind, at } = event
    const agent = event.agent ?? this.agentAt(key)?.agent ?? ''
    const flight = { key, kind, agent, since: at, heard: at }
    if (kind === 'agent') this.agents.set(key, flight)
    if (!event.effects) return
    this.acts.set(key, flight)
    const actor = this.agentAt(key)
    if (actor) actor.isCounted = false
  }

  /** Nobody's work takes longer for having waited for a person. */
  private goOn(key: string, at: number): void {
    const waited = at - (this.waits.get(key)?.since ?? at)
    this.waits.delete(key)
    for (const outer of outwards(key)) {
      const flight = this.agents.get(outer)
      if (flight) flight.since += waited
    }
  }

  private hear(key: string, at: number): void {
    for (const outer of outwards(key)) {
      const flights = [this.acts.get(outer), this.agents.get(outer)]
      for (const flight of flights) if (flight) flight.heard = at
    }
  }
}
