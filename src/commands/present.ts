import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import type { Outcome } from '../engine/execute.ts'
import type { RunOptions } from '../engine/runs.ts'
import { CrewError, EXIT, type ExitCode } from '../errors.ts'
import { asText } from '../json.ts'
import type { Event } from '../store/events.ts'
import type { Store, TimedFact } from '../store/store.ts'
import { copyOf, emptyView, type RunView } from '../store/view.ts'
import type { StoreOptions } from './command.ts'
import { createLive, wantsScreen } from './live.ts'

export interface OutputOptions extends StoreOptions {
  readonly json?: boolean
  readonly events?: boolean
  readonly output?: string
  readonly quiet?: boolean
  readonly plain?: boolean
  readonly wait?: true | string
}

export function addOutputOptions(command: Command): Command {
  return command
    .option('--json', 'one JSON document on stdout: run, state, output, what was spent')
    .option('--events', 'every event of the run on stdout as it happens, one JSON document a line')
    .option('-o, --output <file>', 'write the result to a file instead of stdout')
    .option('-q, --quiet', 'no progress on stderr')
    .option('--plain', 'progress as plain lines, also where there could be a screen')
    .option('--wait [duration]', 'stay while the run only waits for people, for as long as this at the most')
}

/** What a run is given to show itself. */
export type Presentation = Pick<RunOptions, 'onEvent' | 'interrupt' | 'patience'> & {
  warn(line: string): void
  /** `recorded`: what a resumed run already has behind it, and `view`, what that comes to. */
  begin(id: string, recorded?: readonly Event[], view?: RunView): void
}

/**
 * Runs `perform` in front of a person or a script: progress goes to stderr, as a screen where there can be one, the
 * result and nothing else to stdout, SIGINT once ends the run properly and twice at once.
 * @returns the exit code of the outcome
 */
export async function present(
  store: Store,
  options: OutputOptions,
  perform: (presentation: Presentation) => Promise<Outcome>,
): Promise<ExitCode> {
  const [
    { createProgress },
    { formatReference },
    { styleFor },
    { summarize, documentOf },
    { oneLine, sanitize },
  ] = await Promise.all([
    import('../ui/progress.ts'),
    import('../ui/format.ts'),
    import('../ui/style.ts'),
    import('../ui/summary.ts'),
    import('../ui/text.ts'),
  ])
  const style = styleFor(process.stderr)
  const write = (line: string) => void process.stderr.write(`${line}\n`)
  const live = wantsScreen(options, process) ? await createLive({ store, style, say: write }) : undefined
  const say = live?.note ?? write
  // Who sits in front of a screen can answer there.
  const patience = (await readPatience(options)) ?? (live && Number.POSITIVE_INFINITY)
  let id = ''
  const named = () => formatReference(id, options.db)
  const progress = createProgress(options.quiet ? undefined : (live?.line ?? write), style)
  const { signal, release } = interruptible(say)
  let isBlind = false
  const show = (event: Event | TimedFact) => {
    if (isBlind) return
    try {
      progress.show(event)
      live?.show(event)
    } catch (error) {
      // What cannot be shown must not end what is being done.
      isBlind = true
      say(`crew: the progress cannot be shown any more (${error}); the run goes on`)
    }
  }
  try {
    const outcome = await perform({
      begin: (run, recorded = [], view = emptyView()) => {
        id = run
        progress.recall(copyOf(view))
        live?.begin(run, recorded)
      },
      interrupt: signal,
      ...(patience !== undefined && { patience }),
      warn: line => say(oneLine(line, 400)),
      onEvent: event => {
        if (options.events && 'seq' in event)
          process.stdout.write(`${JSON.stringify({ run: id, ...event })}\n`)
        show(event)
        // The summary says how to answer, but only when nobody waits any more.
        if (event.type === 'run.waiting' && patience !== undefined && !options.quiet)
          (live?.line ?? write)(
            style.cyan(`… waits for a person; answer from another terminal: crew inbox ${named()}`),
          )
      },
    })
    await live?.close()
    if (options.json)
      process.stdout.write(`${JSON.stringify(documentOf(id, outcome, progress.view), null, 2)}\n`)
    if (outcome.state === 'succeeded')
      await give(asText(outcome.output), options, process.stdout.isTTY ? sanitize : String)
    for (const line of summarize(id, outcome, progress.view, style, options.db))
      if (!options.quiet || outcome.state !== 'succeeded') say(line)
    return exitCodeOf(outcome)
  } finally {
    await live?.close()
    release()
  }
}

/** Milliseconds to stay while the run only waits; rejects with `usage` when what is given is none. */
export async function readPatience({ wait }: OutputOptions): Promise<number | undefined> {
  if (wait === undefined || wait === true) return wait && Number.POSITIVE_INFINITY
  const { parseDuration } = await import('../duration.ts')
  const patience = parseDuration(wait)
  if (patience !== undefined) return patience
  throw new CrewError('usage', `--wait ${wait} is not a duration`, {
    hint: 'write it like --wait 30m, or --wait alone behind everything else',
  })
}

/** `clean` makes it fit for where standard output goes to. */
async function give(
  result: string,
  { output, json, events }: OutputOptions,
  clean: (text: string) => string,
): Promise<void> {
  if (output !== undefined) {
    await writeFile(output, `${result}\n`).catch(cause => {
      throw new CrewError('usage', `the result cannot be written to ${output}: ${cause.message}`, {
        hint: 'the run is kept; print its result with: crew show last --output-only',
        cause,
      })
    })
  } else if (!json && !events) process.stdout.write(`${clean(result)}\n`)
}

function exitCodeOf(outcome: Outcome): ExitCode {
  if (outcome.state === 'succeeded') return EXIT.succeeded
  return outcome.state === 'waiting' ? EXIT.waiting : outcome.error.exit
}

function interruptible(say: (line: string) => void) {
  const controller = new AbortController()
  const onSignal = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted)
    say(`crew: ${name}: stopping; what is done is kept. Again to stop at once.`)
    controller.abort(new CrewError('interrupted', `stopped by ${name}`))
  }
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  // A library that writes files (atomically, by when-exit) listens as well, and sends the signal once more to end the process,
  // which would count as the second one.
  for (const name of names) process.removeAllListeners(name).on(name, onSignal)
  return {
    signal: controller.signal,
    release: () => {
      for (const name of names) process.off(name, onSignal)
    },
  }
}
