import { Command, Option } from 'commander'
import { CrewError } from '../errors.ts'
import { type CreateCommand, type StoreOptions, storeOption, withStore } from './command.ts'

interface Options extends StoreOptions {
  readonly limit: number
  readonly all?: boolean
  readonly state?: string
  readonly json?: boolean
}

const STATES = ['queued', 'running', 'waiting', 'interrupted', 'succeeded', 'failed', 'cancelled']

export const ls: CreateCommand = () =>
  new Command('ls')
    .description('List runs, newest first')
    .option('-n, --limit <number>', 'how many', readLimit, 20)
    .option('-a, --all', 'all of them')
    .addOption(new Option('--state <state>', 'only those in this state').choices(STATES))
    .option('--json', 'one JSON array on stdout')
    .addOption(storeOption())
    .addHelpText(
      'after',
      `
Examples:
  $ crew ls
  $ crew ls --state failed --json | jq -r .[].run`,
    )
    .action(async ({ limit, all, state, json, ...options }: Options) => {
      const [{ systemClock }, { documentOfRow, formatRuns }, { styleFor }, { terminalWidth }] =
        await Promise.all([
          import('../clock.ts'),
          import('../ui/run-list.ts'),
          import('../ui/style.ts'),
          import('../ui/table.ts'),
        ])
      await withStore(options, async store => {
        const found = (await store.runs()).filter(run => state === undefined || run.state === state)
        const runs = all ? found : found.slice(0, limit)
        if (json) {
          process.stdout.write(`${JSON.stringify(runs.map(documentOfRow), null, 2)}\n`)
          return
        }
        const { stdout, stderr } = process
        const options = { style: styleFor(stdout), width: terminalWidth(stdout), now: systemClock.now() }
        if (runs.length > 0) stdout.write(`${formatRuns(runs, options).join('\n')}\n`)
        else if (state) stderr.write(`no run is ${state}; see all with: crew ls\n`)
        else stderr.write('no runs yet; try a team without key or cost: crew run TEAM --rehearse\n')
        if (found.length > runs.length)
          stderr.write(`${found.length - runs.length} more; see them with: crew ls --all\n`)
      })
    })

function readLimit(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text)
  throw new CrewError('usage', `--limit ${text} is not a number of runs`, {
    hint: 'write it like --limit 50, or --all',
  })
}
