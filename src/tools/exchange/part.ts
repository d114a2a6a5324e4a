import * as z from 'zod'
import type { Context } from '../../engine/context.ts'
import type { Exchange } from '../../exchange/exchange.ts'
import { type Json, parseJson } from '../../json.ts'

/** The part that an agent has among the others while it works: who it is, whom it can ask, what they all share. */
export interface Part {
  readonly agent: string
  /** The other agents of the team. */
  readonly others: readonly string[]
  readonly exchange: Pick<Exchange, 'board' | 'mailbox'>
  /** Why `agent` may not be asked, if so: it asked first, or the chain of those who ask is too long. */
  refusal(agent: string): string | undefined
  /** Has another agent answer a question, as the step `key` of `ctx`. */
  ask(agent: string, question: string, ctx: Context, key: string): Promise<Json>
}

/** Any value. It is declared as text, which every provider takes; what models give instead is taken as well. */
export function anything(description: string) {
  return z
    .unknown()
    .transform(value => (typeof value === 'string' ? (parseJson(value) ?? value) : (value as Json)))
    .meta({ type: 'string', description: `${description}, as JSON text or as plain text` })
}

/** One of the names that are granted. */
export function oneOf(names: readonly string[], description: string) {
  return z.enum(names as [string, ...string[]]).describe(description)
}
