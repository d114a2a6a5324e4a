import { z } from 'zod'
import { effects, shared, template } from './agent.ts'

export const schema = z.strictObject({
  kind: z.literal('command'),
  ...shared,
  run: z.array(template).min(1).describe('Program and arguments; no shell reads them'),
  stdin: z.enum(['text', 'json', 'none']).optional().describe('What the command reads: the task as text (default), {task, input, feedback} as JSON, nothing'),
  env: z.record(z.string(), template).optional().describe('Environment of the command, beside PATH, HOME, LANG and TMPDIR'),
  effects: effects.optional().describe('Default: once'),
})

export type CommandSpec = z.infer<typeof schema>
