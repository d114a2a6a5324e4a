import { Command } from 'commander'
import { type CreateCommand, type StoreOptions, storeOption, withStore } from './command.ts'

interface Options extends StoreOptions {
  readonly all?: boolean
  readonly json?: boolean
}

export const history: CreateCommand = () =>
  new Command('history')
    .description('List the moments of a run that one can go back to with crew fork')
    .argument('[run]', 'id, beginning of an id, last, -1, -2 …', 'last')
    .option('-a, --all', 'also turns, calls of tools, and all other steps inside of agents')
    .option('--json', 'one JSON document on stdout')
    .addOption(storeOption())
    .addHelpText(
      'after',
      `
Examples:
  $ crew history last
  $ crew history 0k3f --all --json | jq .moments[].step`,
    )
    .action(async (reference: string, { all = false, json, ...options }: Options) => {
      const [{ findRun }, { formatMoments, momentsOf }, { styleFor }, { terminalWidth }] = await Promise.all([
        import('../store/find.ts'),
        import('../ui/moments.ts'),
        import('../ui/style.ts'),
        import('../ui/table.ts'),
      ])
      const use = async (store: Parameters<typeof findRun>[0]) => {
        const { id, rehearsal } = await findRun(store, reference)
        const moments = momentsOf(await store.events(id), { all })
        const { stdout } = process
        if (json) stdout.write(`${JSON.stringify({ run: id, moments }, null, 2)}\n`)
        else {
          const look = { style: styleFor(stdout), width: terminalWidth(stdout), rehearsal }
          stdout.write(`${formatMoments(moments, look).join('\n')}\n`)
        }
      }
      await withStore(options, use, { readOnly: true })
    })
