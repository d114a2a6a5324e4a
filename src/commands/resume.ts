import { Command } from 'commander'
import { CrewError } from '../errors.ts'
import { BUDGET_OPTION, readBudgets } from './budget.ts'
import { type CreateCommand, collect, naming, storeOption, withStore } from './command.ts'
import { goOn } from './go-on.ts'
import { addOutputOptions, type OutputOptions } from './present.ts'
import { TRUST_OPTION } from './trusting.ts'

interface Options extends OutputOptions {
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
      .argument('[run]', 'id, beginning of an id, last, -1, -2 …', 'last')
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
  $ crew resume 0k3f --limit invocations=500 --limit time=2h
  $ crew resume last --budget usd=2.50`,
    )
    .action(async (reference: string, options: Options) => {
      const { findRun } = await import('../store/find.ts')
      const raised = Object.fromEntries(await Promise.all(options.limit.map(readLimit)))
      const limits = { ...raised, ...readBudgets(options.budget) }
      await withStore(options, async store => {
        const run = await findRun(store, reference)
        exit(await naming(run.id, options, () => goOn(store, run, options, limits)))
      })
    })

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
