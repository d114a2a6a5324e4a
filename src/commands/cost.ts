import { Command, Option } from 'commander'
import { CrewError } from '../errors.ts'
import type { Grouping } from '../store/spending.ts'
import { type CreateCommand, type StoreOptions, storeOption, withStore } from './command.ts'

interface Options extends StoreOptions {
  readonly by: readonly Grouping[]
  readonly since?: string
  readonly team?: string
  readonly json?: boolean
}

const GROUPINGS: readonly Grouping[] = ['day', 'team', 'agent', 'model', 'run']

export const cost: CreateCommand = () =>
  new Command('cost')
    .description('Show what was spent, rehearsals apart')
    .addOption(
      new Option('--by <what>', `day (default), team, agent, model or run; may be given several times`)
        .argParser(readGrouping)
        .default([], 'day'),
    )
    .option('--since <when>', 'only from then on: a day like 2026-11-01, or how long ago, like 7d')
    .option('--team <name>', 'only what runs of this team spent')
    .option('--json', 'one JSON document on stdout')
    .addOption(storeOption())
    .addHelpText(
      'after',
      `
Examples:
  $ crew cost
  $ crew cost --by model --since 7d
  $ crew cost --by day --by agent --team research
  $ crew cost --json | jq .total.usd`,
    )
    .action(async ({ since: asked, team, json, ...options }: Options) => {
      const [{ systemClock }, { documentOfCost, formatCost }, { styleFor }, { terminalWidth }] =
        await Promise.all([
          import('../clock.ts'),
          import('../ui/cost.ts'),
          import('../ui/style.ts'),
          import('../ui/table.ts'),
        ])
      const by = options.by.length > 0 ? options.by : (['day'] as const)
      const since = asked === undefined ? 0 : await readSince(asked, systemClock.now())
      await withStore(options, async store => {
        const groups = await store.spending.totals({ by, since, team })
        const { stdout, stderr } = process
        if (json) stdout.write(`${JSON.stringify(documentOfCost(groups, by, since), null, 2)}\n`)
        else if (groups.length === 0) stderr.write('nothing was spent; rehearsals cost nothing\n')
        else {
          const look = { style: styleFor(stdout), width: terminalWidth(stdout) }
          stdout.write(`${formatCost(groups, by, look).join('\n')}\n`)
        }
      })
    })

function readGrouping(text: string, previous: readonly Grouping[]): readonly Grouping[] {
  const grouping = GROUPINGS.find(name => name === text)
  if (grouping) return previous.includes(grouping) ? previous : [...previous, grouping]
  throw new CrewError('usage', `--by ${text} is not known`, {
    hint: `write one of ${GROUPINGS.join(', ')}, like --by model`,
  })
}

async function readSince(text: string, now: number): Promise<number> {
  const [{ parseDay }, { parseDuration }] = await Promise.all([
    import('../calendar.ts'),
    import('../duration.ts'),
  ])
  const day = parseDay(text)
  const ago = parseDuration(text)
  if (day !== undefined) return day
  if (ago !== undefined) return now - ago
  throw new CrewError('usage', `--since ${text} is neither a day nor a time`, {
    hint: 'write it like --since 2026-11-01 or --since 7d',
  })
}
