import { Command, Option } from 'commander'
import { CrewError } from '../errors.ts'
import type { RunRow, Store } from '../store/store.ts'
import { BUDGET_OPTION, readBudgets } from './budget.ts'
import { type CreateCommand, collect, naming, storeOption, withStore } from './command.ts'
import { goOn, goOnWithAll } from './go-on.ts'
import { addOutputOptions, type OutputOptions } from './present.ts'
import { TRUST_OPTION } from './trusting.ts'

interface Options extends OutputOptions {
  readonly all?: boolean
  readonly due?: boolean
  readonly trust?: boolean
  readonly limit: readonly string[]
  readonly budget: readonly string[]
}

export const resume: CreateCommand = exit =>
  addOutputOptions(
    new Command('resume')
      .description(
        'Go on with a run that was interrupted, failed or waits; nothing that is done is done again',
      )
      .argument('[run]', 'id, beginning of an id, last, -1, -2 …; default: the last that was interrupted')
      .option('--all', 'all runs that were interrupted, one after the other, the oldest first')
      .addOption(
        new Option(
          '--due',
          'all runs that wait and can go on: what they wait for is over or answered; for cron',
        ).conflicts('all'),
      )
      .option(
        '--limit <name=value>',
        'another limit from now on: turns, invocations, concurrency, stagnation or time',
        collect,
        [],
      )
      .option(...BUDGET_OPTION, collect, [])
      .option(...TRUST_OPTION)
      .addOption(storeOption()),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ crew resume last
  $ crew resume -2 --json
  $ crew resume --due --quiet
  $ crew resume 0k3f --limit invocations=500 --limit time=2h
  $ crew resume last --budget usd=2.50`,
    )
    .action(async (reference: string | undefined, options: Options) => {
      const raised = Object.fromEntries(await Promise.all(options.limit.map(readLimit)))
      const limits = { ...raised, ...readBudgets(options.budget) }
      const isOne = !options.all && !options.due
      if (!isOne && reference !== undefined) throw several('names one run', reference)
      if (!isOne && options.output !== undefined) throw several('is for one result', '--output')
      await withStore(options, async store => {
        if (isOne) {
          const run = reference === undefined ? await lastStopped(store) : await findRun(store, reference)
          return exit(await naming(run.id, options, () => goOn(store, run, options, limits)))
        }
        const runs = options.due ? await store.due() : [...(await store.stopped())].reverse()
        exit(await goOnWithAll(store, runs, options, limits))
      })
    })

/** The last run that was interrupted; says on stderr which one that is. */
async function lastStopped(store: Store): Promise<RunRow> {
  const [run] = await store.stopped()
  if (!run) {
    throw new CrewError('usage', 'no run was interrupted', {
      hint: 'a run that failed or waits is named, like: crew resume last; see what there is with: crew ls',
    })
  }
  process.stderr.write(`crew: goes on with ${run.id} (${run.team})\n`)
  return run
}

async function findRun(store: Store, reference: string): Promise<RunRow> {
  return (await import('../store/find.ts')).findRun(store, reference)
}

function several(what: string, said: string): CrewError {
  return new CrewError('usage', `${said} ${what}, and --all and --due go on with several`, {
    hint: 'leave one of them out',
  })
}

const LIMITS = ['concurrency', 'turns', 'invocations', 'stagnation', 'time']

async function readLimit(text: string): Promise<[name: string, value: number]> {
  const { parseDuration } = await import('../duration.ts')
  const [name = '', value = ''] = text.split('=')
  const number = name === 'time' ? parseDuration(value) : Number(value)
  if (!LIMITS.includes(name) || number === undefined || !Number.isInteger(number) || number < 1) {
    throw new CrewError('usage', `--limit ${text} is not a limit`, {
      hint: 'write it like --limit turns=60 or --limit time=2h',
    })
  }
  return [name, number]
}
