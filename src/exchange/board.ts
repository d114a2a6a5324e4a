import type { Context } from '../engine/context.ts'
import type { Json, JsonObject } from '../json.ts'
import type { ExchangeFact, FactOf } from '../store/events.ts'

export type Write = Omit<FactOf<'board.written'>, 'type' | 'key'>

interface Draft {
  /** The same for every attempt at the same write; by default the key of the step. */
  readonly id?: string
  readonly name: string
  readonly value: Json
  readonly by: string
  /** Version of the value that the writer knew, 0 for none. Without it the write holds whatever is there. */
  readonly expected?: number
}

/** What became of a write: made, or refused because of another one that the writer did not know. */
export type Written = { readonly version: number } | { readonly refused: Write }

/** The board at one moment. */
export interface Snapshot {
  readonly values: JsonObject
  readonly entries: Readonly<Record<string, Write>>
}

/**
 * State that the agents of a run share: named values, each with version and writer. The journal holds every write.
 *
 * Contract: it is read and written inside of steps only, so that what somebody saw, and whether a write was refused,
 * is journaled with the step. `at` may be asked anywhere for a version that a step has given.
 */
export class Board {
  private readonly writes: Write[] = []
  private readonly ids = new Map<string, Write>()
  private readonly latest = new Map<string, Write>()

  constructor(recorded: Iterable<ExchangeFact>) {
    for (const fact of recorded) if (fact.type === 'board.written') this.add(fact)
  }

  /** Number of writes so far. */
  get version(): number {
    return this.writes.length
  }

  get(name: string): Write | undefined {
    return this.latest.get(name)
  }

  /** The board as it was after `version` writes. */
  at(version: number): Snapshot {
    const entries = Object.fromEntries(this.writes.slice(0, version).map(write => [write.name, write]))
    const values = Object.fromEntries(Object.entries(entries).map(([name, { value }]) => [name, value]))
    return { values, entries }
  }

  /** Compare-and-set. A write that was made before the process died is not made again. */
  write(ctx: Context, { id = ctx.key, name, value, by, expected }: Draft): Written {
    const known = this.ids.get(id)
    if (known) return { version: known.version }
    const found = this.latest.get(name)
    if (expected !== undefined && (found?.version ?? 0) !== expected && found) return { refused: found }
    const write = { id, name, value, by, version: this.writes.length + 1 }
    this.add(write)
    ctx.emit({ type: 'board.written', key: ctx.key, ...write })
    return { version: write.version }
  }

  private add(write: Write): void {
    this.writes.push(write)
    this.ids.set(write.id, write)
    this.latest.set(write.name, write)
  }
}
