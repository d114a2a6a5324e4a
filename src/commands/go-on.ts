import { EXIT, type ExitCode, toCrewError } from '../errors.ts'
import type { RunRow, Store } from '../store/store.ts'
import type { Team } from '../team/load.ts'
import { type OutputOptions, present } from './present.ts'
import { obtainTrust, type TrustOptions } from './trusting.ts'

/** Goes on with a run in this terminal, once its team is trusted as it was pinned. */
export async function goOn(
  store: Store,
  { id, path, state }: RunRow,
  options: OutputOptions & TrustOptions,
  limits: Readonly<Record<string, number>> = {},
): Promise<ExitCode> {
  const [{ resume, teamOf }, { soundViewOf }, { formatReference }] = await Promise.all([
    import('../app.ts'),
    import('../store/soundness.ts'),
    import('../ui/format.ts'),
  ])
  const recorded = await store.events(id)
  const view = soundViewOf(id, recorded)
  const [first] = recorded
  const rehearsal = first?.type === 'run.started' && first.rehearsal
  const hint = `crew resume ${formatReference(id, options.db)} --trust`
  // Nothing more is done for a run that is over.
  const isOver = state === 'succeeded' || state === 'cancelled'
  const team = { ...teamOf(recorded), path }
  const untrusted = !isOver && !(await obtainTrust(team, options, { rehearsal, hint }))
  if (!isOver && !options.quiet) await sayIfEdited(team, formatReference(id, options.db))
  return present(store, options, presentation => {
    presentation.begin(id, recorded, view)
    return resume(id, recorded, limits, { store, env: process.env, untrusted, ...presentation }, view)
  })
}

/** Says that a run goes on with its team as it was, when the file is another by now, and how to have that one. */
async function sayIfEdited(team: Team, run: string): Promise<void> {
  const { fileOf, isEdited } = await import('../team/edited.ts')
  if (!(await isEdited(team))) return
  const { sanitize } = await import('../ui/text.ts')
  const file = fileOf(team)
  const words = [
    `crew: ${file} has changed since this run began; it goes on with the team as it was`,
    `\u2192 to have it as it is now: crew fork ${run} --team`,
  ]
  process.stderr.write(`${words.map(sanitize).join('\n')}\n`)
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
  for (const { id, state } of runs) {
    const run = await store.run(id)
    // Another process, started by the same clock, may have had it since.
    if (run?.state !== state || run.owner) continue
    say(`goes on with ${run.id} (${run.team})`)
    const code = await goOn(store, run, { ...options, plain: true }, limits).catch(async thrown => {
      const error = toCrewError(thrown)
      if (error.code === 'run-owned') {
        say(`${run.id} has just been taken up by another process`)
        return EXIT.succeeded
      }
      const { describeError } = await import('../ui/error.ts')
      process.stderr.write(`${describeError(error)}\n`)
      return error.exit
    })
    codes.push(code)
    if (code === EXIT.interrupted) break
  }
  return WORST.find(code => codes.includes(code)) ?? EXIT.succeeded
}
