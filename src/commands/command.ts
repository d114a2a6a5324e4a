import { type Command, Option } from 'commander'
import type { ExitCode } from '../errors.ts'
import type { Store } from '../store/store.ts'

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

/** Calls `use` with the store, and closes it afterwards. */
export async function withStore<T>({ db }: StoreOptions, use: (store: Store) => Promise<T>): Promise<T> {
  const [{ systemClock }, { defaultStore }, { openStore }] = await Promise.all([
    import('../clock.ts'),
    import('../home.ts'),
    import('../store/sqlite.ts'),
  ])
  const store = await openStore(db ?? defaultStore(), systemClock)
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}
