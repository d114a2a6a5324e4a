import type { ChalkInstance } from 'chalk'
import { type Clock, systemClock } from '../clock.ts'
import type { Event } from '../store/events.ts'
import type { Store, TimedFact } from '../store/store.ts'
import { mayRedraw } from '../ui/redraw.ts'
import type { Feed } from '../ui/screen/feed.ts'
import type { Screen } from '../ui/screen/screen.tsx'

/** Milliseconds that a run has to take before there is a screen: what is over at once would only flash by. */
const WORTH_IT = 300

interface Terminals {
  readonly stdout: Pick<NodeJS.WriteStream, 'isTTY'>
  readonly stderr: Pick<NodeJS.WriteStream, 'isTTY'>
  readonly env: NodeJS.ProcessEnv
}

interface Options {
  readonly plain?: boolean
  readonly quiet?: boolean
  readonly events?: boolean
}

/** Whether there is a screen: on a terminal that can, unless somebody said otherwise. */
export function wantsScreen({ plain, quiet, events }: Options, { stdout, stderr, env }: Terminals): boolean {
  if (plain || quiet) return false
  // Both would write to the same place at the same time.
  if (events && stdout.isTTY) return false
  return mayRedraw(stderr, env)
}

/** What is shown of a run while it is running: the screen, and plain lines before, after and instead of it. */
export interface Live {
  begin(id: string, recorded: readonly Event[]): void
  show(event: Event | TimedFact): void
  /** A line of progress: not shown while the screen is. */
  line(line: string): void
  /** A line that nobody should miss: shown on the screen, and again when it has closed. */
  note(line: string): void
  close(): Promise<void>
}

interface Means {
  readonly store: Store
  readonly style: ChalkInstance
  readonly say: (line: string) => void
  readonly clock?: Clock
}

export async function createLive({ store, style, say, clock = systemClock }: Means): Promise<Live> {
  const { Feed } = await import('../ui/screen/feed.ts')
  const feed: Feed = new Feed(clock)
  /** Lines that were held back, to be said when there is no screen any more. */
  let held: string[] = []
  let state: 'before' | 'screen' | 'lines' = 'before'
  let screen: Screen | undefined
  let callOff = () => {}
  let opening: Promise<void> = Promise.resolve()

  const toLines = (why?: string) => {
    if (state === 'lines') return
    state = 'lines'
    screen = undefined
    for (const line of held) say(line)
    held = []
    if (why !== undefined) say(`crew: ${why}`)
  }
  const open = async (id: string, first: Event) => {
    try {
      const [{ showScreen }, { createControls }, { teamOf }, { graphOf }] = await Promise.all([
        import('../ui/screen/screen.tsx'),
        import('./controls.ts'),
        import('../app.ts'),
        import('../team/graph.ts'),
      ])
      const [controls, graph] = [await createControls(store, id), graphOf(teamOf([first]))]
      if (state !== 'before') return
      const { stdin, stderr } = process
      held = held.filter(line => notes.has(line))
      state = 'screen'
      screen = await showScreen({ feed, id, graph, controls, style, stdin, stderr, onQuit: toLines })
      if (!screen) toLines()
    } catch (error) {
      toLines(`there is no screen (${error}); the run goes on`)
    }
  }
  const notes = new Set<string>()
  let id = ''
  const plan = (first: Event) => {
    callOff = clock.after(WORTH_IT, () => {
      opening = open(id, first)
    })
  }
  let isPlanned = false
  const see = (event: Event | TimedFact | undefined) => {
    if (isPlanned || event?.type !== 'run.started' || !('seq' in event)) return
    isPlanned = true
    plan(event)
  }
  return {
    begin(run, recorded) {
      id = run
      feed.recall(recorded)
      see(recorded[0])
    },
    show(event) {
      feed.show(event)
      see(event)
    },
    line(line) {
      if (state === 'lines') say(line)
      else if (state === 'before') held.push(line)
    },
    note(line) {
      if (state === 'lines') return say(line)
      notes.add(line)
      held.push(line)
      screen?.note(line)
    },
    async close() {
      callOff()
      if (state === 'before') toLines()
      await opening
      await screen?.close()
      toLines()
    },
  }
}
