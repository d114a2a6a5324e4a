import { CrewError } from '../errors.ts'
import { brief, canonical, hash, type JsonObject } from '../json.ts'

/** What a model did in one turn with one tool, and what it was told then. */
export interface Deed {
  readonly tool: string
  readonly args: JsonObject
  readonly result: string
}

/** How long an agent may do nothing new. */
export interface Patience {
  /** How often it may do the same with the same result. */
  readonly repeats: number
  /** In how many turns at a stretch it may do nothing new. */
  readonly turns: number
  /** The tokens that these may take. */
  readonly tokens: number
}

export const PATIENCE: Omit<Patience, 'tokens'> = { repeats: 3, turns: 5 }

/** Turns without anything new before the tokens count: the agent has been told by then. */
const TOLD = 2

/**
 * Watches over the turns of one agent. Progress is a call that was not made before, or one that gave something else than
 * before: so polling what changes, paging and hard work go on for as long as they may. The same call with the same result
 * is remarked on; without any progress it is soon the last. All follows from what is journaled.
 */
export class Progress {
  private readonly agent: string
  private readonly patience: Patience
  /** Turns in which each deed was done, in all and since the last progress. */
  private readonly turnsOf = new Map<string, number[]>()
  private readonly since = new Map<string, number>()
  private fruitless = 0
  private burnt = 0

  constructor(agent: string, patience: Patience) {
    this.agent = agent
    this.patience = patience
  }

  /** What is to be said to the model about each deed of a turn that took `tokens`, if anything. Throws `limit-loop`. */
  observe(turn: number, deeds: readonly Deed[], tokens: number): (string | undefined)[] {
    const known = new Map(deeds.map(deed => [fingerprint(deed), deed]))
    const isProgress = [...known.keys()].some(deed => !this.turnsOf.has(deed))
    if (isProgress) this.since.clear()
    this.fruitless = isProgress ? 0 : this.fruitless + 1
    this.burnt = isProgress ? 0 : this.burnt + tokens
    const remarks = deeds.map(deed => remarkOn(this.turnsOf.get(fingerprint(deed))))
    for (const [key, deed] of known) {
      const turns = [...(this.turnsOf.get(key) ?? []), turn]
      const times = (this.since.get(key) ?? 0) + 1
      this.turnsOf.set(key, turns)
      this.since.set(key, times)
      if (times >= this.patience.repeats) throw this.repetition(deed, turns)
    }
    if (this.fruitless >= this.patience.turns) throw this.standstill(deeds)
    if (this.fruitless >= TOLD && this.burnt > this.patience.tokens) throw this.waste(deeds)
    return remarks
  }

  private repetition(deed: Deed, turns: readonly number[]): CrewError {
    const when = `in the turns ${turns.join(', ')}`
    return this.stopped(`did the same ${turns.length} times, ${when}: ${inWords(deed)}`)
  }

  private standstill(deeds: readonly Deed[]): CrewError {
    return this.stopped(`did nothing new in ${this.fruitless} turns, last: ${deeds.map(inWords).join('; ')}`)
  }

  private waste(deeds: readonly Deed[]): CrewError {
    const taken = `took ${this.burnt} tokens in ${this.fruitless} turns`
    const last = deeds.map(inWords).join('; ')
    return this.stopped(`${taken} in which it did nothing new, last: ${last}`, ', or raise limits.stagnation')
  }

  private stopped(what: string, or = ''): CrewError {
    return new CrewError('limit-loop', `${this.agent} ${what}`, {
      hint: `see what led there with: crew logs RUN --agent ${this.agent}${or}`,
    })
  }
}

function fingerprint({ tool, args, result }: Deed): string {
  return hash(canonical([tool, args, result]))
}

function remarkOn(turns: readonly number[] | undefined): string | undefined {
  if (!turns) return undefined
  const when = `turn${turns.length > 1 ? 's' : ''} ${turns.join(', ')}`
  return `[You did this before, in ${when}, with the same result. Do something else, or answer with what you have.]`
}

/** Characters of arguments and results that are shown. */
const SHOWN = 120

/** A deed in one line, for people and for those who try next. */
export function inWords({ tool, args, result }: Deed): string {
  return `${tool} ${brief(args, SHOWN)} → ${brief(result, SHOWN)}`
}
