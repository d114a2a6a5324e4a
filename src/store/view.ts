import type { Failure } from '../errors.ts'
import type { Json, JsonObject } from '../json.ts'
import { add, addTotal, type Spend, type Total, zero } from '../spend.ts'
import { outwards } from '../step-key.ts'
import type { Event, ExchangeFact, Fact, FactOf, Fork, Guidance, Owner, WaitRequest } from './events.ts'
import { nextRunState, nextStepState, type RunState, type StepState } from './states.ts'

/** A run as its events tell it. Everything that crew shows or decides about a run is read from here. */
export interface RunView {
  team: string
  definition: JsonObject
  input: JsonObject
  rehearsal: boolean
  /** Version of the crew that started it. */
  crew: string
  state: RunState
  owner?: Owner
  output?: Json
  error?: Failure
  startedAt: number
  updatedAt: number
  /** Milliseconds during which somebody was running it, without those in which the machine slept. */
  active: number
  spent: Total
  /** The run that it was forked from. */
  forked?: Fork
  /** What was spent there for what it took over from it; none of that is in `spent`. */
  readonly inherited: Total
  limits: Record<string, number>
  /** In the order in which they first started. */
  readonly steps: Map<string, StepView>
  /** What `next` chose, in order, by scope. */
  readonly choices: Map<string, string[]>
  readonly waits: Map<string, WaitView>
  /** What was noted outside of any step. */
  readonly notes: Note[]
  readonly timers: Map<string, number>
  /** What people told agents, by the step before which it was heard. */
  readonly guidance: Map<string, readonly Guidance[]>
  /** What agents wrote to the board and to each other, in order. */
  readonly exchanged: (ExchangeFact & { readonly at: number })[]
  seq: number
}

/** A step: what it was asked, as its first event says, and what has become of it. */
export interface StepView extends Omit<FactOf<'step.started'>, 'type' | 'reserved'> {
  reserved?: Spend
  state: StepState
  /** How often it was started. */
  starts: number
  /** How often it failed and was entered again by a resume. */
  reopened: number
  startedAt: number
  /** How long the run had been active then, in milliseconds. */
  readonly activeAt: number
  endedAt?: number
  output?: Json
  error?: Failure
  reason?: string
  /** In a fork: whether all acts in it, and in all that it contains, were taken over; absent before the first. */
  takenOver?: boolean
  /** Cancelled for good. */
  final?: boolean
  /** Cancelled before it did anything. */
  untried?: boolean
  /** In it and in all that it contains. */
  readonly spent: Total
  readonly notes: Note[]
}

type Note = FactOf<'decision' | 'alert' | 'model.replied' | 'model.failed'> & { readonly at: number }

export interface WaitView {
  readonly request: WaitRequest
  readonly openedAt: number
  answer?: { readonly value: Json; readonly by: string; readonly at: number; readonly via?: string }
  /** Nobody answered in time. */
  expired?: true
}

/** What a fact says was spent, if it does. */
export function spentIn(fact: Fact): Spend | undefined {
  return 'spent' in fact ? fact.spent : undefined
}

export function emptyView(): RunView {
  return {
    team: '',
    definition: {},
    input: {},
    rehearsal: false,
    crew: '',
    state: 'queued',
    startedAt: 0,
    updatedAt: 0,
    active: 0,
    spent: zero(),
    inherited: zero(),
    limits: {},
    steps: new Map(),
    choices: new Map(),
    waits: new Map(),
    notes: [],
    timers: new Map(),
    guidance: new Map(),
    exchanged: [],
    seq: 0,
  }
}

export function viewOf(events: Iterable<Event>): RunView {
  const view = emptyView()
  for (const event of events) apply(view, event)
  return view
}

/** A view that goes its own way from here on. What events have said is shared: nobody changes that. */
export function copyOf(view: RunView): RunView {
  const { spent, inherited, limits, steps, choices, waits, notes, timers, guidance, exchanged } = view
  return Object.assign({}, view, {
    spent: Object.assign({}, spent),
    inherited: Object.assign({}, inherited),
    limits: Object.assign({}, limits),
    steps: new Map(Array.from(steps, ([key, step]) => [key, copyOfStep(step)])),
    choices: new Map(Array.from(choices, ([scope, chosen]) => [scope, [...chosen]])),
    waits: new Map(Array.from(waits, ([key, wait]) => [key, Object.assign({}, wait)])),
    notes: [...notes],
    timers: new Map(timers),
    guidance: new Map(guidance),
    exchanged: [...exchanged],
  })
}

function copyOfStep(step: StepView): StepView {
  return Object.assign({}, step, { spent: Object.assign({}, step.spent), notes: [...step.notes] })
}

/** Adds one event to a view. Events come in order, without gaps. */
export function apply(view: RunView, event: Event): void {
  if (view.state === 'running' && event.type !== 'run.resumed')
    view.active += Math.max(0, event.at - view.updatedAt)
  if (event.type === 'standstill') view.active = Math.max(0, view.active - event.milliseconds)
  view.seq = event.seq
  view.updatedAt = event.at
  const spent = spentIn(event)
  if (spent) {
    add(view.spent, spent)
    if ('key' in event) for (const step of pathTo(view, event.key)) add(step.spent, spent)
  }
  if (event.type.startsWith('run.')) applyToRun(view, event)
  else applyToStep(view, event)
}

