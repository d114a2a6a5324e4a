import { Command, Option } from 'commander'
import { CrewError } from '../errors.ts'
import type { RunRow, Store } from '../store/store.ts'
import type { Level } from '../ui/log-line.ts'
import { type CreateCommand, type StoreOptions, storeOption, withStore } from './command.ts'

interface Options extends StoreOptions {
  readonly level?: Level
  readonly agent?: string
  readonly json?: boolean
  readonly follow?: boolean
  readonly trace?: boolean
  readonly depth?: number
  readonly why?: string
  readonly find?: string
  readonly timeline?: boolean
  readonly html?: string
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
    .option('--agent <name>', 'only what belongs to this agent; also with --trace and --timeline')
    .option('--json', 'every event as one JSON document a line; with --why one document')
    .option('-f, --follow', 'go on until the run ends')
    .addOption(
      new Option('--trace', 'the steps as a tree, with times, cost and decisions').conflicts([
        'level',
        'json',
        'follow',
      ]),
    )
    .addOption(new Option('--depth <n>', 'of a trace only so many levels of steps').argParser(readDepth))
    .addOption(
      new Option(
        '--why <step>',
        'what the result of a step was made from, back to the inputs; "run" for that of the run',
      ).conflicts(['level', 'agent', 'follow', 'trace']),
    )
    .option('--find <text>', 'with --why: where these words, or this number, came up first')
    .addOption(
      new Option('--timeline', 'who was at work when: a lane for each agent').conflicts([
        'level',
        'json',
        'follow',
        'trace',
        'why',
      ]),
    )
    .addOption(
      new Option('--html <file>', 'all of it as one page for a browser; - for stdout').conflicts([
        'level',
        'agent',
        'json',
        'follow',
        'trace',
        'why',
        'timeline',
      ]),
    )
    .addOption(storeOption())
    .addHelpText(
      'after',
      `
Examples:
  $ crew logs last --trace
  $ crew logs 0k3f --follow --level debug --agent writer
  $ crew logs last --why report --find "42 percent"
  $ crew logs last --html run.html`,
    )
    .action(async (reference: string, options: Options) => {
      checkOptions(options)
      const { findRun } = await import('../store/find.ts')
      await withStore(options, async store => {
        const run = await findRun(store, reference)
        if (options.trace) await printTrace(store, run, options)
        else if (options.why !== undefined) await printWhy(store, run, options.why, options)
        else if (options.timeline) await printTimeline(store, run, options)
        else if (options.html !== undefined) await writePage(store, run, options.html)
        else await printLog(store, run, options)
      })
    })

function readDepth(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new CrewError('usage', `--depth ${text} is no number of levels`, { hint: 'give a number from 1 on' })
}

function checkOptions({ depth, trace, find, why }: Options): void {
  if (depth !== undefined && !trace)
    throw new CrewError('usage', '--depth is about a trace', { hint: 'add --trace' })
  if (find === undefined) return
  if (why === undefined)
    throw new CrewError('usage', '--find looks through what a result was made from, and no result is named', {
      hint: 'add --why STEP, or --why run',
    })
  if (find.trim() === '') throw new CrewError('usage', '--find was given nothing to look for')
}

async function printTrace(store: Store, run: RunRow, { agent, depth }: Options): Promise<void> {
  const [{ requireAgent }, { formatTrace }] = await Promise.all([
    import('../ui/log-line.ts'),
    import('../ui/trace.ts'),
  ])
  const { events, ...look } = await lookAt(store, run)
  if (agent !== undefined) requireAgent(agent, run, events)
  const options = {
    ...look,
    isWhole: !process.stdout.isTTY,
    ...(agent !== undefined && { agent }),
    ...(depth !== undefined && { depth }),
  }
  for (const line of formatTrace(events, options)) process.stdout.write(`${line}\n`)
}

/** The events of a run, and how to draw them. */
async function lookAt(store: Store, { id, owner }: RunRow) {
  const [{ systemClock }, { styleFor }, { terminalWidth }] = await Promise.all([
    import('../clock.ts'),
    import('../ui/style.ts'),
    import('../ui/table.ts'),
  ])
  const { stdout } = process
  const live = owner && { now: systemClock.now() }
  return { events: await store.events(id), style: styleFor(stdout), width: terminalWidth(stdout), ...live }
}

async function printWhy(store: Store, run: RunRow, step: string, { find, json }: Options): Promise<void> {
  const [{ viewOf }, { documentOfWhy, explain, formatWhy }] = await Promise.all([
    import('../store/view.ts'),
    import('../ui/why.ts'),
  ])
  const { stdout } = process
  const { events, style, width } = await lookAt(store, run)
  const why = explain(viewOf(events), step, find)
  if (json) {
    stdout.write(`${JSON.stringify(documentOfWhy(run.id, why), null, 2)}\n`)
    return
  }
  const look = { style, width: stdout.isTTY ? width : Number.POSITIVE_INFINITY }
  for (const line of formatWhy(why, look)) stdout.write(`${line}\n`)
}

/** Columns of lanes that go to a file. */
const PIPED = 100

async function printTimeline(store: Store, run: RunRow, { agent }: Options): Promise<void> {
  const [{ requireAgent }, { formatLanes }] = await Promise.all([
    import('../ui/log-line.ts'),
    import('../ui/lanes.ts'),
  ])
  const { stdout } = process
  const { events, width, ...look } = await lookAt(store, run)
  if (agent !== undefined) requireAgent(agent, run, events)
  const options = { ...look, width: stdout.isTTY ? width : PIPED, ...(agent !== undefined && { agent }) }
  for (const line of formatLanes(events, options)) stdout.write(`${line}\n`)
}

async function writePage(store: Store, run: RunRow, file: string): Promise<void> {
  const [{ writeFile }, { pageOf }] = await Promise.all([import('node:fs/promises'), import('../ui/page.ts')])
  const { events, ...look } = await lookAt(store, run)
  const page = pageOf(run.id, events, look)
  if (file === '-') {
    process.stdout.write(page)
    return
  }
  try {
    // What agents said may be private.
    await writeFile(file, page, { mode: 0o600 })
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown)
    throw new CrewError('usage', `${file} cannot be written: ${reason}`, {
      hint: 'name a file in a folder that exists and is yours',
    })
  }
  process.stderr.write(`run ${run.id} is in ${file}; open it in a browser\n`)
}

async function printLog(store: Store, run: RunRow, options: Options): Promise<void> {
  const [{ systemClock }, { eventsOf, follow }, { createLog, formatLine, requireAgent }, { styleFor }] =
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
  const recorded = agent === undefined ? undefined : await store.events(run.id)
  if (agent !== undefined && recorded) requireAgent(agent, run, recorded)
  const events = options.follow
    ? follow(store, run.id, { clock: systemClock, signal: enough.signal })
    : (recorded ?? eventsOf(store, run.id))
  for await (const event of events) {
    const line = log(event)
    if (line) stdout.write(`${json ? JSON.stringify({ run: run.id, ...event }) : formatLine(line, style)}\n`)
    if (!stdout.writable) break
  }
  process.off('SIGINT', stop)
}
