import { Command } from 'commander'
import { type CreateCommand, type StoreOptions, storeOption } from './command.ts'

interface Options extends StoreOptions {
  readonly force?: boolean
}

export const backup: CreateCommand = () =>
  new Command('backup')
    .description('Copy the store as it is now, also while runs write to it; the copy is read through')
    .argument('[file]', 'where to; default: beside the store, named by the time')
    .option('-f, --force', 'replace a file that is there')
    .addOption(storeOption())
    .addHelpText(
      'after',
      `
Examples:
  $ crew backup
  $ crew backup /media/usb/crew.db --force
  $ crew ls --db /media/usb/crew.db`,
    )
    .action(async (given: string | undefined, { force = false, db }: Options) => {
      const [
        { bytesInWords },
        { systemClock },
        { defaultStore },
        { backUp },
        { whileWaiting },
        { sanitize },
      ] = await Promise.all([
        import('../bytes.ts'),
        import('../clock.ts'),
        import('../home.ts'),
        import('../store/backup.ts'),
        import('../ui/wait.ts'),
        import('../ui/text.ts'),
      ])
      const { statSync } = await import('node:fs')
      const store = db ?? defaultStore()
      const time = new Date(systemClock.now()).toISOString().slice(0, 19).replaceAll(':', '-')
      const file = given ?? `${store}.${time}.backup`
      const runs = await whileWaiting('copying the store', () => backUp(store, file, { replaces: force }))
      const size = bytesInWords(statSync(file).size)
      process.stdout.write(
        `${sanitize(file)}: ${runs} ${runs === 1 ? 'run' : 'runs'}, ${size}, read through\n`,
      )
    })
