import { z } from 'zod'
import { template } from '../agents/agent.ts'

export const schema = z
  .strictObject({
    kind: z.literal('parallel'),
    branches: z.array(z.string()).min(1).optional().describe('Agents that work at the same time'),
    each: template.optional().describe('Instead of branches: a template that gives a list'),
    as: z.string().optional().describe('Name of the variable that holds the item; "item" holds it too'),
    agent: z.string().optional().describe('The agent that works on every item of "each"'),
    concurrency: z.int().min(1).optional().describe('How many at once; never more than the team allows'),
    onFailure: z
      .union([z.enum(['fail', 'continue']), z.strictObject({ quorum: z.int().min(1) })])
      .optional()
      .describe('fail (default): the first failure ends it; continue: go on with what succeeded; quorum: that many suffice'),
    aggregate: z.string().optional().describe('An agent that is given all results, or concat, json (default) or vote'),
  })
  .superRefine((spec, context) => {
    const problem = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
    if (spec.branches && spec.each) problem('each', 'give either "branches" or "each", not both')
    if (!spec.branches && !spec.each) problem('branches', 'give "branches" (a list of agents) or "each" (a list of items)')
    if (spec.each && !spec.agent) problem('agent', '"each" needs "agent": who works on every item')
    if (spec.branches && spec.agent) problem('agent', '"agent" belongs to "each"; with "branches" name the agents there')
  })
