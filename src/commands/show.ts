import { Command, Option } from 'commander'
import { CrewError } from '../errors.ts'
import { type CreateCommand, type StoreOptions, storeOption, withStore } from './command.ts'

interface Options extends StoreOptions {
  readonly json?: boolean
  readonly outputOnly?: boolean
}

export const show: CreateCommand = () =>
  new Command('show')
    .description('Show one run: how it is, what it cost, what it asks, what it gave')
    .argument('[run]', 'id, beginning of an id, last, -1, -2 …', 'last')
    .option('--json', 'one JSON document on stdout')
    .addOption(new Option('--output-only', 'the result and nothing else').conflicts('json'))
    .addOption(storeOption())
    .addHelpText(
      'after',
      `
Examples:
  $ crew show
  $ crew show 0k3f --output-only > article.md`,
    )
    .action(async (reference: string, options: Options) => {
      const [
        { systemClock },
        { asText },
        { findRun },
        { documentOfRun, formatPage, recordOf },
        { styleFor },
        ui,
        text,
      ] = await Promise.all([
        import('../clock.ts'),
        import('../json.ts'),
        import('../store/find.ts'),
        import('../ui/run-page.ts'),
        import('../ui/style.ts'),
        import('../ui/table.ts'),
        import('../ui/text.ts'),
      ])
      const { stdout } = process
      const clean = stdout.isTTY ? text.sanitize : String
      const page = () => ({ style: styleFor(stdout), width: ui.terminalWidth(stdout), clean })
      await withStore(options, async store => {
        const row = await findRun(store, reference)
        const record = recordOf(row, await store.events(row.id), systemClock.now())
        if (options.json) stdout.write(`${JSON.stringify(documentOfRun(record), null, 2)}\n`)
        else if (!options.outputOnly) stdout.write(`${formatPage(record, page())}\n`)
        else if (record.view.output !== undefined) stdout.write(`${clean(asText(record.view.output))}\n`)
        else throw noOutput(row)
      })
    })

function noOutput({ id, state }: { readonly id: string; readonly state: string }): CrewError {
  return new CrewError('usage', `run ${id} has no result: it is ${state}`, {
    hint: `see how it is with: crew show ${id}`,
  })
}
