import { Command, Option } from 'commander'
import { CrewError, EXIT, type ExitCode } from '../errors.ts'
import type { Event } from '../store/events.ts'
import type { RunRow, Store } from '../store/store.ts'
import { type CreateCommand, naming, type StoreOptions, storeOption, withStore } from './command.ts'

interface Options extends StoreOptions {
  readonly speed?: number
  readonly instant?: boolean
  readonly at?: number
  readonly verify?: boolean
  readonly plain?: boolean
  readonly json?: boolean
}

export const replay: CreateCommand = exit =>
  new Command('replay')
    .description('Show a recorded run again as it happened; nothing is executed and nothing is sent')
    .argument('[run]', 'id, beginning of an id, last, -1, -2 …', 'last')
    .addOption(new Option('--speed <factor>', 'so many times as fast; default: 1').argParser(readSpeed))
    .addOption(new Option('--instant', 'all of it at once').conflicts('speed'))
    .addOption(
      new Option('--at <seq>', 'begin after this event; its number is in: crew logs --json').argParser(
        readSeq,
      ),
    )
    .addOption(
      new Option(
        '--verify',
        'have the team work once more on the recorded results, and say where that is not the same',
      ).conflicts(['speed', 'instant', 'at', 'plain']),
    )
    .option('--json', 'with --verify: one JSON document on stdout')
    .option('--plain', 'plain lines instead of the screen')
    .addOption(storeOption())
    .addHelpText(
      'after',
      `
Examples:
  $ crew replay last --speed 20
  $ crew replay last --verify`,
    )
    .action(async (reference: string, options: Options) => {
      const { findRun } = await import('../store/find.ts')
      if (options.json && !options.verify)
        throw new CrewError('usage', '--json goes with --verify', {
          hint: 'the events of a run as JSON are printed by: crew logs --json',
        })
      const use = async (store: Store) => {
        const run = await findRun(store, reference)
        const events = await store.events(run.id)
        const play = options.verify ? verifyRecording : playRecording
        exit(await naming(run.id, options, () => play(store, run, events, options)))
      }
      await withStore(options, use, { readOnly: true })
    })

/** Whether the team would do the same again, given the same results. */
async function verifyRecording(
  store: Store,
  { id }: RunRow,
  events: readonly Event[],
  { json, db }: Options,
): Promise<ExitCode> {
  const [{ verify }, { describeVerdict, documentOfVerdict }, { styleFor }, { formatReference }] =
    await Promise.all([
      import('../app.ts'),
      import('../ui/verdict.ts'),
      import('../ui/style.ts'),
      import('../ui/format.ts'),
    ])
  const verdict = await verify(id, events, { store, env: process.env })
  const { stdout } = process
  if (json) stdout.write(`${JSON.stringify(documentOfVerdict(id, verdict), null, 2)}\n`)
  else stdout.write(`${describeVerdict(formatReference(id, db), verdict, styleFor(stdout)).join('\n')}\n`)
  return verdict.difference ? EXIT.failed : EXIT.succeeded
}

async function playRecording(
  store: Store,
  run: RunRow,
  events: readonly Event[],
  options: Options,
): Promise<ExitCode> {
  const { wantsScreen } = await import('./live.ts')
  const last = events.at(-1)?.seq ?? 0
  if (options.at !== undefined && options.at > last) {
    throw new CrewError('usage', `run ${run.id} has no event ${options.at}: the last one is ${last}`, {
      hint: `see them with: crew logs ${run.id} --json`,
    })
  }
  const isShown = wantsScreen(options, process) && (await playOnScreen(run, events, options))
  if (!isShown) await playLines(events, options)
  await sayEnd(store, run, options)
  return EXIT.succeeded
}

/** False: there is no keyboard, or the screen failed. */
async function playOnScreen({ id }: RunRow, events: readonly Event[], options: Options): Promise<boolean> {
  const [{ teamOf }, { systemClock: clock }, { graphOf }, { styleFor }, { Player }, { showScreen }] =
    await Promise.all([
      import('../app.ts'),
      import('../clock.ts'),
      import('../team/graph.ts'),
      import('../ui/style.ts'),
      import('../ui/screen/player.ts'),
      import('../ui/screen/screen.tsx'),
    ])
  const { speed, at, instant } = options
  const { stdin, stderr } = process
  const style = styleFor(stderr)
  const player = new Player(events, {
    clock,
    ...(speed !== undefined && { speed }),
    ...(at !== undefined && { at }),
    ...(instant !== undefined && { instant }),
  })
  const extra = {
    get keys() {
      return player.keys
    },
    press: (key: { readonly name: string }) => player.press(key),
    line: (columns: number) => player.line(columns, style),
  }
  const graph = graphOf(teamOf(events))
  return new Promise(resolve => {
    const onQuit = (why?: string) => {
      player.stop()
      if (why !== undefined) stderr.write(`crew: ${why}\n`)
      resolve(why === undefined)
    }
    showScreen({ feed: player.feed, id, graph, style, stdin, stderr, extra, onQuit }).then(
      screen => (screen ? player.start() : resolve(false)),
      error => onQuit(String(error)),
    )
  })
}

/** The lines of the run; at once, unless a speed is asked for. */
async function playLines(events: readonly Event[], { speed, at = 0 }: Options): Promise<void> {
  const [{ sleep, systemClock }, { viewOf }, { createProgress }, { gapBefore, LONGEST }, { styleFor }] =
    await Promise.all([
      import('../clock.ts'),
      import('../store/view.ts'),
      import('../ui/progress.ts'),
      import('../ui/screen/player.ts'),
      import('../ui/style.ts'),
    ])
  const { formatDuration } = await import('../ui/format.ts')
  const { stdout } = process
  const style = styleFor(stdout)
  const progress = createProgress(line => stdout.write(`${line}\n`), style)
  progress.recall(viewOf(events.filter(({ seq }) => seq <= at)))
  for (const [index, event] of events.entries()) {
    if (event.seq <= at) continue
    if (!stdout.writable) return
    const gap = gapBefore(events, index)
    if (speed !== undefined) {
      if (gap > LONGEST) stdout.write(`${style.dim(`… ${formatDuration(gap)} later`)}\n`)
      await sleep(systemClock, Math.min(gap, LONGEST) / speed)
    }
    progress.show(event)
  }
}

/** How the run was in the end, where it does not go on meanwhile. */
async function sayEnd(store: Store, { id }: RunRow, options: Options): Promise<void> {
  const { summarizeRun } = await import('./watch.ts')
  if ((await store.run(id))?.owner)
    process.stderr.write(`run ${id} is still being run; watch it with: crew attach ${id}\n`)
  else await summarizeRun(store, id, options)
}

function readSpeed(text: string): number {
  const speed = Number(text)
  if (/^\d*\.?\d+$/.test(text) && speed >= 0.01 && speed <= 10_000) return speed
  throw new CrewError('usage', `--speed ${text} is not how many times as fast`, {
    hint: 'write it like --speed 20, or --speed 0.5; all at once: --instant',
  })
}

function readSeq(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text)
  throw new CrewError('usage', `--at ${text} is not the number of an event`, {
    hint: 'the events are numbered from 1; see them with: crew logs --json',
  })
}
