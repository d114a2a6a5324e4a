import { z } from 'zod'
import { shared, template, text } from './agent.ts'

export const schema = z.strictObject({
  kind: z.literal('llm').optional(),
  ...shared,
  role: text.optional().describe('Who the agent is: the system prompt'),
  prompt: text.optional().describe('What it is asked; by default what the pattern hands it'),
  model: z.string().optional().describe('Name of one of the models of this file; "default" by default'),
  tools: z.array(z.string()).optional().describe('Names of the tools that it may call'),
})

export type LlmSpec = z.infer<typeof schema>
