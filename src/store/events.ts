import type { Failure } from '../errors.ts'
import type { Json, JsonObject, JsonSchema } from '../json.ts'
import type { Spend, Total } from '../spend.ts'

/**
 * The system's vocabulary: every fact that a run leaves behind. The journal of a run is the ordered list of
 * these, and all that crew knows or shows is folded from it. Only ever add to this union: old runs must open.
 */
export type Fact = RunFact | StepFact | WaitFact | WorkFact | ExchangeFact

type RunFact =
  | {
      readonly type: 'run.started'
      readonly team: string
      /** Everything that is needed to run it again, prompts and included files too. */
      readonly definition: JsonObject
      readonly input: JsonObject
      readonly rehearsal: boolean
      /** A rehearsal of a team that nobody trusted: it executes nothing at all. */
      readonly untrusted?: true
      /** Limits in place of those of the definition. */
      readonly limits?: { readonly [name: string]: number }
      readonly crew: string
      /** Absent when it began from nothing. */
      readonly forked?: Fork
    }
  | {
      readonly type: 'run.resumed'
      readonly owner: Owner
      readonly epoch: number
      /** Failed steps that are entered again: those that brought the run down. What they committed stays. */
      readonly reopened: readonly string[]
      /** Limits that the person who resumes has changed. */
      readonly limits: { readonly [name: string]: number }
    }
  | {
      readonly type: 'run.waiting'
      /** Keys of questions and of timers. */
      readonly on: readonly string[]
      /** When the first of them is over, in milliseconds since the epoch; absent when none ends by itself. */
      readonly until?: number
    }
  | { readonly type: 'run.succeeded'; readonly output: Json }
  | { readonly type: 'run.failed'; readonly error: Failure }
  | { readonly type: 'run.interrupted'; readonly reason: string }
  /** A person ended it for good. */
  | { readonly type: 'run.cancelled'; readonly reason: string }

/** Where a run comes from that goes on from the middle of another one. */
export interface Fork {
  readonly run: string
  /** Number of that run's event behind which things are done anew. */
  readonly at: number
  /** The step that is done anew, with what begins after it; without it, every act that began behind `at`. */
  readonly step?: string
  /** Agents that are not what they were: their acts are done anew. */
  readonly changed?: readonly string[]
  /** Results that count in place of those of that run, by the keys of their steps. */
  readonly set?: JsonObject
}

/** What a repetition of a step may do: nothing; nothing more, given the same idempotency key; harm. */
export type Effects = 'pure' | 'idempotent' | 'once'

type StepFact =
  | {
      readonly type: 'step.started'
      readonly key: string
      readonly kind: string
      readonly agent?: string
      readonly input?: Json
      /** Hash of what the step was asked; a resumed run must ask the same under the same key. */
      readonly fingerprint: string
      /** Present when the step acts on the world: this event is then the intent, durable before the act. */
      readonly effects?: Effects
      /** The most that the act can cost; charged as an estimate while its outcome is unknown. */
      readonly reserved?: Spend
      /** Tokens of what an agent is handed, by section of its context packet. */
      readonly tokens?: { readonly [section: string]: number }
      /** Nothing was done here: its end is that of the same step in the run that this one was forked from. */
      readonly inherited?: Inherited
    }
  | { readonly type: 'step.succeeded'; readonly key: string; readonly output: Json }
  | { readonly type: 'step.failed'; readonly key: string; readonly error: Failure }
  | { readonly type: 'step.skipped'; readonly key: string; readonly reason: string }
  | {
      readonly type: 'step.cancelled'
      readonly key: string
      readonly reason: string
      /** True when the pattern no longer needed it; false when the run came down around it: it may run again. */
      readonly final: boolean
      /** What it had reserved: an act that was broken off may have cost that much. */
      readonly spent?: Spend
      /** Its intent was written down, and that was all: the act had not begun. */
      readonly untried?: true
    }
  /** Found in flight after a crash: it may or may not have happened. What it had reserved is charged as an estimate. */
  | { readonly type: 'step.unknown'; readonly key: string; readonly spent?: Spend }
  /** Which of several steps in flight a pattern went on with. */
  | { readonly type: 'step.chosen'; readonly scope: string; readonly key: string }

type WaitFact =
  | { readonly type: 'wait.opened'; readonly key: string; readonly request: WaitRequest }
  | {
      readonly type: 'wait.answered'
      readonly key: string
      readonly value: Json
      readonly by: string
      /** When the person answered, in milliseconds since the epoch; the event is from when the run took it up. */
      readonly answeredAt?: number
      /** By which way the answer came. */
      readonly via?: string
      /** Hash of what the person was shown. */
      readonly saw?: string
    }
  /** What people told an agent was heard before the step `key`. Each invocation of the agent hears each word once. */
  | { readonly type: 'guidance.heard'; readonly key: string; readonly words: readonly Guidance[] }
  /** Nobody answered in time; an answer that comes later counts no more. */
  | { readonly type: 'wait.expired'; readonly key: string }
  | { readonly type: 'timer.set'; readonly key: string; readonly until: number }

