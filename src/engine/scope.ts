import { setMaxListeners } from 'node:events'
import { sleep } from '../clock.ts'
import { CrewError, type Failure, toCrewError } from '../errors.ts'
import { asJson, canonical, hash, type Json } from '../json.ts'
import type { Fact, Guidance, Inherited, WaitRequest } from '../store/events.ts'
import type { StepView } from '../store/view.ts'
import { act } from './act.ts'
import type { Context, StepRequest } from './context.ts'
import type { Execution } from './execution.ts'
import { type Asked, createHeir, type Heir } from './heir.ts'
import { diverged, recordedEnd, startOf, unanswered } from './recorded.ts'

/** A pause of more milliseconds is no reason for a process to stay: the run waits, and is due when it is over. */
const LONG = 60_000

/** The context of one step: where its inner steps are kept together until it ends. */
export class Scope implements Context {
  readonly key: string
  readonly reopened: number
  private readonly execution: Execution
  /** Made when somebody asks for the signal: most scopes only hold others, and signals are dear by the thousand. */
  private controller: AbortController | undefined
  aborted: CrewError | undefined
  private readonly children = new Set<Scope>()
  private readonly inFlight = new Map<string, Promise<void>>()
  /** Names of steps that ended and that `next` has not given out, in the order in which they ended. */
  private readonly ended: string[] = []
  private wake: () => void = () => {}
  private choices = 0
  private closed: CrewError | undefined
  /** In a fork: what this scope takes over from the run that the fork comes from. */
  private readonly heir: Heir | undefined

  constructor(execution: Execution, key: string, reopened: number, inherit?: (onAnew: () => void) => Heir) {
    this.execution = execution
    this.key = key
    this.reopened = reopened
    this.heir = inherit?.(() => this.wake())
  }

  /** The scope of a whole run. */
  static root(execution: Execution): Scope {
    const { inheritance, journal } = execution
    return new Scope(
      execution,
      '',
      0,
      inheritance && (onAnew => createHeir(inheritance, { journal, onAnew })),
    )
  }

  get signal(): AbortSignal {
    if (!this.controller) {
      this.controller = new AbortController()
      // As many may listen as there are questions and calls in it.
      setMaxListeners(0, this.controller.signal)
    }
    if (this.aborted) this.controller.abort(this.aborted)
    return this.controller.signal
  }

  abort(reason: CrewError): void {
    if (this.aborted) return
    this.aborted = reason
    this.controller?.abort(reason)
    for (const child of this.children) child.abort(reason)
    this.wake()
  }

  /** Ends what is still in flight, because of `reason`, and waits for it. */
  async close(reason: CrewError): Promise<void> {
    this.closed = reason
    for (const child of this.children) child.abort(reason)
    await Promise.all(this.inFlight.values())
  }

  step<T>(name: string, request: StepRequest, fn: (ctx: Context) => Promise<T>): Promise<T> {
    const key = this.path(name)
    this.execution.claim(key)
    return this.track(name, this.perform(key, request, fn))
  }

  async next(names: Iterable<string>): Promise<string> {
    const wanted = new Set(names)
    const index = this.choices
    const recorded = this.execution.recorded.choices.get(this.key)?.[index]
    this.choices += 1
    if (recorded !== undefined) {
      if (wanted.has(recorded)) return this.take(recorded)
      throw this.execution.fail(
        new CrewError(
          'diverged',
          `${this.key || 'the run'} went on with ${recorded} before, which is not in flight now`,
        ),
      )
    }
    for (;;) {
      if (this.aborted) throw this.aborted
      const before = this.heir?.choice(this.key, index) ?? ''
      const first = this.ended.find(name => (wanted.has(before) ? name === before : wanted.has(name)))
      if (first !== undefined) {
        this.execution.journal.append({ type: 'step.chosen', scope: this.key, key: first })
        return this.take(first)
      }
      await new Promise<void>(resolve => {
        this.wake = resolve
      })
    }
  }

  async waitFor(name: string, asked: Omit<WaitRequest, 'until'>, patience?: number): Promise<Json> {
    const key = this.path(name)
    const { execution } = this
    execution.claim(key)
    const recorded = execution.recorded.waits.get(key)
    const over = recorded ?? this.heir?.takeWait(key, asked)
    if (over?.answer) return over.answer.value
    if (over?.expired) throw CrewError.replay(unanswered(key, patience).toFailure())
    const until = patience === undefined ? undefined : execution.clock.now() + patience
    const request = recorded?.request ?? { ...asked, ...(until !== undefined && { until }) }
    if (!recorded) this.emit({ type: 'wait.opened', key, request })
    const answer = await execution.waits.answer(key, this.signal, request.until)
    if (answer === undefined) throw unanswered(key, patience)
    return answer
  }

  async sleep(name: string, milliseconds: number): Promise<void> {
    const key = this.path(name)
    this.execution.claim(key)
    const { clock, recorded, journal } = this.execution
    const until = recorded.timers.get(key) ?? this.heir?.takeTimer(key) ?? clock.now() + milliseconds
    if (!recorded.timers.has(key)) journal.append({ type: 'timer.set', key, until })
    // A clock that was set back since must not make it longer than it was meant to be.
    const left = Math.min(until - clock.now(), milliseconds)
    if (left <= 0) return
    if (left > LONG) await this.execution.waits.passing(key, this.signal, clock.now() + left)
    else await this.execution.waits.during(() => sleep(clock, left, this.signal))
  }

