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
  /** Somebody else does it instead, or did it: another agent, a kept answer, the run that this one was forked from. */
  isReplaced?: true
  /** How many questions in it are open. */
  waits: number
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
        this.leave(event.key)
        break
      case 'wait.opened':
        this.ask(event)
        break
      case 'wait.answered':
      case 'wait.expired':
        this.goOn(event.key, event.at)
        break
    }
  }

  /** To be told of every event once it is applied, but for those that the run has behind it when it is resumed. */
  hear(event: Event | TimedFact): void {
    // That nothing is heard of it is no sign of life.
    if (!('key' in event) || event.type === 'alert') return
    for (const flight of this.around(event.key)) flight.heard = event.at
  }

  /** The machine slept, or its clock was set forward: nobody took longer or was silent for that. */
  standStill(milliseconds: number): void {
    for (const flight of new Set([...this.agents.values(), ...this.acts.values()])) {
      flight.since += milliseconds
      flight.heard += milliseconds
    }
  }

  /** The innermost agent at work to whose work `key` belongs. */
  agentAt(key: string): Flight | undefined {
    for (const outer of outwards(key)) {
      const flight = this.agents.get(outer)
      if (flight) return flight
    }
    return undefined
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
    const flight = { key, kind, agent, since: at, heard: at, waits: 0 }
    if (kind === 'agent') this.agents.set(key, flight)
    if (event.effects) this.acts.set(key, flight)
    const actor = this.agentAt(key)
    if (actor && event.effects) actor.isCounted = false
    if (actor && event.inherited) actor.isReplaced = true
  }

  private ask({ key, request, at }: TimedFact & { readonly type: 'wait.opened' }): void {
    this.waits.set(key, { key, request, since: at })
    for (const flight of this.around(key)) flight.waits += 1
  }

  /** Nobody's work takes longer for having waited for a person. */
  private goOn(key: string, at: number): void {
    const waited = at - (this.waits.get(key)?.since ?? at)
    this.forget(key)
    for (const flight of this.around(key)) if (flight.kind === 'agent') flight.since += waited
  }

  private forget(key: string): void {
    if (!this.waits.delete(key)) return
    for (const flight of this.around(key)) flight.waits -= 1
  }

  /** Questions in what has ended are open no more. */
  private leave(key: string): void {
    const flight = this.agents.get(key) ?? this.acts.get(key)
    if (flight?.waits) for (const wait of [...this.waits.keys()]) if (isInside(wait, key)) this.forget(wait)
    this.agents.delete(key)
    this.acts.delete(key)
  }

  /** The work that `key` is a part of, the innermost first. */
  private *around(key: string): Iterable<Flight> {
    for (const outer of outwards(key)) {
      const [act, agent] = [this.acts.get(outer), this.agents.get(outer)]
      if (act) yield act
      if (agent && agent !== act) yield agent
    }
  }
}
