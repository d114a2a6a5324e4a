import type { Spend } from './spend.ts'

/**
 * Every way crew can end badly, in one table. A code is at once the error's name in the journal, the run's
 * stop reason, and the source of its exit code; nothing ever inspects message text.
 */

export const EXIT = {
  succeeded: 0,
  failed: 1,
  usage: 2,
  limit: 3,
  waiting: 4,
  owned: 5,
  defect: 70,
  interrupted: 130,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

interface Kind {
  readonly exit: ExitCode
  /** The same call may succeed when it is made again. */
  readonly retryable?: true
  /** A smaller task may not end so. */
  readonly easier?: true
  /** Whose fault it speaks of: the endpoint that was called, or the agent that was asked. Breakers count these. */
  readonly blames?: 'endpoint' | 'agent'
}

const CODES = {
  usage: { exit: EXIT.usage },
  definition: { exit: EXIT.usage },
  input: { exit: EXIT.usage },
  'key-missing': { exit: EXIT.usage },
  'sandbox-missing': { exit: EXIT.usage },
  'price-missing': { exit: EXIT.usage },
  /** Nobody has said yet that the team may do what it could do. */
  untrusted: { exit: EXIT.usage },
  'run-not-found': { exit: EXIT.usage },

  'command-failed': { exit: EXIT.failed, blames: 'agent', easier: true },
  'output-invalid': { exit: EXIT.failed, retryable: true, blames: 'agent', easier: true },
  'template-failed': { exit: EXIT.failed },
  'check-failed': { exit: EXIT.failed, retryable: true, blames: 'agent', easier: true },
  'quorum-missed': { exit: EXIT.failed, easier: true },
  'plan-invalid': { exit: EXIT.failed, easier: true },
  'task-failed': { exit: EXIT.failed, easier: true },
  /** Nobody bids, everybody declines, nobody can do it. */
  'nobody-willing': { exit: EXIT.failed },
  /** An agent or a person said that it must not go on. */
  halted: { exit: EXIT.failed },
  /** A person said no at a gate: nobody else does it instead. */
  rejected: { exit: EXIT.failed },
  /** What agents did or said contradicts itself, and nothing settles it. */
  conflict: { exit: EXIT.failed },
  'tool-failed': { exit: EXIT.failed, blames: 'agent', easier: true },
  /** What an agent is handed is not what it needs: it was not asked. */
  'input-invalid': { exit: EXIT.failed },
  /** An agent or an endpoint that failed again and again is not asked for a while. */
  'circuit-open': { exit: EXIT.failed, retryable: true },

  connection: { exit: EXIT.failed, retryable: true, blames: 'endpoint' },
  timeout: { exit: EXIT.failed, retryable: true, blames: 'endpoint', easier: true },
  'rate-limited': { exit: EXIT.failed, retryable: true },
  'server-error': { exit: EXIT.failed, retryable: true, blames: 'endpoint' },
  'reply-truncated': { exit: EXIT.failed, retryable: true, blames: 'endpoint', easier: true },
  'reply-empty': { exit: EXIT.failed, retryable: true, blames: 'endpoint', easier: true },
  'reply-malformed': { exit: EXIT.failed, retryable: true, blames: 'endpoint', easier: true },
  'reply-too-long': { exit: EXIT.failed, easier: true },
  'reply-refused': { exit: EXIT.failed, easier: true },
  'quota-exhausted': { exit: EXIT.failed, blames: 'endpoint' },
  'request-rejected': { exit: EXIT.failed, easier: true },
  'model-not-found': { exit: EXIT.failed },
  unauthorized: { exit: EXIT.failed, blames: 'endpoint' },

  'limit-turns': { exit: EXIT.limit, easier: true },
  'limit-invocations': { exit: EXIT.limit },
  'limit-time': { exit: EXIT.limit },
  /** The money or the tokens of the run, or of the day. */
  'limit-budget': { exit: EXIT.limit },
  /** What a single call, agent or branch may take; somebody else may still do the work. */
  'over-budget': { exit: EXIT.limit, easier: true },
  /** Rounds, hops, replans, messages … of a pattern. */
  'limit-rounds': { exit: EXIT.limit, easier: true },
  /** The same again and again, without progress. */
  'limit-loop': { exit: EXIT.limit, easier: true },
  'limit-depth': { exit: EXIT.limit },

  waiting: { exit: EXIT.waiting },
  'run-owned': { exit: EXIT.owned },
  'lease-lost': { exit: EXIT.owned },

  diverged: { exit: EXIT.failed },
  store: { exit: EXIT.failed },
  'store-newer': { exit: EXIT.failed },
  cancelled: { exit: EXIT.failed },
  interrupted: { exit: EXIT.interrupted },
  defect: { exit: EXIT.defect },
} as const satisfies Record<string, Kind>

export type ErrorCode = keyof typeof CODES

/** Whether a code that was read from somewhere is one that this crew knows. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(CODES, code)
}

/** An error as the journal keeps it. */
export interface Failure {
  readonly code: ErrorCode
  readonly message: string
  /** The one command or edit that mends it. */
  readonly hint?: string
  /** Key of the innermost step that failed. */
  readonly step?: string
  /** Keys of other failed steps that led to this failure. */
  readonly because?: readonly string[]
  /** How often it was tried before it was given up; nobody above tries it again. */
  readonly attempts?: number
  /** What else was tried instead, in order, each with how that ended. */
  readonly tried?: readonly string[]
  /** What was done in vain before it: told to whoever tries next. */
  readonly done?: readonly string[]
  /** Milliseconds the other side asked us to wait before trying again. */
  readonly retryAfter?: number
  /** Whose breaker is open, of `circuit-open`. */
  readonly breaker?: 'agent' | 'endpoint'
  /** What the provider billed although the call failed. */
  readonly spent?: Spend
  /** What an agent was answering when it was rejected; fed back to it on the next attempt. */
  readonly answer?: string
  /** Only for `defect`: where in crew it happened. */
  readonly stack?: string
}

type Details = Omit<Failure, 'code' | 'message'> & { readonly cause?: unknown }

export class CrewError extends Error {
  override readonly name = 'CrewError'
  readonly code: ErrorCode
  readonly details: Omit<Details, 'cause'>
  /** It comes from the journal: this happened in a former execution of the run. */
  readonly isReplayed: boolean = false

  constructor(code: ErrorCode, message: string, { cause, ...details }: Details = {}) {
    super(message, { cause })
    this.code = code
    this.details = details
  }

  get retryable(): boolean {
    return 'retryable' in CODES[this.code]
  }

  /** Whether a smaller task may end well. */
  get easier(): boolean {
    return 'easier' in CODES[this.code]
  }

  get blames(): Kind['blames'] {
    const kind: Kind = CODES[this.code]
    return kind.blames
  }

  get exit(): ExitCode {
    return CODES[this.code].exit
  }

  /** The same error, said to have happened in `step`; the innermost step stays. */
  in(step: string): CrewError {
    if (this.details.step !== undefined) return this
    return new CrewError(this.code, this.message, { ...this.details, step, cause: this.cause })
  }

  /** The same error with more details. */
  with(more: Details): CrewError {
    const error = new CrewError(this.code, this.message, { ...this.details, cause: this.cause, ...more })
    return Object.assign(error, { isReplayed: this.isReplayed })
  }

  toFailure(): Failure {
    return { code: this.code, message: this.message, ...this.details }
  }

  static from({ code, message, ...details }: Failure): CrewError {
    return new CrewError(code, message, details)
  }

  /** A failure as a resumed run meets it again. */
  static replay(failure: Failure): CrewError {
    return Object.assign(CrewError.from(failure), { isReplayed: true })
  }
}

/** What was thrown, as a CrewError. Whatever is not one already is a defect of crew and keeps its stack. */
export function toCrewError(thrown: unknown): CrewError {
  if (thrown instanceof CrewError) return thrown
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  return new CrewError('defect', error.message, { cause: error, ...(error.stack && { stack: error.stack }) })
}
