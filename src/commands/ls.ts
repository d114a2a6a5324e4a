import { Command, Option } from 'commander'
import { CrewError } from '../errors.ts'
import type { Glance } from '../store/glances.ts'
import type { RunRow, Store } from '../store/store.ts'
import { type CreateCommand, type StoreOptions, storeOption, withStore } from './command.ts'

interface Options extends StoreOptions {
  readonly limit: number
  readonly all?: boolean
  readonly state?: string
  readonly team?: string
  readonly since?: string
  readonly json?: boolean
}

const STATES = ['queued', 'running', 'waiting', 'interrupted', 'succeeded', 'failed', 'cancelled']

export const ls: CreateCommand = () =>
  new Command('ls')
    .description('List runs, newest first')
    .option('-n, --limit <number>', 'how many', readLimit, 20)
    .option('-a, --all', 'all of them')
    .addOption(new Option('--state <state>', 'only those in this state').choices(STATES))
    .option('--team <name>', 'only those of this team')
    .option('--since <when>', 'only those that began then or later: 2h, 3d … ago, or a day like 2026-11-30')
    .option('--json', 'one JSON array on stdout')
    .addOption(storeOption())
    .addHelpText(
      'after',
      `
Examples:
  $ crew ls --team research --since 2d
  $ crew ls --state failed --json | jq -r .[].run`,
    )
    .action(async ({ limit, all, state, team, since, json, ...options }: Options) => {
      const [{ systemClock }, { documentOfRow, formatRuns }, { styleFor }, { terminalWidth }] =
        await Promise.all([
          import('../clock.ts'),
          import('../ui/run-list.ts'),
          import('../ui/style.ts'),
          import('../ui/table.ts'),
        ])
      await withStore(options, async store => {
        const query = {
          ...(team !== undefined && { team }),
          ...(since !== undefined && { since: await readSince(since, systemClock.now()) }),
        }
        const found = (await store.runs(query)).filter(run => state === undefined || run.state === state)
        const runs = all ? found : found.slice(0, limit)
        const glances = await glancesOf(store, runs)
        if (json) {
          const rows = runs.map(run => documentOfRow(run, glances.get(run.id)))
          process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`)
          return
        }
        const { stdout, stderr } = process
        const options = {
          style: styleFor(stdout),
          width: terminalWidth(stdout),
          now: systemClock.now(),
          glances,
        }
        if (runs.length > 0) stdout.write(`${formatRuns(runs, options).join('\n')}\n`)
        else if (team !== undefined || since !== undefined)
          stderr.write('no run is like that; see all with: crew ls\n')
        else if (state) stderr.write(`no run is ${state}; see all with: crew ls\n`)
        else stderr.write('no runs yet; try a team without key or cost: crew run TEAM --rehearse\n')
        if (found.length > runs.length)
          stderr.write(`${found.length - runs.length} more; see them with: crew ls --all\n`)
      })
    })

/** What the runs that wait are waiting for. */
async function glancesOf(store: Store, runs: readonly RunRow[]): Promise<Map<string, Glance>> {
  const waiting = runs.filter(({ state }) => state === 'waiting')
  return new Map(await Promise.all(waiting.map(async ({ id }) => [id, await store.glances.of(id)] as const)))
}

/** Milliseconds since the epoch. */
async function readSince(text: string, now: number): Promise<number> {
  const { parseDuration } = await import('../duration.ts')
  const duration = /^[\d.]+ ?[a-z]+$/i.test(text.slice(0, 40)) ? parseDuration(text) : undefined
  if (duration !== undefined) return now - duration
  const day = /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(`${text}T00:00`).getTime() : Date.parse(text)
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(day)) return day
  throw new CrewError('usage', `--since ${text} is no time`, {
    hint: 'write it like --since 2h, --since 3d or --since 2026-11-30',
  })
}

function readLimit(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text)
  throw new CrewError('usage', `--limit ${text} is not a number of runs`, {
    hint: 'write it like --limit 50, or --all',
  })
}
