import type { Context } from '../engine/context.ts'
import type { Json } from '../json.ts'

/** One invocation on its way through the policies. */
export interface Call {
  readonly ctx: Context
  readonly agent: string
  /** Answers of this invocation that were not accepted so far. */
  readonly rejections: readonly Rejection[]
}

/** An answer that was not accepted, and why: the agent is told on its next attempt. */
export interface Rejection {
  readonly answer: string
  readonly problem: string
}

export type Perform = (call: Call) => Promise<Json>

/** Something that happens around an invocation. It decides whether, when and how often `next` is called. */
export type Policy = (call: Call, next: Perform) => Promise<Json>

/** One function out of several policies, the first one outermost. */
export function compose(policies: readonly Policy[], perform: Perform): Perform {
  return policies.reduceRight<Perform>((next, policy) => call => policy(call, next), perform)
}
