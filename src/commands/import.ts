import { Command } from 'commander'
import { CrewError, toCrewError } from '../errors.ts'
import type { Portable } from '../store/portable.ts'
import type { Store } from '../store/store.ts'
import { type CreateCommand, type StoreOptions, storeOption, withStore } from './command.ts'

export const importing: CreateCommand = () =>
  new Command('import')
    .description('Take in a run that crew export has written; nothing of it is executed')
    .argument('<file>', 'the file, or - for stdin')
    .addOption(storeOption())
    .addHelpText(
      'after',
      `
Examples:
  $ crew import 0k3f8s2a1xy.jsonl.gz
  $ crew import run.jsonl.gz --db other.db`,
    )
    .action(async (file: string, options: StoreOptions) => {
      const [{ readRun }, { formatReference }, { whileWaiting }, { sanitize }] = await Promise.all([
        import('../store/portable.ts'),
        import('../ui/format.ts'),
        import('../ui/wait.ts'),
        import('../ui/text.ts'),
      ])
      const found = await whileWaiting('reading the file', () => readRun(file === '-' ? process.stdin : file))
      await assertTeam(found, sanitize(file))
      const { id, imported } = found.run
      const isNew = await withStore(options, async store => {
        const isTaken = await whileWaiting('taking it in', () => store.adopt(found.run, found.facts()))
        if (!isTaken) await assertSame(store, found)
        return isTaken
      })
      const name = formatReference(id, options.db)
      process.stdout.write(
        isNew
          ? `run ${id}: ${imported} events; see it with: crew show ${name}\n`
          : `run ${id} is here already, with all of these ${imported} events; nothing was changed\n`,
      )
    })

/** A team that cannot be read would fail whoever looks at the run. */
async function assertTeam({ first }: Portable, file: string): Promise<void> {
  const { teamOf } = await import('../app.ts')
  try {
    teamOf([first])
  } catch (thrown) {
    const { message } = toCrewError(thrown)
    throw new CrewError(
      'usage',
      `${file} was not imported: its team is none: ${message.split('\n')[0]}; nothing was changed`,
      { hint: 'have it written once more where the run is: crew export RUN' },
    )
  }
}

async function assertSame(store: Store, { run: { id, imported }, digest }: Portable): Promise<void> {
  const { digestOf } = await import('../store/portable.ts')
  const known = await store.run(id)
  if (known && (await digestOf(store, known, imported)) === digest) return
  throw new CrewError(
    'usage',
    `there is a run ${id} already, and it is another one, or knows less; nothing was changed`,
    { hint: 'take it into another store: crew import FILE --db other.db' },
  )
}
