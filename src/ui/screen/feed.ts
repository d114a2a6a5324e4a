import type { Clock } from '../../clock.ts'
import { isInside, outwards } from '../../step-key.ts'
import type { Event } from '../../store/events.ts'
import { openQuestions, type Question } from '../../store/questions.ts'
import type { TimedFact } from '../../store/store.ts'
import { apply, emptyView, type RunView, type StepView } from '../../store/view.ts'
import { type LogLine, logLineOf } from '../log-line.ts'
import { oneLine } from '../text.ts'
import { startTimeline } from '../timeline.ts'

/** An invocation of an agent, as the screen lists it. */
export interface Row {
  readonly key: string
  readonly agent: string
  readonly step: StepView
  /** Turns of a model that have begun. */
  turn: number
  /** What it does now, in a few words; empty when it does nothing. */
  doing: string
  /** What it waits for: a person, or its turn. */
  waits?: 'person' | 'queue' | undefined
  /** The end of what it says as it streams in, as it came. */
  streamed: string
  /** The same, harmless and on one line. Worked out when it is asked for: there is much more than anybody sees. */
  readonly words: string
  /** When anything was last heard of it, in milliseconds since the epoch. */
  heard: number
}

/** Lines of the log, and characters of streaming words, that are kept. */
const LOG = 1000
const WORDS = 400
/** Milliseconds between two looks that others take: ten a second. */
const PAUSE = 100
/** Milliseconds over which the burn is measured. */
const MINUTE = 60_000

/**
 * A run as the screen sees it: a fold over its events, and over what is only shown live. Events come from the process
 * that runs it, from the store, or from a recording: the screen cannot tell.
 */
export class Feed {
  view: RunView = emptyView()
  /** In the order in which they began. */
  readonly rows = new Map<string, Row>()
  readonly log: LogLine[] = []
  /** Lines of the log that are not kept any more: those before the first. */
  dropped = 0
  /** The last thing that whoever runs this should know. */
  alert?: { readonly at: number; readonly words: string } | undefined
  /** Changes whenever there is something new to look at. */
  version = 0

  /** Who waits in a queue, and has not been seen to begin: that is journaled a moment later. */
  private readonly early = new Map<string, TimedFact>()
  /** US dollars put aside, by the key of the call that is under way. */
  private readonly puts = new Map<string, number>()
  private readonly clock: Clock
  private timeline = startTimeline()
  private readonly spent: { readonly at: number; readonly usd: number }[] = []
  private readonly listeners = new Set<() => void>()
  private isDue = false
  private asked?: { readonly seq: number; readonly open: readonly Question[] }

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** What happened before anybody watched. */
  recall(events: readonly Event[]): void {
    for (const event of events) this.take(event)
    this.changed()
  }

  /** Something else has changed than what happened: the time of a recording. */
  touch(): void {
    this.changed()
  }

  /** Forgets everything: a recording that is wound back is told anew. */
  reset(): void {
    this.view = emptyView()
    this.timeline = startTimeline()
    this.rows.clear()
    this.log.length = 0
    this.dropped = 0
    this.spent.length = 0
    this.early.clear()
    this.puts.clear()
    this.alert = undefined
    this.changed()
  }

  show(event: Event | TimedFact): void {
    this.take(event)
    this.changed()
  }

  get now(): number {
    return this.clock.now()
  }

  /** Milliseconds that the run has worked until `at`, without those in which nobody ran it. */
  elapsed(at: number): number {
    return this.timeline.elapsed(at)
  }

  get questions(): readonly Question[] {
    if (this.asked?.seq !== this.view.seq) this.asked = { seq: this.view.seq, open: openQuestions(this.view) }
    return this.asked.open
  }

  /** US dollars that are put aside for calls that are under way. */
  get reserved(): number {
    return [...this.puts.values()].reduce((sum, usd) => sum + usd, 0)
  }

  /** US dollars a minute, over the last one. */
  get burn(): number {
    const since = this.clock.now() - MINUTE
    return this.spent.filter(({ at }) => at >= since).reduce((sum, { usd }) => sum + usd, 0)
  }

  /** Calls `listener` when there is something new, ten times a second at the most. Gives what ends that. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Calls `tick` every second. Gives what ends that. */
  everySecond(tick: () => void): () => void {
    let stop = () => {}
    const next = () => {
      stop = this.clock.after(1000, () => {
        tick()
        next()
      })
    }
    next()
    return () => stop()
  }

  readonly snapshot = (): number => this.version

  private changed(): void {
    if (this.isDue) return
    this.isDue = true
    this.clock.after(PAUSE, () => {
      this.isDue = false
      this.version += 1
      for (const listener of this.listeners) listener()
    })
  }

