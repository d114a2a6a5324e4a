import { z } from 'zod'
import { duration } from '../duration.ts'

export const retry = z
  .strictObject({
    attempts: z.int().min(1).max(20).optional().describe('How often at the most, the first time included'),
    backoff: duration.optional().describe('Pause before the second attempt; doubled before each further one'),
    feedback: z.boolean().optional().describe('Tell the agent why its answer was rejected'),
  })
  .describe('What happens when an attempt fails')

export type Retry = z.infer<typeof retry>
