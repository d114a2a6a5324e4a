import * as z from 'zod'
import { type Deadlines, timeout } from '../deadlines.ts'
import { duration } from '../duration.ts'
import { breaker, rate, type Traffic } from '../traffic.ts'
import { PROVIDERS, type Provider } from './providers.ts'

const dollars = z.number().min(0).describe('US dollars per million tokens')

/** A model in a team file: where it is reached and how it is called. */
export const endpoint = z.strictObject({
  provider: z
    .enum(Object.keys(PROVIDERS) as [keyof typeof PROVIDERS])
    .optional()
    .describe('Sets base URL and key name; default: openai'),
  model: z.string().min(1).optional().describe('The name by which the provider knows it'),
  baseUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('An OpenAI-compatible endpoint'),
  apiKeyEnv: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
    .optional()
    .describe('Name of the environment variable that holds the key'),
  api: z.enum(['chat', 'responses']).optional().describe('Default: chat completions'),
  maxTokens: z.int().min(1).optional().describe('The most that one reply may have'),
  temperature: z.number().min(0).max(2).optional(),
  timeout: z.union([duration, timeout]).optional().describe('Default: 60s for each call'),
  fallback: z
    .array(z.string())
    .min(1)
    .optional()
    .describe('Models of this file that go on when this one fails for good, in this order'),
  price: z
    .strictObject({ input: dollars, output: dollars, cached: dollars.optional() })
    .optional()
    .describe('Overrides the built-in price list'),
  breaker: breaker.optional(),
  concurrency: z
    .int()
    .min(1)
    .optional()
    .describe('Calls under way at once, in all runs of all processes together'),
  rate: rate.optional(),
})

export type Endpoint = z.infer<typeof endpoint>

/** An endpoint with everything decided. Holds the key: never to be written anywhere. */
export interface ResolvedEndpoint extends Pick<Endpoint, 'maxTokens' | 'temperature' | 'price'> {
  /** Its name in the team file. */
  readonly name: string
  /** `provider/model`, or `host/model` for an address that belongs to no provider we know. */
  readonly id: string
  readonly provider?: Provider
  readonly model: string
  readonly baseUrl: string
  readonly api: 'chat' | 'responses'
  readonly apiKey?: string
  /** Name of the variable that holds the key, or should. */
  readonly apiKeyEnv?: string
  readonly timeout: Deadlines
  readonly traffic: Traffic
}
