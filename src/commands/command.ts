import { existsSync } from 'node:fs'
import { type Command, Option } from 'commander'
import type { Clock } from '../clock.ts'
import { CrewError, type ExitCode, toCrewError } from '../errors.ts'
import type { RunRow, Store } from '../store/store.ts'

/** How every file of this folder gives its command: with the exit code said through `exit`, when it is not 0. */
export type CreateCommand = (exit: (code: ExitCode) => void) => Command

export const storeOption = () =>
  new Option('--db <file>', 'the store to use, instead of the one in CREW_HOME')

/** For options that may be given several times. */
export function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value]
}

export interface StoreOptions {
  readonly db?: string
}

/**
 * Calls `use` with the store, and closes it afterwards. One that is named with --db has to be there: only a command that
 * begins a run `mayCreate` it. Rejects with `usage` when it is not.
 */
export async function withStore<T>(
  { db }: StoreOptions,
  use: (store: Store) => Promise<T>,
  { mayCreate = false, ...access }: { readonly readOnly?: boolean; readonly mayCreate?: boolean } = {},
): Promise<T> {
  if (db !== undefined && !mayCreate && !existsSync(db)) {
    throw new CrewError('usage', `there is no store ${db}`, {
      hint: 'name one that is there, or leave --db away for that of CREW_HOME',
    })
  }
  const [{ systemClock }, { defaultStore }, { openStore }, { whileWaiting }] = await Promise.all([
    import('../clock.ts'),
    import('../home.ts'),
    import('../store/sqlite.ts'),
    import('../ui/wait.ts'),
  ])
  // It may have to be brought to a newer schema, or another process may be busy with that.
  const opening = () => openStore(db ?? defaultStore(), systemClock, access)
  const store = await whileWaiting('opening the store', opening)
  try {
    return await use(store)
  } catch (thrown) {
    throw await blame(store, thrown)
  } finally {
    await store.close()
  }
}

/** What nobody foresaw may come from a store that somebody has changed: then that is what is wrong, and crew is not. */
async function blame(store: Store, thrown: unknown): Promise<unknown> {
  if (toCrewError(thrown).code !== 'defect') return thrown
  const { assertSound } = await import('../store/soundness.ts')
  return assertSound(store).then(() => thrown, toCrewError)
}

/** Calls `use` with the run that a person means, and with what it takes to do something about it. */
export async function withRun<T>(
  reference: string,
  options: StoreOptions,
  use: (run: RunRow, means: { readonly store: Store; readonly clock: Clock }) => Promise<T>,
): Promise<T> {
  const [{ systemClock }, { findRun }] = await Promise.all([
    import('../clock.ts'),
    import('../store/find.ts'),
  ])
  return withStore(options, async store => {
    const run = await findRun(store, reference)
    return naming(run.id, options, () => use(run, { store, clock: systemClock }))
  })
}

/** Has the commands in the hint of an error name the store that was given, where they name the run. */
export async function naming<T>(id: string, { db }: StoreOptions, use: () => Promise<T>): Promise<T> {
  try {
    return await use()
  } catch (thrown) {
    if (db === undefined || !(thrown instanceof CrewError)) throw thrown
    const { code, message, details, cause } = thrown
    const { hint } = details
    if (hint === undefined || hint.includes(' --db ')) throw thrown
    const { formatReference } = await import('../ui/format.ts')
    const named = hint.replaceAll(id, formatReference(id, db))
    throw new CrewError(code, message, { ...details, hint: named, cause })
  }
}
