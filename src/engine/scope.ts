import { sleep } from '../clock.ts'
import { CrewError, type Failure, toCrewError } from '../errors.ts'
import { asJson, asText, canonical, hash, type Json } from '../json.ts'
import type { Fact, Guidance, WaitRequest } from '../store/events.ts'
import type { StepView } from '../store/view.ts'
import type { Context, StepRequest } from './context.ts'
import { crashPoint } from './crash.ts'
import type { Execution } from './execution.ts'
import { diverged, isInDoubt, recordedEnd, unanswered } from './recorded.ts'

/** The context of one step: where its inner steps are kept together until it ends. */
export class Scope implements Context {
  readonly key: string
  readonly reopened: number
  private readonly execution: Execution
  /** Made when somebody asks for the signal: most scopes only hold others, and signals are dear by the thousand. */
  private controller: AbortController | undefined
  private aborted: CrewError | undefined
  private readonly children = new Set<Scope>()
  private readonly inFlight = new Map<string, Promise<void>>()
  /** Names of steps that ended and that `next` has not given out, in the order in which they ended. */
  private readonly ended: string[] = []
  private wake: () => void = () => {}
  private choices = 0
  private closed: CrewError | undefined

  constructor(execution: Execution, key: string, reopened: number) {
    this.execution = execution
    this.key = key
    this.reopened = reopened
  }

  get signal(): AbortSignal {
    this.controller ??= new AbortController()
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
    const recorded = this.execution.recorded.choices.get(this.key)?.[this.choices]
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
      const first = this.ended.find(name => wanted.has(name))
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
    if (recorded?.answer) return recorded.answer.value
    if (recorded?.expired) throw CrewError.replay(unanswered(key, patience).toFailure())
    const until = patience === undefined ? undefined : execution.clock.now() + patience
    const request = recorded?.request ?? { ...asked, ...(until !== undefined && { until }) }
    if (!recorded) this.emit({ type: 'wait.opened', key, request })
    const answer = await execution.answer(key, this.signal, request.until)
    if (answer === undefined) throw unanswered(key, patience)
    return answer
  }

  async sleep(name: string, milliseconds: number): Promise<void> {
    const key = this.path(name)
    this.execution.claim(key)
    const { clock, recorded, journal } = this.execution
    const until = recorded.timers.get(key) ?? clock.now() + milliseconds
    if (!recorded.timers.has(key)) journal.append({ type: 'timer.set', key, until })
    const left = until - clock.now()
    if (left > 0) await this.execution.during(() => sleep(clock, left, this.signal))
  }

  hear(name: string, agent: string): readonly Guidance[] {
    const { execution } = this
    const key = this.path(name)
    const recorded = execution.recorded.guidance.get(key)
    if (recorded) return recorded
    // What has begun has begun without it.
    if (execution.recorded.steps.has(key)) return []
    const words = execution.hear(this.key, agent)
    if (words.length > 0) execution.journal.append({ type: 'guidance.heard', key, words })
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
    const { execution } = this
    const input = request.input === undefined ? undefined : execution.redact(asJson(request.input))
    const fingerprint = hash(canonical([request.kind, request.agent, input, request.identity]))
    const recorded = execution.recorded.steps.get(key)
    const { kind, agent, effects } = request
    const stop = execution.witness?.asked({ key, kind, fingerprint, agent, input, effects }, recorded)
    if (stop) throw execution.fail(stop)
    if (recorded) {
      if (recorded.fingerprint !== fingerprint) throw execution.fail(diverged(recorded, request, input))
      const end = recordedEnd(recorded)
      if (end && !execution.witness?.enters(recorded)) return end() as T
    }
    const over = this.aborted ?? this.closed
    if (over) throw over
    const child = new Scope(execution, key, recorded?.reopened ?? 0)
    this.children.add(child)
    try {
      const { reserved, tokens } = request
      const start = () => {
        // A scope that was open when the process died is simply still open.
        if (recorded?.state === 'running' && !effects) return
        execution.journal.append({
          type: 'step.started',
          key,
          kind,
          fingerprint,
          ...(agent !== undefined && { agent }),
          ...(input !== undefined && { input }),
          ...(effects && { effects }),
          ...(reserved && { reserved }),
          ...(tokens && { tokens }),
        })
      }
      if (!effects) {
        start()
        return await child.finish(request, () => fn(child))
      }
      if (recorded && isInDoubt(recorded) && effects === 'once') {
        const settled = await child.askWhatHappened(recorded)
        if (settled) return settled.output as T
      }
      let begun = false
      const perform = async () => {
        begun = true
        start()
        await execution.journal.durable()
        return child.finish(request, async () => {
          if (child.aborted) throw child.aborted
          crashPoint('act:before')
          const output = await fn(child)
          crashPoint('act:after')
          return output
        })
      }
      const act = () => execution.act(child.signal, perform)
      const { within = act => act() } = request
      return await execution.during(() =>
        within(act, child).catch(thrown => {
          if (begun) throw thrown
          throw child.refused(toCrewError(thrown), start)
        }),
      )
    } finally {
      this.children.delete(child)
    }
  }

  /** The act was not even tried. What brings the whole run down leaves no trace of it: it may yet be tried. */
  private refused(reason: CrewError, start: () => void): CrewError {
    if (this.aborted) return this.aborted
    const error = this.execution.fail(reason)
    if (this.execution.failure === error) return error
    start()
    return this.failed(error)
  }

  /** Runs the body of this step and journals how it ended. A result that arrives is kept, also after an abort. */
  private async finish<T>(request: StepRequest, body: () => Promise<T>): Promise<T> {
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
  private broken(reason: CrewError, { effects, reserved }: StepRequest): CrewError {
    const final = reason.code === 'cancelled'
    // A scope that goes down with the run stays open in the journal: a resumed run enters it again.
    if (final || effects || !this.execution.failure) {
      this.execution.journal.append({
        type: 'step.cancelled',
        key: this.key,
        reason: this.execution.redact(reason.message),
        final,
        ...(effects && reserved && { spent: { ...reserved, estimated: true } }),
      })
    }
    return reason
  }

  /** Nobody knows whether this step happened, and doing it twice may do harm: a person decides. */
  private async askWhatHappened({ key, input, starts }: StepView): Promise<{ output: Json } | undefined> {
    const answer = await this.waitFor(`outcome-${starts}`, {
      question: `crew was stopped while ${key} was under way, and it may not be safe to do it twice. What now?`,
      choices: ['retry', 'skip', 'done', 'done=OUTPUT'],
      ...(input !== undefined && { detail: input }),
    })
    const [, choice, output = ''] = /^(retry|skip|done)(?:=(.*))?$/s.exec(asText(answer)) ?? []
    if (choice === 'retry') return undefined
    if (choice === 'done') this.execution.journal.append({ type: 'step.succeeded', key, output })
    else
      this.execution.journal.append({ type: 'step.skipped', key, reason: `a person said: ${asText(answer)}` })
    return { output: choice === 'done' ? output : null }
  }
}
