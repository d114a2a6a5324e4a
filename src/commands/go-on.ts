import { EXIT, type ExitCode, toCrewError } from '../errors.ts'
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
  const [{ resume, teamOf }, { assertSound }, { formatReference }] = await Promise.all([
    import('../app.ts'),
    import('../store/soundness.ts'),
    import('../ui/format.ts'),
  ])
  const recorded = await store.events(id)
  assertSound(id, recorded)
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

/** How bad an exit code is among others, the worst first. */
const WORST: readonly ExitCode[] = [
  ...[EXIT.interrupted, EXIT.defect, EXIT.usage, EXIT.failed, EXIT.limit, EXIT.owned, EXIT.waiting],
  EXIT.succeeded,
]

/**
 * Goes on with several runs, one after the other: what one of them ends with keeps none of the others from going on, but
 * a signal stops them all. Nobody is waited for. The exit code is the worst of theirs.
 */
export async function goOnWithAll(
  store: Store,
  runs: readonly RunRow[],
  options: OutputOptions & TrustOptions,
  limits: Readonly<Record<string, number>>,
): Promise<ExitCode> {
  const { quiet } = options
  const say = (line: string) => void (quiet || process.stderr.write(`crew: ${line}\n`))
  if (runs.length === 0) say('there is nothing to go on with')
  const codes: ExitCode[] = [EXIT.succeeded]
  for (const run of runs) {
    say(`goes on with ${run.id} (${run.team})`)
    const code = await goOn(store, run, { ...options, plain: true }, limits).catch(async thrown => {
      const error = toCrewError(thrown)
      const { describeError } = await import('../ui/error.ts')
      process.stderr.write(`${describeError(error)}\n`)
      return error.exit
    })
    codes.push(code)
    if (code === EXIT.interrupted) break
  }
  return WORST.find(code => codes.includes(code)) ?? EXIT.succeeded
}
