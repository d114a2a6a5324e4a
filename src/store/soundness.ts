import type * as z from 'zod'
import { CrewError } from '../errors.ts'
import { isObject, type Json } from '../json.ts'
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
      const problem = shapeOf(event) ?? orderOf(view, event as unknown as Event)
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

/** What is wrong with the events of a journal, if anything is. */
function problemIn(events: Iterable<Event>): string | undefined {
  const auditor = createAuditor()
  for (const event of events) {
    const problem = auditor.take(event as unknown as Json)
    if (problem !== undefined) return problem
  }
  return auditor.end()
}

/** Runs that are looked through to find out what is wrong. */
const MOST_RUNS = 1_000

/** The first run of a store that crew cannot have written so. */
export async function damageIn(store: Pick<Store, 'runs' | 'events'>): Promise<CrewError | undefined> {
  for (const { id } of await store.runs({ limit: MOST_RUNS })) {
    const problem = problemIn(await store.events(id))
    if (problem !== undefined) return damaged(id, problem)
  }
  return undefined
}

/** Throws `store` when the events of a run are not such as crew writes. */
export function assertSound(run: string, events: Iterable<Event>): void {
  const problem = problemIn(events)
  if (problem !== undefined) throw damaged(run, problem)
}

function damaged(run: string, problem: string): CrewError {
  return new CrewError('store', `run ${run} is damaged: ${problem}`, {
    hint: 'see what else is with: crew doctor --store',
  })
}

function shapeOf(event: Json): string | undefined {
  const problem = harmIn(event)
  if (problem !== undefined) return problem
  const place = PLACE.safeParse(event)
  if (!place.success) return describe(place.error)
  const { type } = place.data
  if (!Object.hasOwn(FACTS, type)) return `"${type.slice(0, 40)}" is no kind of event that this crew knows`
  const fact = FACTS[type as keyof typeof FACTS].safeParse(event)
  return fact.success ? undefined : `${type}: ${describe(fact.error)}`
}

/** What no value may contain that is handed on to others. */
export function harmIn(value: Json): string | undefined {
  const left: [value: Json, depth: number][] = [[value, 0]]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const [each, depth] = next
    if (typeof each !== 'object' || each === null) continue
    if (depth > DEEPEST) return `it is nested more than ${DEEPEST} levels deep`
    if (isObject(each) && Object.hasOwn(each, '__proto__')) return 'it has a field __proto__'
    for (const inner of Object.values(each)) left.push([inner, depth + 1])
  }
  return undefined
}

function orderOf({ seq, state }: RunView, event: Event): string | undefined {
  if (event.seq !== seq + 1) return `it has number ${event.seq}`
  if ((event.type === 'run.started') !== (seq === 0))
    return seq === 0 ? 'a run begins with run.started' : 'a run begins only once'
  const isUnderWay = seq === 0 || state === 'running'
  // What the last steps gave reason to say was once written down behind the end.
  const isRemark = event.type === 'alert' || event.type === 'decision'
  return isUnderWay || isRemark || event.type.startsWith('run.')
    ? undefined
    : `${event.type} while the run is ${state}`
}

export function describe({ issues: [issue] }: z.ZodError): string {
  return `${issue?.path.join('.') || 'it'}: ${issue?.message}`
}
