import { z } from 'zod'
import { duration } from '../duration.ts'
import { PROVIDERS } from './providers.ts'

const dollars = z.number().min(0).describe('US dollars per million tokens')

/** A model in a team file: where it is reached and how it is called. */
export const endpoint = z.strictObject({
  provider: z.enum(Object.keys(PROVIDERS) as [keyof typeof PROVIDERS]).optional().describe('Sets base URL and key name; default: openai'),
  model: z.string().min(1).optional().describe('The name by which the provider knows it'),
  baseUrl: z.url({ protocol: /^https?$/ }).optional().describe('An OpenAI-compatible endpoint'),
  apiKeyEnv: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/).optional().describe('Name of the environment variable that holds the key'),
  api: z.enum(['chat', 'responses']).optional().describe('Default: chat completions'),
  maxTokens: z.int().min(1).optional().describe('The most that one reply may have'),
  temperature: z.number().min(0).max(2).optional(),
  timeout: z.union([duration, z.strictObject({ total: duration.optional(), firstByte: duration.optional(), idle: duration.optional() })]).optional().describe('Default: 60s for each call'),
  price: z.strictObject({ input: dollars, output: dollars, cached: dollars.optional() }).optional().describe('Overrides the built-in price list'),
})

export type Endpoint = z.infer<typeof endpoint>