/** What a person told an agent while it was at work. */
export interface Guidance {
  /** Number of the signal that it came as. */
  readonly id: number
  readonly text: string
  readonly by: string
}

/** What a step has from the run that its own was forked from. */
export interface Inherited {
  /** What was spent there for it; it is not spent again. */
  readonly spent?: Total
  /** The person who forked the run gave its result. */
  readonly set?: true
}

/** A question to somebody outside of the run. */
export interface WaitRequest {
  readonly question: string
  readonly choices?: readonly string[]
  readonly detail?: Json
  /** Milliseconds since the epoch after which no answer is waited for any more. */
  readonly until?: number
  /** What is asked for: leave for an act of a tool, for an agent or a transition to go on, a look at an output. */
  readonly gate?: 'tool' | 'agent' | 'transition' | 'output'
  /** The value that the person may change: an answer `edit=JSON` puts another one in its place. */
  readonly editable?: Json
  /** JSON Schema that an answer, or what a person makes of the editable value, has to satisfy. */
  readonly schema?: JsonSchema
}

type WorkFact =
  /** For so long until now the process of the run stood still: the machine slept, or its clock was set. */
  | { readonly type: 'standstill'; readonly milliseconds: number }
  | {
      readonly type: 'model.replied'
      readonly key: string
      readonly model: string
      readonly spent: Spend
      readonly milliseconds: number
    }
  | {
      readonly type: 'model.failed'
      readonly key: string
      readonly model: string
      readonly error: Failure
      /** Absent when the provider billed nothing. */
      readonly spent?: Spend
      readonly milliseconds: number
    }
  /** Something was decided: retry, feedback, vote … with the reason and the values behind it. */
  | {
      readonly type: 'decision'
      readonly key: string
      readonly what: string
      readonly reason: string
      readonly values?: JsonObject
    }
  /** Something that whoever runs this should know now: `what` is its kind. `key` is empty for the run as a whole. */
  | {
      readonly type: 'alert'
      readonly key: string
      readonly what: string
      readonly reason: string
      readonly values?: JsonObject
    }
  /** Words as they stream in. Shown live, never stored. */
  | { readonly type: 'model.delta'; readonly key: string; readonly text: string }
  /** A program or a server gave a sign of life. Shown live, never stored. */
  | { readonly type: 'activity'; readonly key: string }
  /** An act waits for its turn behind `ahead` others at `place`. Shown live, never stored. */
  | { readonly type: 'queued'; readonly key: string; readonly place: string; readonly ahead: number }

/** What agents share. `key` is the step in which it happened; an `id` is used for one thing only, also after a crash. */
export type ExchangeFact =
  | {
      readonly type: 'board.written'
      readonly key: string
      readonly id: string
      readonly name: string
      readonly value: Json
      /** Number of this write among all writes to the board, from 1. */
      readonly version: number
      readonly by: string
    }
  | ({ readonly type: 'message.sent'; readonly key: string } & { readonly message: Message })
  | {
      readonly type: 'message.delivered'
      readonly key: string
      readonly id: string
      readonly to: string
      readonly attempt: number
    }
  | {
      readonly type: 'message.acknowledged'
      readonly key: string
      readonly id: string
      readonly by: string
      /** Fields that the receiver needs and did not get; with any, the message counts as not received. */
      readonly missing: readonly string[]
    }
  /** It was delivered as often as it may be, or nobody is there to read it. */
  | {
      readonly type: 'message.dead'
      readonly key: string
      readonly id: string
      readonly to: string
      readonly reason: string
    }

export type MessageType =
  | 'task.request'
  | 'task.response'
  | 'help.request'
  | 'help.decline'
  | 'status'
  | 'handoff'
  | 'event'
  | 'error'

/** What one agent says to others. It has exactly one of `to`, `topic` and `broadcast`. */
export interface Message {
  readonly id: string
  readonly type: MessageType
  readonly from: string
  readonly to?: string
  readonly topic?: string
  readonly broadcast?: true
  /** The same for all messages of one conversation. */
  readonly correlationId?: string
  /** Id of the message that this one answers. */
  readonly replyTo?: string
  readonly payload: Json
}

export type { Spend }

export interface Owner {
  readonly host: string
  readonly pid: number
}

export type Event = Fact & {
  /** Position in the run's journal, from 1, without gaps. */
  readonly seq: number
  /** Milliseconds since the epoch. */
  readonly at: number
}

const EPHEMERAL: ReadonlySet<Fact['type']> = new Set<Fact['type']>(['model.delta', 'activity', 'queued'])

/** A fact that is shown live but not kept. */
export function isEphemeral(fact: Fact): boolean {
  return EPHEMERAL.has(fact.type)
}

export type FactOf<Type extends Fact['type']> = Extract<Fact, { type: Type }>