/** The step `key` and those that it is nested in, the outermost first. */
export function pathTo({ steps }: Pick<RunView, 'steps'>, key: string): StepView[] {
  const path: StepView[] = []
  for (const outer of outwards(key)) {
    const step = steps.get(outer)
    if (step) path.push(step)
  }
  return path.reverse()
}

function applyToRun(view: RunView, event: Event): void {
  switch (event.type) {
    case 'run.started':
      view.state = nextRunState(view.state, 'running')
      view.team = event.team
      view.definition = event.definition
      view.input = event.input
      view.rehearsal = event.rehearsal
      view.crew = event.crew
      Object.assign(view.limits, event.limits)
      if (event.forked) view.forked = event.forked
      view.startedAt = event.at
      break
    case 'run.resumed':
      view.state = nextRunState(view.state, 'running')
      view.owner = event.owner
      Object.assign(view.limits, event.limits)
      for (const key of event.reopened) reopen(view, key)
      delete view.error
      break
    case 'run.waiting':
      view.state = nextRunState(view.state, 'waiting')
      break
    case 'run.succeeded':
      view.state = nextRunState(view.state, 'succeeded')
      view.output = event.output
      break
    case 'run.failed':
      view.state = nextRunState(view.state, 'failed')
      view.error = event.error
      break
    case 'run.interrupted':
      view.state = nextRunState(view.state, 'interrupted')
      break
    case 'run.cancelled':
      view.state = nextRunState(view.state, 'cancelled')
      break
  }
}

function reopen(view: RunView, key: string): void {
  const step = view.steps.get(key)
  if (!step) return
  step.state = nextStepState(step.state, 'pending', key)
  step.reopened += 1
  delete step.error
  delete step.endedAt
}

function applyToStep(view: RunView, event: Event): void {
  switch (event.type) {
    case 'step.started':
      start(view, event)
      break
    case 'step.succeeded':
      end(view, event, 'succeeded').output = event.output
      break
    case 'step.failed':
      end(view, event, 'failed').error = event.error
      break
    case 'step.skipped':
      end(view, event, 'skipped').reason = event.reason
      break
    case 'step.cancelled': {
      const step = end(view, event, 'cancelled')
      step.reason = event.reason
      step.final = event.final
      step.untried = event.untried === true
      break
    }
    case 'step.unknown':
      end(view, event, 'unknown')
      break
    case 'step.chosen':
      pushTo(view.choices, event.scope, event.key)
      break
    case 'wait.opened':
      view.waits.set(event.key, { request: event.request, openedAt: event.at })
      break
    case 'wait.answered': {
      const wait = view.waits.get(event.key)
      if (wait) {
        const { value, by, at, answeredAt = at, via } = event
        wait.answer = { value, by, at: answeredAt, ...(via !== undefined && { via }) }
      }
      break
    }
    case 'guidance.heard':
      view.guidance.set(event.key, event.words)
      break
    case 'wait.expired': {
      const wait = view.waits.get(event.key)
      if (wait) wait.expired = true
      break
    }
    case 'timer.set':
      view.timers.set(event.key, event.until)
      break
    case 'board.written':
    case 'message.sent':
    case 'message.delivered':
    case 'message.acknowledged':
    case 'message.dead':
      view.exchanged.push(event)
      break
    case 'decision':
    case 'alert':
    case 'model.replied':
    case 'model.failed':
      ;(view.steps.get(event.key)?.notes ?? view.notes).push(event)
      break
  }
}

function start(view: RunView, event: Extract<Event, { type: 'step.started' }>): void {
  if (event.inherited?.spent) addTotal(view.inherited, event.inherited.spent)
  enter(view, event)
  if (view.forked && event.effects)
    for (const step of pathTo(view, event.key))
      step.takenOver = event.inherited !== undefined && step.takenOver !== false
}

function enter(view: RunView, event: Extract<Event, { type: 'step.started' }>): void {
  const known = view.steps.get(event.key)
  if (known) {
    known.state = nextStepState(known.state, 'running', event.key)
    known.starts += 1
    delete known.endedAt
    if (event.reserved) known.reserved = event.reserved
    return
  }
  const { type, at, seq, ...asked } = event
  view.steps.set(event.key, {
    state: 'running',
    starts: 1,
    reopened: 0,
    startedAt: at,
    activeAt: view.active,
    spent: zero(),
    notes: [],
    ...asked,
  })
}

function end(view: RunView, event: Event & { key: string }, state: StepState): StepView {
  const step = view.steps.get(event.key)
  if (!step) {
    // A step may be skipped without ever having started.
    const skipped: StepView = {
      key: event.key,
      kind: 'step',
      fingerprint: '',
      state,
      starts: 0,
      reopened: 0,
      startedAt: event.at,
      activeAt: view.active,
      endedAt: event.at,
      spent: zero(),
      notes: [],
    }
    view.steps.set(event.key, skipped)
    return skipped
  }
  step.state = nextStepState(step.state, state, event.key)
  step.endedAt = event.at
  return step
}

function pushTo(lists: Map<string, string[]>, key: string, item: string): void {
  const list = lists.get(key)
  if (list) list.push(item)
  else lists.set(key, [item])
}
