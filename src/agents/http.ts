import { z } from 'zod'
import { effects, shared, template } from './agent.ts'

export const schema = z.strictObject({
  kind: z.literal('http'),
  ...shared,
  url: template.describe('Address; templates are filled in'),
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).optional().describe('Default: POST'),
  headers: z.record(z.string(), template).optional().describe('Never written to the journal'),
  body: z.json().optional().describe('JSON body, templates inside are filled in; default: {task, input}'),
  effects: effects.optional().describe('Default: pure for GET, once for the others'),
})

export type HttpSpec = z.infer<typeof schema>
