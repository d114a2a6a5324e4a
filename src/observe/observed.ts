import type { Clock } from '../clock.ts'
import type { Scope } from '../expressions/template.ts'
import type { Store } from '../store/store.ts'

/** What whoever watches over a run is told of it, besides its team. */
export interface Observed {
  readonly run: string
  /** Nobody outside is told or asked anything of a rehearsal. */
  readonly rehearsal: boolean
  readonly scope: Scope
  readonly store: Store
  readonly clock: Clock
  /** Says what cannot be journaled any more. */
  readonly warn: (line: string) => void
}
