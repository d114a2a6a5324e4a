import { Command } from 'commander'
import type { RunRow, Store } from '../store/store.ts'
import { type CreateCommand, naming, type StoreOptions, storeOption, withStore } from './command.ts'

interface Options extends StoreOptions {
  readonly plain?: boolean
}

export const attach: CreateCommand = exit =>
  new Command('attach')
    .description('Watch a run that another process runs, answer what it asks, and steer it')
    .argument('[run]', 'id, beginning of an id, last, -1, -2 …; by default the newest one that is being run')
    .option('--plain', 'plain lines instead of the screen')
    .addOption(storeOption())
    .addHelpText(
      'after',
      `
Examples:
  $ crew attach
  $ crew attach 0k3f --plain`,
    )
    .action(async (reference: string | undefined, options: Options) => {
      const { summarizeRun, watch } = await import('./watch.ts')
      await withStore(options, async store => {
        const run = await runMeant(store, reference)
        const code = await naming(run.id, options, async () => {
          if (run.owner) return (await watch(store, run, options)).code
          process.stderr.write(`run ${run.id} is ${run.state}, and nobody runs it\n`)
          return summarizeRun(store, run.id, options)
        })
        exit(code)
      })
    })

/** Who names none means the one that is under way. */
async function runMeant(store: Store, reference: string | undefined): Promise<RunRow> {
  const { findRun } = await import('../store/find.ts')
  if (reference !== undefined) return findRun(store, reference)
  const live = (await store.runs({ withOpen: true, limit: 1 })).find(({ owner }) => owner)
  return live ?? findRun(store, 'last')
}
