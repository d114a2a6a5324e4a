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
}

const CODES = {
  usage: { exit: EXIT.usage },
  definition: { exit: EXIT.usage },
  input: { exit: EXIT.usage },
  'key-missing': { exit: EXIT.usage },
  'run-not-found': { exit: EXIT.usage },

  'command-failed': { exit: EXIT.failed },
  'output-invalid': { exit: EXIT.failed, retryable: true },
  'template-failed': { exit: EXIT.failed },
  'check-failed': { exit: EXIT.failed, retryable: true },
  'quorum-missed': { exit: EXIT.failed },
  'plan-invalid': { exit: EXIT.failed },
  'task-failed': { exit: EXIT.failed },
  /** Nobody bids, everybody declines, nobody can do it. */
  'nobody-willing': { exit: EXIT.failed },
  /** An agent or a person said that it must not go on. */
  halted: { exit: EXIT.failed },
  /** What agents did or said contradicts itself, and nothing settles it. */
  conflict: { exit: EXIT.failed },
  'tool-failed': { exit: EXIT.failed },
  /** What an agent is handed is not what it needs: it was not asked. */
  'input-invalid': { exit: EXIT.failed },
  /** An agent or an endpoint that failed again and again is not asked for a while. */
  'circuit-open': { exit: EXIT.failed, retryable: true },

  connection: { exit: EXIT.failed, retryable: true },
  timeout: { exit: EXIT.failed, retryable: true },
  'rate-limited': { exit: EXIT.failed, retryable: true },
  'server-error': { exit: EXIT.failed, retryable: true },
  'reply-truncated': { exit: EXIT.failed, retryable: true },
  'reply-empty': { exit: EXIT.failed, retryable: true },
  'reply-malformed': { exit: EXIT.failed, retryable: true },
  'reply-too-long': { exit: EXIT.failed },
  'reply-refused': { exit: EXIT.failed },
  'quota-exhausted': { exit: EXIT.failed },
  'request-rejected': { exit: EXIT.failed },
  'model-not-found': { exit: EXIT.failed },
  unauthorized: { exit: EXIT.failed },

  'limit-turns': { exit: EXIT.limit },
  'limit-invocations': { exit: EXIT.limit },
  'limit-time': { exit: EXIT.limit },
  /** The money or the tokens of the run, or of the day. */
  'limit-budget': { exit: EXIT.limit },
  /** What a single call, agent or branch may take; somebody else may still do the work. */
  'over-budget': { exit: EXIT.limit },
  /** Rounds, hops, replans, messages … of a pattern. */
  'limit-rounds': { exit: EXIT.limit },
  /** The same again and again, without progress. */
  'limit-loop': { exit: EXIT.limit },
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
  /** Milliseconds the other side asked us to wait before trying again. */
  readonly retryAfter?: number
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

  get exit(): ExitCode {
    return CODES[this.code].exit
  }

  /** The same error, said to have happened in `step`; the innermost step stays. */
  in(step: string): CrewError {
    if (this.details.step !== undefined) return this
    return new CrewError(this.code, this.message, { ...this.details, step, cause: this.cause })
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
