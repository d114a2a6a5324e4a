import { Command } from 'commander'
import { type CreateCommand, type StoreOptions, storeOption, withRun } from './command.ts'

export const cancel: CreateCommand = () =>
  new Command('cancel')
    .description('End a run for good: what is under way is broken off, and it can never be resumed')
    .argument('<run>', 'id, beginning of an id, last, -1, -2 …')
    .argument('[reason...]', 'why; kept with the run')
    .addOption(storeOption())
    .addHelpText(
      'after',
      `
Examples:
  $ crew cancel 0k3f
  $ crew cancel last wrong branch`,
    )
    .action(async (reference: string, reason: readonly string[], options: StoreOptions) => {
      const [{ cancel }, { formatReference }, { whileWaiting }] = await Promise.all([
        import('../app/steer.ts'),
        import('../ui/format.ts'),
        import('../ui/wait.ts'),
      ])
      const { id, state } = await withRun(reference, options, async (run, means) => ({
        id: run.id,
        state: await whileWaiting('waiting for it to end', () => cancel(run, reason.join(' '), means)),
      }))
      const name = formatReference(id, options.db)
      process.stdout.write(
        state === 'running'
          ? `${id}: was told to end, and has not yet; see it with: crew show ${name}\n`
          : `${id}: ${state}; what it did is kept: crew show ${name}\n`,
      )
    })
