import type { Context } from '../engine/context.ts'
import type { Json, JsonObject } from '../json.ts'
import { isInside } from '../step-key.ts'
import type { ExchangeFact, FactOf } from '../store/events.ts'
import { createIds } from './ids.ts'

/** A write that was made; `key` is the step that made it. */
export type Write = Omit<FactOf<'board.written'>, 'type'>

interface Draft {
  /** The same for every attempt at the same write; by default it follows from the step. */
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
 * Contract: it is read and written inside of steps only, each with its own context, so that what somebody saw, and
 * whether a write was refused, is journaled with the step. `at`, `since` and `writtenIn` may be asked anywhere for
 * versions that a step has given and steps that are over.
 */
export class Board {
  private readonly writes: Write[] = []
  private readonly ids = new Map<string, Write>()
  private readonly latest = new Map<string, Write>()
  private readonly idIn = createIds()

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

  /** What was written after `version` writes, up to the write `until`. */
  since(version: number, until: number): readonly Write[] {
    return this.writes.slice(version, until)
  }

  /** What the step `key`, or any step in it, has written. */
  writtenIn(key: string): readonly Write[] {
    return this.writes.filter(write => isInside(write.key, key))
  }

  /** Compare-and-set. A write that was made before the process died is not made again. */
  write(ctx: Context, { id = this.idIn(ctx), name, value, by, expected }: Draft): Written {
    const known = this.ids.get(id)
    if (known) return { version: known.version }
    const found = this.latest.get(name)
    if (found && expected !== undefined && found.version !== expected) return { refused: found }
    const write = { key: ctx.key, id, name, value, by, version: this.writes.length + 1 }
    this.add(write)
    ctx.emit({ type: 'board.written', ...write })
    return { version: write.version }
  }

  private add({ key, id, name, value, by, version }: Write): void {
    const write = { key, id, name, value, by, version }
    this.writes.push(write)
    this.ids.set(id, write)
    this.latest.set(name, write)
  }
}
