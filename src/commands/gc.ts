import { Command } from 'commander'
import { CrewError, EXIT } from '../errors.ts'
import type { Choice, Plan } from '../store/removal.ts'
import type { Store } from '../store/store.ts'
import { type CreateCommand, type StoreOptions, storeOption, withStore } from './command.ts'

interface Options extends StoreOptions {
  readonly olderThan?: string
  readonly keep?: number
  readonly maxSize?: string
  readonly resumable?: boolean
  readonly tagged?: boolean
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly json?: boolean
}

export const gc: CreateCommand = exit =>
  new Command('gc')
    .description(
      'Remove old runs and all that nobody needs any more, and give the space back to the disk; also while others run',
    )
    .option(
      '--older-than <age>',
      'runs in which nothing happened for so long: 30d; default: the setting retention',
    )
    .option('--keep <number>', 'all but the newest so many runs', readCount)
    .option('--max-size <size>', 'the oldest runs, until the store is no larger: 500MB, 2GB')
    .option('--resumable', 'also runs that could go on: those that wait, failed or were interrupted')
    .option('--tagged', 'also runs that have a tag')
    .option('--dry-run', 'change nothing; say what would go, and how much space it takes')
    .option('-y, --yes', 'do not ask')
    .option('--json', 'one JSON document on stdout')
    .addOption(storeOption())
    .addHelpText(
      'after',
      `
Examples:
  $ crew gc --older-than 30d --dry-run
  $ crew gc --keep 200 --yes
  $ crew gc`,
    )
    .action(async (options: Options) => {
      const choice = await choiceOf(options)
      const { whileWaiting } = await import('../ui/wait.ts')
      await withStore(options, async store => {
        const plan = await whileWaiting('looking at all runs', () => store.removal.plan(choice))
        if (options.dryRun) return tellPlan(plan, options)
        if (plan.runs.length > 0 && !options.yes && !(await isWanted(plan))) return exit(EXIT.failed)
        const done = await whileWaiting('clearing away', () => clear(store, plan))
        await tellEnd(plan, done, options)
      })
    })

async function choiceOf({ olderThan, keep, maxSize, resumable, tagged }: Options): Promise<Choice> {
  const [{ parseBytes }, { systemClock }, { readSetting }, { parseDuration }] = await Promise.all([
    import('../bytes.ts'),
    import('../clock.ts'),
    import('../config.ts'),
    import('../duration.ts'),
  ])
  // What is set for all times, unless the command says which runs it means.
  const isSaid = olderThan !== undefined || keep !== undefined || maxSize !== undefined
  const age = isSaid ? olderThan : await readSetting('retention')
  const milliseconds = age === undefined ? undefined : parseDuration(age)
  if (age !== undefined && milliseconds === undefined)
    throw new CrewError('usage', `--older-than ${age} is no age`, { hint: 'write it like --older-than 30d' })
  const bytes = maxSize === undefined ? undefined : parseBytes(maxSize)
  if (maxSize !== undefined && bytes === undefined)
    throw new CrewError('usage', `--max-size ${maxSize} is no size`, {
      hint: 'write it like --max-size 500MB',
    })
  return {
    ...(milliseconds !== undefined && { before: systemClock.now() - milliseconds }),
    ...(keep !== undefined && { beyond: keep }),
    ...(bytes !== undefined && { bytes }),
    ...(resumable && { resumable }),
    ...(tagged && { tagged }),
  }
}

interface Done {
  readonly removed: number
  readonly before: number
  readonly after: number
  readonly later?: true
}

async function clear(store: Store, { runs }: Plan): Promise<Done> {
  let removed = 0
  for (const run of runs) if (await store.removal.remove(run)) removed += 1
  await store.sweep.clear()
  return { removed, ...(await store.sweep.compact()) }
}

/** What is removed is gone: a person says yes, or the command itself does. */
async function isWanted(plan: Plan): Promise<boolean> {
  const { stdin, stderr } = process
  const { formatPlan, planInWords } = await import('../ui/removal.ts')
  if (!(stdin.isTTY && stderr.isTTY)) {
    throw new CrewError('usage', `nothing was removed: ${planInWords(plan)} would go`, {
      hint: 'see which with --dry-run; remove them with --yes',
    })
  }
  const [{ systemClock }, { terminalWidth }, { agreed }] = await Promise.all([
    import('../clock.ts'),
    import('../ui/table.ts'),
    import('./trusting.ts'),
  ])
  const lines = formatPlan(plan, { now: systemClock.now(), width: terminalWidth(stderr), most: SHOWN })
  stderr.write(`${lines.join('\n')}\n`)
  return agreed(`Remove ${planInWords(plan)}?`, process)
}

/** Runs that are listed before somebody is asked. */
const SHOWN = 20

async function tellPlan(plan: Plan, { json }: Options): Promise<void> {
  const { stdout, stderr } = process
  if (json) {
    stdout.write(`${JSON.stringify(plan, null, 2)}\n`)
    return
  }
  const [{ bytesInWords }, { systemClock }, { formatPlan, keptInWords, planInWords }, { terminalWidth }] =
    await Promise.all([
      import('../bytes.ts'),
      import('../clock.ts'),
      import('../ui/removal.ts'),
      import('../ui/table.ts'),
    ])
  const lines = formatPlan(plan, { now: systemClock.now(), width: terminalWidth(stdout) })
  if (lines.length > 0) stdout.write(`${lines.join('\n')}\n`)
  const loose = plan.loose > 0 ? `, and ${bytesInWords(plan.loose)} that belong to no run` : ''
  stderr.write(`would go: ${planInWords(plan)}${loose}\n${keptInWords(plan)}`)
}

async function tellEnd(
  plan: Plan,
  { removed, before, after, later }: Done,
  { json }: Options,
): Promise<void> {
  const { stdout, stderr } = process
  if (json) {
    stdout.write(`${JSON.stringify({ removed, kept: plan.kept, before, after }, null, 2)}\n`)
    return
  }
  const [{ bytesInWords }, { keptInWords }] = await Promise.all([
    import('../bytes.ts'),
    import('../ui/removal.ts'),
  ])
  const was = before === after ? '' : `, and took ${bytesInWords(before)}`
  stdout.write(
    `removed: ${removed} of ${plan.runs.length} runs; the store takes ${bytesInWords(after)}${was}\n`,
  )
  if (removed < plan.runs.length) stderr.write('the others went on meanwhile, and stay\n')
  stderr.write(keptInWords(plan))
  if (later) stderr.write('the file shrinks when crew gc is called while nobody runs anything\n')
}

function readCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new CrewError('usage', `--keep ${text} is no number of runs`, { hint: 'write it like --keep 100' })
}
