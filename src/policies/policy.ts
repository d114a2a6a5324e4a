import type { Context } from '../engine/context.ts'
import type { Json } from '../json.ts'
import type { Spend } from '../spend.ts'
import type { Traffic } from '../traffic.ts'

/**
 * Something that happens around a piece of work. It decides whether, when and how often `next` is called, and with
 * what. Every decision that it takes is an event with its reason and values.
 */
export type Policy<Work = Call, Result = Json> = (
  work: Work,
  next: (work: Work) => Promise<Result>,
) => Promise<Result>

/** One invocation of an agent on its way through the policies. They run again when a run is resumed. */
export interface Call {
  readonly ctx: Context
  readonly agent: string
  /** Another task than the one that it was asked for: it goes before that, and before a prompt of the agent's own. */
  readonly task?: string
  /** Answers of this invocation that were not accepted so far. */
  readonly rejections: readonly Rejection[]
  /** What was done in vain before, by this agent or another: told with the task. */
  readonly past?: readonly string[]
  /** Which revision of its output this is, from 2, once a person has rejected one. */
  readonly revision?: number
  /** Takes a note of something that is done in this attempt, in one line. */
  readonly note?: (deed: string) => void
}

/** An answer that was not accepted, and why: the agent is told on its next attempt. */
export interface Rejection {
  readonly answer: string
  readonly problem: string
}

/**
 * One act on the world, a call to a model, a command or a request, on its way through the policies. They surround it
 * only when it really happens, not when a resumed run remembers it: they may look at what is outside of the run.
 */
export interface Act {
  readonly agent: string
  /** Of the step that the act is. */
  readonly ctx: Context
  /** The model that is called. */
  readonly model?: CalledModel
  /** The most that it can cost. */
  readonly reserved?: Spend
  /** Its deadline, in milliseconds. */
  readonly total?: number
  /** What it has waited for, and for how many milliseconds. */
  readonly waits?: readonly { readonly place: string; readonly milliseconds: number }[]
}

/** What policies need to know of a model; every `Model` is one. They stand beside the models and do not import them. */
interface CalledModel {
  /** `provider/model`. */
  readonly id: string
  /** How its endpoint is to be treated; a rehearsal has none. */
  readonly traffic?: Traffic
}

export type ActPolicy = Policy<Act, unknown>

/** One function out of several policies, the first one outermost. */
export function compose<Work, Result>(
  policies: readonly Policy<Work, Result>[],
  perform: (work: Work) => Promise<Result>,
): (work: Work) => Promise<Result> {
  return policies.reduceRight<(work: Work) => Promise<Result>>(
    (next, policy) => work => policy(work, next),
    perform,
  )
}
