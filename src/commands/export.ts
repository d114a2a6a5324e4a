import { Command } from 'commander'
import { CrewError } from '../errors.ts'
import { type CreateCommand, type StoreOptions, storeOption, withStore } from './command.ts'

interface Options extends StoreOptions {
  readonly force?: boolean
}

export const exporting: CreateCommand = () =>
  new Command('export')
    .description('Write a run into one file, which crew import reads on another machine')
    .argument('<run>', 'id, beginning of an id, last, -1, -2 …')
    .argument('[file]', 'where to, - for stdout; default: RUN.jsonl.gz')
    .option('-f, --force', 'replace a file that is there')
    .addOption(storeOption())
    .addHelpText(
      'after',
      `
Examples:
  $ crew export last
  $ crew export 0k3f - | ssh elsewhere crew import -
  $ crew export -2 run.jsonl.gz --force`,
    )
    .action(async (reference: string, given: string | undefined, { force = false, ...options }: Options) => {
      const [{ findRun }, { writeRun }, { writeWhole }, { sanitize }] = await Promise.all([
        import('../store/find.ts'),
        import('../store/portable.ts'),
        import('../draft.ts'),
        import('../ui/text.ts'),
      ])
      await withStore(options, async store => {
        const run = await findRun(store, reference)
        if (given === '-') {
          if (process.stdout.isTTY)
            throw new CrewError('usage', 'a run is no text for a terminal', {
              hint: `name a file: crew export ${run.id} FILE`,
            })
          await writeRun(store, run, process.stdout)
          return
        }
        const file = given ?? `${run.id}.jsonl.gz`
        let events = 0
        await writeWhole(file, { replaces: force }, async draft => {
          events = await writeRun(store, run, draft)
        })
        const left = run.owner ? '; it is still being run, and what comes now is not in there' : ''
        process.stdout.write(`${sanitize(file)}: run ${run.id}, ${events} events${left}\n`)
      })
    })
