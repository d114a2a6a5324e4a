import type { Outcome } from '../engine/execute.ts'
import { CrewError, EXIT, type ExitCode } from '../errors.ts'
import type { Event } from '../store/events.ts'
import type { RunRow, Store } from '../store/store.ts'
import type { RunView } from '../store/view.ts'
import { wantsScreen } from './live.ts'

export interface WatchOptions {
  readonly db?: string | undefined
  /** Lines in place of the screen. */
  readonly plain?: boolean
  /** Said where the screen was opened from a list of runs. */
  readonly onBack?: () => void
}

/** How the watching ended: the run did, somebody left, or went back to where it was opened from. */
export type Watched = { readonly end: 'over' | 'left' | 'back'; readonly code: ExitCode }

/** Shows a run that another process runs until it is over or somebody leaves: on the screen, or as plain lines. */
export async function watch(store: Store, run: RunRow, options: WatchOptions): Promise<Watched> {
  const recorded = await store.events(run.id)
  if (wantsScreen(options, process)) {
    const end = await watchScreen(store, run, recorded, options)
    if (end === 'left' || end === 'back') return { end, code: EXIT.succeeded }
    if (end === 'over') return { end, code: await summarizeRun(store, run.id, options) }
  }
  await watchLines(store, run, recorded)
  return { end: 'over', code: await summarizeRun(store, run.id, options) }
}

/** Undefined: there is no keyboard, or the screen failed. */
async function watchScreen(
  store: Store,
  { id, owner }: RunRow,
  recorded: readonly Event[],
  { onBack }: WatchOptions,
): Promise<'over' | 'left' | 'back' | undefined> {
  const [
    { teamOf },
    { systemClock: clock },
    { follow },
    { graphOf },
    { styleFor },
    { Feed },
    screen,
    controls,
  ] = await Promise.all([
    import('../app.ts'),
    import('../clock.ts'),
    import('../store/follow.ts'),
    import('../team/graph.ts'),
    import('../ui/style.ts'),
    import('../ui/screen/feed.ts'),
    import('../ui/screen/screen.tsx'),
    import('./controls.ts'),
  ])
  const { stdin, stderr } = process
  const feed = new Feed(clock)
  feed.recall(recorded)
  const over = new AbortController()
  let end: 'over' | 'left' | 'back' | undefined = 'over'
  const leave = (how: typeof end) => {
    end = how
    over.abort()
  }
  const shown = await screen.showScreen({
    feed,
    id,
    graph: graphOf(teamOf(recorded)),
    controls: await controls.createControls(store, id),
    style: styleFor(stderr),
    stdin,
    stderr,
    onQuit: why => {
      if (why !== undefined) stderr.write(`crew: ${why}\n`)
      leave(why === undefined ? 'left' : undefined)
    },
    ...(onBack && {
      onBack: () => {
        onBack()
        leave('back')
      },
    }),
  })
  if (!shown) return undefined
  try {
    const after = recorded.at(-1)?.seq ?? 0
    // Of a run that nobody runs there is nothing to wait for: it stays until somebody has seen enough.
    if (!owner) await aborted(over.signal)
    for await (const event of follow(store, id, { clock, signal: over.signal, after })) feed.show(event)
  } finally {
    await shown.close()
  }
  return end
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

async function watchLines(store: Store, run: RunRow, recorded: readonly Event[]): Promise<void> {
  const [
    { systemClock: clock },
    { follow },
    { viewOf },
    { describeQuestions },
    { openQuestions },
    ui,
    { styleFor },
  ] = await Promise.all([
    import('../clock.ts'),
    import('../store/follow.ts'),
    import('../store/view.ts'),
    import('../ui/question.ts'),
    import('../store/questions.ts'),
    import('../ui/progress.ts'),
    import('../ui/style.ts'),
  ])
  const style = styleFor(process.stderr)
  const say = (line: string) => process.stderr.write(`${line}\n`)
  const progress = ui.createProgress(say, style)
  progress.recall(viewOf(recorded))
  const agents = [...progress.view.steps.values()].filter(({ kind }) => kind === 'agent')
  const done = agents.filter(({ state }) => state === 'succeeded').length
  say(style.dim(`run ${run.id} is ${run.state}, ${done} of ${agents.length} agents done so far`))
  for (const line of describeQuestions(openQuestions(progress.view), run.id, style)) say(line)
  const enough = new AbortController()
  const stop = () => enough.abort(new CrewError('interrupted', 'nobody watches any more; the run goes on'))
  process.once('SIGINT', stop)
  try {
    const after = recorded.at(-1)?.seq ?? 0
    for await (const event of follow(store, run.id, { clock, signal: enough.signal, after }))
      progress.show(event)
  } finally {
    process.off('SIGINT', stop)
  }
  enough.signal.throwIfAborted()
}

/** Leaves on stderr how a run is that nobody runs any more, and how it goes on. */
export async function summarizeRun(
  store: Store,
  id: string,
  { db }: Pick<WatchOptions, 'db'>,
): Promise<ExitCode> {
  const [{ viewOf }, { styleFor }, { summarize }] = await Promise.all([
    import('../store/view.ts'),
    import('../ui/style.ts'),
    import('../ui/summary.ts'),
  ])
  const events = await store.events(id)
  const view = viewOf(events)
  const outcome = outcomeOf(view, events)
  for (const line of summarize(id, outcome, view, styleFor(process.stderr), db))
    process.stderr.write(`${line}\n`)
  if (outcome.state === 'succeeded') return EXIT.succeeded
  return outcome.state === 'waiting' ? EXIT.waiting : outcome.error.exit
}

/** How a run ended that nobody runs any more, as its events tell it. */
function outcomeOf(view: RunView, events: readonly Event[]): Outcome {
  const last = events.at(-1)
  switch (view.state) {
    case 'succeeded':
      return { state: 'succeeded', output: view.output ?? null }
    case 'waiting':
      if (last?.type !== 'run.waiting') return { state: 'waiting', on: [] }
      return { state: 'waiting', on: last.on, ...(last.until !== undefined && { until: last.until }) }
    case 'failed':
      return {
        state: 'failed',
        error: view.error
          ? CrewError.from(view.error)
          : new CrewError('defect', 'it failed, and does not say why'),
      }
    case 'cancelled':
      return { state: 'cancelled', error: new CrewError('cancelled', reasonIn(last) ?? 'cancelled') }
    default:
      return {
        state: 'interrupted',
        error: new CrewError('interrupted', reasonIn(last) ?? 'its process is gone without a word'),
      }
  }
}

function reasonIn(event: Event | undefined): string | undefined {
  return event && (event.type === 'run.cancelled' || event.type === 'run.interrupted')
    ? event.reason
    : undefined
}
