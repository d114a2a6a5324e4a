import type { Json } from '../json.ts'
import type { Effects, Fact, Guidance, Spend, WaitRequest } from '../store/events.ts'

/**
 * All that a pattern or an agent may do. Everything in it is journaled, so that a run that was killed goes on as if
 * nothing had happened.
 *
 * Keys read like paths and are relative to the step that the context belongs to; a key used twice is a defect.
 */
export interface Context {
  /** Full key of the step that this context belongs to; empty at the top of the run. */
  readonly key: string
  /** How often this step failed, brought the run down, and was entered again by a resume. */
  readonly reopened: number
  /** Aborts when the step is no longer wanted; its reason is a CrewError. */
  readonly signal: AbortSignal
  /**
   * Runs `fn` once per run, whose result must survive a trip through JSON; afterwards resolves with the committed result (or rejects with the committed failure).
   * With `effects`, `fn` starts only once the intent and everything before it are durable. Without, it starts at once
   * and must act on the world only through steps of its own.
   *
   * Concurrency is structured: when `fn` ends, steps that it left in flight are cancelled and waited for. After a
   * failure they may run again on resume; after a success they are not needed any more, and never do.
   */
  step<T>(key: string, request: StepRequest, fn: (ctx: Context) => Promise<T>): Promise<T>
  /** Which of these steps in flight finished first, well or badly. The choice is journaled. */
  next(keys: Iterable<string>): Promise<string>
  /**
   * Waits for an answer from outside, across crashes and restarts: for as long as it takes, or for `patience`
   * milliseconds, which pass also while nobody runs the run. Rejects with `timeout` when no answer was left by then.
   */
  waitFor(key: string, request: Omit<WaitRequest, 'until'>, patience?: number): Promise<Json>
  /**
   * What people told `agent` since this was last asked in this scope, as it is to be heard before the step `key`: the same
   * again whenever that step is remembered.
   */
  hear(key: string, agent: string): readonly Guidance[]
  /** Durable: a resumed run waits for what is left. */
  sleep(key: string, milliseconds: number): Promise<void>
  /** Leaves a fact in the journal. */
  emit(fact: Fact): void
}

export interface StepRequest {
  /** agent, model, tool, command … */
  readonly kind: string
  readonly agent?: string
  /** What the step is asked. Part of its fingerprint; kept for people to read. */
  readonly input?: Json
  /** Part of the fingerprint, not kept. */
  readonly identity?: unknown
  readonly effects?: Effects
  readonly reserved?: Spend
  /**
   * Surrounds an act when it really happens, and not when it is only remembered: waits for its turn, reserves its cost.
   * It calls `act` once, or rejects instead: the step has then failed without having been tried. `ctx` is the step's.
   */
  readonly within?: <T>(act: () => Promise<T>, ctx: Context) => Promise<T>
  /** Tokens of what is asked, by section. Kept for people to read. */
  readonly tokens?: Readonly<Record<string, number>>
  /** Its result means something in this run only: a fork has it done again, with all that is done around it. */
  readonly isLocal?: true
}
