import { z } from 'zod'

const stage = z.union([
  z.string(),
  z.strictObject({
    agent: z.string(),
    name: z.string().optional().describe('Name of the step; needed when one agent works twice'),
    when: z.string().optional().describe('CEL condition; the stage is skipped when it does not hold'),
  }),
])

export const schema = z.strictObject({
  kind: z.literal('pipeline'),
  stages: z.array(stage).min(1).describe('Agents, one after the other; each is handed what the one before gave'),
})
