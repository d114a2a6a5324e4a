import { Command, Option } from 'commander'
import type { RunRow, Store } from '../store/store.ts'
import type { Level } from '../ui/log-line.ts'
import { type CreateCommand, type StoreOptions, storeOption, withStore } from './command.ts'

interface Options extends StoreOptions {
  readonly level?: Level
  readonly agent?: string
  readonly json?: boolean
  readonly follow?: boolean
  readonly trace?: boolean
}

export const logs: CreateCommand = () =>
  new Command('logs')
    .description('Show what happened in a run, event by event')
    .argument('[run]', 'id, beginning of an id, last, -1, -2 …', 'last')
    .addOption(
      new Option('--level <level>', 'show this and what matters more; default: info').choices([
        'error',
        'warn',
        'info',
        'debug',
      ]),
    )
    .option('--agent <name>', 'only what belongs to this agent')
    .option('--json', 'every event as one JSON document a line')
    .option('-f, --follow', 'go on until the run ends')
    .addOption(
      new Option('--trace', 'the steps as a tree, with times, cost and decisions').conflicts([
        'level',
        'agent',
        'json',
        'follow',
      ]),
    )
    .addOption(storeOption())
    .addHelpText(
      'after',
      `
Examples:
  $ crew logs last --trace
  $ crew logs 0k3f --follow --level debug --agent writer`,
    )
    .action(async (reference: string, options: Options) => {
      const { findRun } = await import('../store/find.ts')
      await withStore(options, async store => {
        const run = await findRun(store, reference)
        if (options.trace) await printTrace(store, run)
        else await printLog(store, run, options)
      })
    })

async function printTrace(store: Store, { id, owner }: RunRow): Promise<void> {
  const [{ systemClock }, { styleFor }, { terminalWidth }, { formatTrace }] = await Promise.all([
    import('../clock.ts'),
    import('../ui/style.ts'),
    import('../ui/table.ts'),
    import('../ui/trace.ts'),
  ])
  const { stdout } = process
  const live = owner && { now: systemClock.now() }
  const options = { style: styleFor(stdout), width: terminalWidth(stdout), ...live }
  for (const line of formatTrace(await store.events(id), options)) stdout.write(`${line}\n`)
}

async function printLog(store: Store, { id, owner }: RunRow, options: Options): Promise<void> {
  const [{ systemClock }, { follow }, { createLog, formatLine, requireAgent }, { styleFor }] =
    await Promise.all([
      import('../clock.ts'),
      import('../store/follow.ts'),
      import('../ui/log-line.ts'),
      import('../ui/style.ts'),
    ])
  const { agent, json, level = json ? 'debug' : 'info' } = options
  const { stdout } = process
  const style = styleFor(stdout)
  const log = createLog({ level, agent })
  const enough = new AbortController()
  const stop = () => enough.abort()
  if (options.follow) process.once('SIGINT', stop)
  const recorded = options.follow ? [] : await store.events(id)
  if (agent !== undefined && !owner) requireAgent(agent, id, recorded)
  const events = options.follow ? follow(store, id, { clock: systemClock, signal: enough.signal }) : recorded
  for await (const event of events) {
    const line = log(event)
    if (line) stdout.write(`${json ? JSON.stringify({ run: id, ...event }) : formatLine(line, style)}\n`)
    if (!stdout.writable) break
  }
  process.off('SIGINT', stop)
}
