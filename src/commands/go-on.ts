import type { ExitCode } from '../errors.ts'
import type { RunRow, Store } from '../store/store.ts'
import { type OutputOptions, present } from './present.ts'
import { obtainTrust, type TrustOptions } from './trusting.ts'

/** Goes on with a run in this terminal, once its team is trusted as it was pinned. */
export async function goOn(
  store: Store,
  { id, path, state }: RunRow,
  options: OutputOptions & TrustOptions,
  limits: Readonly<Record<string, number>> = {},
): Promise<ExitCode> {
  const [{ resume, teamOf }, { formatReference }] = await Promise.all([
    import('../app.ts'),
    import('../ui/format.ts'),
  ])
  const recorded = await store.events(id)
  const [first] = recorded
  const rehearsal = first?.type === 'run.started' && first.rehearsal
  const hint = `crew resume ${formatReference(id, options.db)} --trust`
  // Nothing more is done for a run that is over.
  const isOver = state === 'succeeded' || state === 'cancelled'
  const untrusted =
    !isOver && !(await obtainTrust({ ...teamOf(recorded), path }, options, { rehearsal, hint }))
  return present(store, options, presentation => {
    presentation.begin(id, recorded)
    return resume(id, recorded, limits, { store, env: process.env, untrusted, ...presentation })
  })
}