  private take(event: Event | TimedFact): void {
    const row = 'key' in event ? this.rowAt(event.key) : undefined
    if (row) row.heard = event.at
    if ('seq' in event) this.takeKept(event)
    // What is only shown comes at once, what is kept once it is durable: an agent may wait before it is known here.
    else if (event.type === 'queued' && (!row || event.key.startsWith(`${row.key}/team/`)))
      this.early.set(event.key, event)
    else if (row) takeLive(row, event)
  }

  private takeKept(event: Event): void {
    apply(this.view, event)
    this.timeline.take(event)
    this.log.push(logLineOf(event, this.view))
    if (event.type === 'step.started' && event.reserved?.usd) this.puts.set(event.key, event.reserved.usd)
    else if (event.type.startsWith('step.') && 'key' in event) this.puts.delete(event.key)
    if (event.type === 'alert')
      this.alert = {
        at: event.at,
        words: `${event.key ? `${event.key}: ` : ''}${event.what}: ${event.reason}`,
      }
    if (this.log.length > 2 * LOG) this.dropped += this.log.splice(0, LOG).length
    if ('spent' in event && event.spent) this.spent.push({ at: event.at, usd: event.spent.usd ?? 0 })
    if (this.spent.length > 2 * LOG) this.spent.splice(0, LOG)
    if (event.type === 'step.started' && event.kind === 'agent')
      this.open(event.key, event.agent ?? event.key, event.at)
    else if ('key' in event) this.follow(event)
  }

  private open(key: string, agent: string, at: number): void {
    const step = this.view.steps.get(key)
    if (!step || this.rows.has(key)) return
    const row = new LiveRow({ key, agent, step, heard: at })
    this.rows.set(key, row)
    for (const [early, fact] of this.early) {
      if (!isInside(early, key)) continue
      takeLive(row, fact)
      this.early.delete(early)
    }
  }

  /** What an agent does follows from the innermost step that is under way in it. */
  private follow(event: Event & { readonly key: string }): void {
    const row = this.rowAt(event.key)
    if (!row) return
    switch (event.type) {
      case 'step.started':
        if (event.kind === 'model') {
          row.turn = Math.max(
            row.turn,
            Number(/turn-(\d+)/.exec(event.key.slice(row.key.length))?.[1] ?? row.turn),
          )
          row.streamed = ''
        }
        row.doing = doingOf(event.kind, event.input)
        row.waits = undefined
        break
      case 'wait.opened':
        row.doing = 'waits for a person'
        row.waits = 'person'
        break
      case 'wait.answered':
      case 'wait.expired':
        row.doing = ''
        row.waits = undefined
        break
      case 'step.succeeded':
      case 'step.failed':
      case 'step.cancelled':
      case 'step.skipped':
        // What ends inside of a call that asks must not hide that it still asks.
        if (row.waits === 'person' && event.key !== row.key) break
        row.doing = ''
        row.waits = undefined
        if (event.key === row.key) row.streamed = ''
        break
    }
  }

  /** The innermost agent to whose work `key` belongs. */
  private rowAt(key: string): Row | undefined {
    for (const outer of outwards(key)) {
      const row = this.rows.get(outer)
      if (row) return row
    }
    return undefined
  }
}

/** A class, since an object with a getter of its own is slow to look at, and all are looked at ten times a second. */
class LiveRow implements Row {
  readonly key: string
  readonly agent: string
  readonly step: StepView
  turn = 0
  doing = ''
  waits: Row['waits'] = undefined
  streamed = ''
  heard: number

  constructor({ key, agent, step, heard }: Pick<Row, 'key' | 'agent' | 'step' | 'heard'>) {
    this.key = key
    this.agent = agent
    this.step = step
    this.heard = heard
  }

  get words(): string {
    return oneLine(this.streamed, WORDS)
  }
}

function takeLive(row: Row, fact: TimedFact): void {
  if (fact.type === 'model.delta') row.streamed = (row.streamed + fact.text).slice(-WORDS)
  if (fact.type === 'queued' && row.waits !== 'person') {
    row.doing = `waits for ${oneLine(fact.place, 40)}, behind ${fact.ahead}`
    row.waits = 'queue'
  }
}

function doingOf(kind: string, input: unknown): string {
  if (kind === 'model') return 'thinks'
  if (kind === 'tool')
    return `calls ${oneLine(String((input as { tool?: unknown } | undefined)?.tool ?? 'a tool'), 40)}`
  if (kind === 'command') return 'runs a program'
  if (kind === 'http') return 'waits for an answer of a server'
  return ''
}
