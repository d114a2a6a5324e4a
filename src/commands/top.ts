import { Command } from 'commander'
import { EXIT, type ExitCode } from '../errors.ts'
import type { Store } from '../store/store.ts'
import type { TopRow } from '../ui/top/rows.ts'
import { type CreateCommand, type StoreOptions, storeOption, withStore } from './command.ts'

interface Options extends StoreOptions {
  readonly plain?: boolean
}

/** Runs that are over, of which so many of the newest are listed. */
const NEWEST = 500

export const top: CreateCommand = exit =>
  new Command('top')
    .description('Watch all runs on this machine, those that need somebody first')
    .option('--plain', 'one table, once, instead of the screen')
    .addOption(storeOption())
    .addHelpText(
      'after',
      `
Examples:
  $ crew top
  $ crew top --plain | head -20`,
    )
    .action(async (options: Options) => {
      const { wantsScreen } = await import('./live.ts')
      await withStore(options, async store => {
        const isShown = wantsScreen(options, process) && process.stdout.isTTY
        const code = isShown ? await browse(store, options) : undefined
        if (code === undefined) await printOnce(store, options)
        else exit(code)
      })
    })

/** Those that are under way or wait, whenever they began, and the newest of all others. */
export async function loadRows(store: Store): Promise<TopRow[]> {
  const runs = await store.runs({ withOpen: true, limit: NEWEST })
  return Promise.all(
    runs.map(async run => {
      const isOpen = run.owner !== undefined || run.state === 'waiting'
      return isOpen ? { run, glance: await store.glances.of(run.id) } : { run }
    }),
  )
}

/** Undefined: there is no keyboard. */
async function browse(store: Store, options: Options): Promise<ExitCode | undefined> {
  const [{ systemClock: clock }, { styleFor }, { TopModel }, { showTop }, { watch }, { findRun }] =
    await Promise.all([
      import('../clock.ts'),
      import('../ui/style.ts'),
      import('../ui/top/model.ts'),
      import('../ui/top/top.ts'),
      import('./watch.ts'),
      import('../store/find.ts'),
    ])
  const { stdin, stderr } = process
  const model = new TopModel()
  const look = { stdin, stderr, style: styleFor(stderr), clock, db: options.db }
  for (;;) {
    const step = await showTop(model, { ...look, load: () => loadRows(store) })
    if (step === undefined) return undefined
    if (step === 'quit') return EXIT.succeeded
    const run = await findRun(store, step.open)
    const { end, code } = await watch(store, run, { ...options, onBack: () => {} })
    if (end === 'left') return code
  }
}

async function printOnce(store: Store, { db }: Options): Promise<void> {
  const [{ systemClock }, { formatRows, sortRows }, { styleFor }, { terminalWidth }] = await Promise.all([
    import('../clock.ts'),
    import('../ui/top/rows.ts'),
    import('../ui/style.ts'),
    import('../ui/table.ts'),
  ])
  const { stdout, stderr } = process
  const now = systemClock.now()
  const rows = sortRows(await loadRows(store), now)
  if (rows.length === 0)
    stderr.write('no runs yet; try a team without key or cost: crew run TEAM --rehearse\n')
  else
    stdout.write(
      `${formatRows(rows, { style: styleFor(stdout), width: terminalWidth(stdout), now, db }).join('\n')}\n`,
    )
}
