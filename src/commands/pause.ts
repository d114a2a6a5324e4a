import { Command } from 'commander'
import { type CreateCommand, type StoreOptions, storeOption, withRun } from './command.ts'

export const pause: CreateCommand = () =>
  new Command('pause')
    .description('Have a run begin nothing more, finish what is under way, and stop; crew resume goes on')
    .argument('[run]', 'id, beginning of an id, last, -1, -2 …', 'last')
    .argument('[reason...]', 'why; kept with the run')
    .addOption(storeOption())
    .addHelpText(
      'after',
      `
Examples:
  $ crew pause last
  $ crew pause 0k3f the quota is nearly gone`,
    )
    .action(async (reference: string, reason: readonly string[], options: StoreOptions) => {
      const [{ pause }, { formatReference }, { whileWaiting }] = await Promise.all([
        import('../app/steer.ts'),
        import('../ui/format.ts'),
        import('../ui/wait.ts'),
      ])
      const { id, state } = await withRun(reference, options, async (run, means) => ({
        id: run.id,
        state: await whileWaiting('waiting for it to pause', () => pause(run, reason.join(' '), means)),
      }))
      const name = formatReference(id, options.db)
      process.stdout.write(
        state === 'running'
          ? `${id}: finishes what is under way, and pauses then; see it with: crew show ${name}\n`
          : state === 'interrupted'
            ? `${id}: paused; go on with: crew resume ${name}\n`
            : state === 'waiting'
              ? `${id}: waits for a person, and nobody runs it; see what it asks with: crew inbox ${name}\n`
              : `${id}: ${state} before it could be paused; see it with: crew show ${name}\n`,
      )
    })