  hear(name: string, agent: string): readonly Guidance[] {
    const { execution } = this
    const key = this.path(name)
    const recorded = execution.recorded.guidance.get(key)
    if (recorded) return recorded
    // What has begun has begun without it.
    if (execution.recorded.steps.has(key)) return []
    const taken = this.heir?.takeGuidance(key)
    if (taken) return taken
    const words = execution.guidance.hear(this.key, agent)
    if (words.length === 0) return words
    execution.journal.append({ type: 'guidance.heard', key, words })
    this.heir?.changed()
    return words
  }

  emit(fact: Fact): void {
    this.execution.note(fact)
  }

  private path(name: string): string {
    return this.key === '' ? name : `${this.key}/${name}`
  }

  private track<T>(name: string, result: Promise<T>): Promise<T> {
    const settle = () => {
      this.inFlight.delete(name)
      this.ended.push(name)
      this.wake()
    }
    this.inFlight.set(name, result.then(settle, settle))
    return result
  }

  private take(name: string): string {
    const index = this.ended.indexOf(name)
    if (index >= 0) this.ended.splice(index, 1)
    return name
  }

  private async perform<T>(key: string, request: StepRequest, fn: (ctx: Context) => Promise<T>): Promise<T> {
    const { execution, heir } = this
    const input = request.input === undefined ? undefined : execution.redact(asJson(request.input))
    const fingerprint = hash(canonical([request.kind, request.agent, input, request.identity]))
    const recorded = execution.recorded.steps.get(key)
    const { kind, agent, effects } = request
    const stop = execution.witness?.asked({ key, kind, fingerprint, agent, input, effects }, recorded)
    if (stop) throw execution.fail(stop)
    if (request.isLocal) heir?.stopInheriting()
    if (recorded) {
      if (recorded.fingerprint !== fingerprint) throw execution.fail(diverged(recorded, request, input))
      const end = recordedEnd(recorded)
      if (end && !recorded.inherited) heir?.resumed(recorded)
      if (end && !execution.witness?.enters(recorded)) return end() as T
    }
    const over = this.aborted ?? this.closed
    if (over) throw over
    const start = (inherited?: Inherited) => {
      // A scope that was open when the process died is simply still open.
      if (recorded?.state === 'running' && !effects) return
      const started = startOf(key, request, fingerprint, input)
      execution.journal.append(inherited ? Object.assign(started, { inherited }) : started)
    }
    const asked = { key, request, fingerprint }
    const taken = recorded ? undefined : heir?.takeStep(asked, start)
    if (taken) return taken() as T
    const child = new Scope(
      execution,
      key,
      recorded?.reopened ?? 0,
      heir && (onAnew => heir.inner(request, onAnew)),
    )
    this.children.add(child)
    try {
      if (effects) {
        const before = recorded ?? (await child.doubted(asked, heir))
        heir?.changed()
        const isNew = recorded === undefined
        return await act({ execution, scope: child, request, before, isNew, start, perform: fn })
      }
      start()
      const ended = child.finish(request, () => fn(child))
      return await (heir ? heir.watch(key, ended) : ended)
    } finally {
      this.children.delete(child)
    }
  }

  /** In a fork: an act that may have happened in the run that it comes from, once it is clear that it is needed again. */
  private async doubted(asked: Asked, heir: Heir | undefined): Promise<StepView | undefined> {
    if (heir?.wasDropped(this.key)) {
      await this.execution.quiet()
      if (this.aborted) throw this.aborted
    }
    return heir?.inDoubt(asked)
  }

  /** The act was not even tried. What brings the whole run down leaves no trace of it: it may yet be tried. */
  refused(reason: CrewError, start: () => void): CrewError {
    if (this.aborted) return this.aborted
    const error = this.execution.fail(reason)
    if (this.execution.failure === error) return error
    start()
    return this.failed(error)
  }

  /** Runs the body of this step and journals how it ended. A result that arrives is kept, also after an abort. */
  async finish<T>(request: StepRequest, body: () => Promise<T>): Promise<T> {
    const { execution, key } = this
    try {
      const output = execution.redact(asJson(await body()))
      if (this.inFlight.size > 0) await this.close(new CrewError('cancelled', `${key} ended without it`))
      execution.journal.append({ type: 'step.succeeded', key, output })
      return output as T
    } catch (thrown) {
      const error = this.aborted ?? toCrewError(thrown)
      await this.close(error)
      throw this.aborted ? this.broken(error, request) : this.failed(error)
    }
  }

  private failed(thrown: CrewError): CrewError {
    const { execution, key } = this
    const failure = execution.redact(asJson(thrown.in(key).toFailure())) as unknown as Failure
    const error = execution.fail(CrewError.from(failure))
    if (execution.failure !== error) execution.journal.append({ type: 'step.failed', key, error: failure })
    return error
  }

  /** Ended from outside: by what it belongs to, or with the whole run. */
  broken(reason: CrewError, { effects, reserved }: StepRequest, how?: { readonly untried: true }): CrewError {
    const final = reason.code === 'cancelled'
    // A scope that goes down with the run stays open in the journal: a resumed run enters it again.
    if (final || effects || !this.execution.failure) {
      this.execution.journal.append({
        type: 'step.cancelled',
        key: this.key,
        reason: this.execution.redact(reason.message),
        final,
        ...(how ?? (effects && reserved && { spent: { ...reserved, estimated: true } })),
      })
    }
    return reason
  }
}
