import * as z from 'zod'
import { duration } from './duration.ts'

/** When somebody who fails again and again is left alone, and for how long. */
export interface BreakerSettings {
  /** Failures in a row. */
  readonly failures: number
  /** Milliseconds before the first trial; doubled after each that fails. */
  readonly cooldown: number
}

/** The same as a team file declares it, for agents and models. */
export const breaker = z
  .union([
    z.literal(false),
    z.strictObject({
      failures: z.int().min(1).max(1_000).optional().describe('How many in a row'),
      cooldown: duration.optional().describe('Pause before it is tried again, 30s by default'),
    }),
  ])
  .describe('Not called for a while after so many failures in a row, in no run; false: always called')

/** What a team file declares, with the rest filled in; undefined when there is to be no breaker. */
export function breakerSettings(
  declared: z.infer<typeof breaker> = {},
  failures: number,
): BreakerSettings | undefined {
  if (declared === false) return undefined
  return { failures: declared.failures ?? failures, cooldown: declared.cooldown ?? 30_000 }
}

/** What may be asked of an endpoint in a minute. */
export interface Rate {
  readonly requests?: number | undefined
  readonly tokens?: number | undefined
}

export const rate = z
  .strictObject({
    requests: z.int().min(1).optional().describe('Calls'),
    tokens: z.int().min(1).optional().describe('Tokens, in and out'),
  })
  .describe(
    'The most in a minute, in all runs together; what the provider says of its limits is kept as well',
  )

/** How an endpoint is to be treated, by all runs of all processes together. */
export interface Traffic {
  /** Names the endpoint in the store: what is known of it is kept by this. */
  readonly endpoint: string
  readonly breaker: BreakerSettings | undefined
  readonly concurrency?: number | undefined
  readonly rate?: Rate | undefined
}
