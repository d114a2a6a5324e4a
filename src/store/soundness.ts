import { CrewError } from '../errors.ts'
import type { Json } from '../json.ts'
import type { Event } from './events.ts'
import { FACTS, PLACE } from './fact-schema.ts'
import type { Store } from './store.ts'
import { apply, emptyView, type RunView } from './view.ts'

/** Deeper values than this exhaust the stack of whoever walks through them. */
const DEEPEST = 500

/** Looks at the events of one journal in order. `take` gives what is wrong with the next one, `end` with the whole. */
export interface Auditor {
  readonly view: RunView
  take(event: Json): string | undefined
  end(): string | undefined
}

/** Whether a journal could have been written by crew: what each event looks like, and what may follow what. */
export function createAuditor(): Auditor {
  const view = emptyView()
  return {
    view,
    take(event) {
      const problem = flawIn(event) ?? orderOf(view, event as unknown as Event)
      if (problem !== undefined) return `event ${view.seq + 1}: ${problem}`
      try {
        apply(view, event as unknown as Event)
        return undefined
      } catch (thrown) {
        if (thrown instanceof CrewError) return `event ${view.seq}: ${thrown.message}`
        throw thrown
      }
    },
    end: () => (view.seq === 0 ? 'it has no events' : undefined),
  }
}

/** What a journal comes to. Throws `store` when its events are not such as crew writes. */
export function soundViewOf(run: string, events: Iterable<Event>): RunView {
  const auditor = createAuditor()
  for (const event of events) refuse(run, auditor.take(event as unknown as Json))
  refuse(run, auditor.end())
  return auditor.view
}

function refuse(run: string, problem: string | undefined): void {
  if (problem === undefined) return
  throw new CrewError('store', `run ${run} is damaged: ${problem}`, {
    hint: 'see what else is with: crew doctor --store',
  })
}

/** Runs that are looked through to find out what is wrong. */
const MOST_RUNS = 1_000

/** Rejects with `store` when crew cannot have written one of the runs of a store. */
export async function assertSound(store: Pick<Store, 'runs' | 'events'>): Promise<void> {
  for (const { id } of await store.runs({ limit: MOST_RUNS })) soundViewOf(id, await store.events(id))
}

function flawIn(event: Json): string | undefined {
  const flaw = PLACE(event)
  if (flaw !== undefined) return `it${flaw}`
  const { type } = event as unknown as Event
  if (!Object.hasOwn(FACTS, type)) return `"${type.slice(0, 40)}" is no kind of event that this crew knows`
  const problem = FACTS[type as keyof typeof FACTS](event)
  return problem === undefined ? harmIn(event) : `${type}${problem}`
}

/** What no value may contain that is handed on to others. */
export function harmIn(value: Json, depth = 0): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (depth > DEEPEST) return `it is nested more than ${DEEPEST} levels deep`
  if (Object.hasOwn(value, '__proto__')) return 'it has a field __proto__'
  for (const inner of Object.values(value)) {
    const harm = harmIn(inner, depth + 1)
    if (harm !== undefined) return harm
  }
  return undefined
}

/** What only remarks on something may be heard of a moment after the run has stopped. */
const REMARKS: ReadonlySet<Event['type']> = new Set<Event['type']>(['alert', 'decision', 'standstill'])

function orderOf({ seq, state }: RunView, event: Event): string | undefined {
  if (event.seq !== seq + 1) return `it has number ${event.seq}`
  if ((event.type === 'run.started') !== (seq === 0))
    return seq === 0 ? 'a run begins with run.started' : 'a run begins only once'
  const mayBe = seq === 0 || state === 'running' || event.type.startsWith('run.') || REMARKS.has(event.type)
  return mayBe ? undefined : `${event.type} while the run is ${state}`
}
