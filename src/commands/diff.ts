import { Command } from 'commander'
import { type CreateCommand, type StoreOptions, storeOption, withStore } from './command.ts'

interface Options extends StoreOptions {
  readonly json?: boolean
  readonly step?: string
}

export const diff: CreateCommand = () =>
  new Command('diff')
    .description('Show where two runs parted')
    .argument('<run>', 'id, beginning of an id, last, -1, -2 …')
    .argument('<other>', 'the run that it is compared with')
    .option('--step <key>', 'all that differs in this step, in full')
    .option('--json', 'one JSON document on stdout')
    .addOption(storeOption())
    .addHelpText(
      'after',
      `
Examples:
  $ crew diff -2 -1
  $ crew diff 0k3f last --step draft`,
    )
    .action(async (first: string, second: string, options: Options) => {
      const [{ findRun }, { viewOf }, ui, { formatStep }, { styleFor }, { terminalWidth }] =
        await Promise.all([
          import('../store/find.ts'),
          import('../store/view.ts'),
          import('../ui/diff.ts'),
          import('../ui/diff/step.ts'),
          import('../ui/style.ts'),
          import('../ui/table.ts'),
        ])
      await withStore(options, async store => {
        const read = async (reference: string) => {
          const { id } = await findRun(store, reference)
          return { id, view: viewOf(await store.events(id)) }
        }
        const a = await read(first)
        const b = await read(second)
        const compared = ui.compare(a, b)
        const { stdout } = process
        const { step, json } = options
        const width = stdout.isTTY ? terminalWidth(stdout) : Number.POSITIVE_INFINITY
        const look = { style: styleFor(stdout), width }
        const lines =
          step === undefined
            ? ui.formatComparison(a, b, compared, look)
            : formatStep(step, compared, a, b, look)
        // Also in JSON a step that neither run has is a mistake.
        const text = [...lines].join('\n')
        if (json) stdout.write(`${JSON.stringify(ui.documentOfComparison(a, b, compared, step), null, 2)}\n`)
        else stdout.write(`${text}\n`)
      })
    })
