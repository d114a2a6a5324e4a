import * as z from 'zod'
import type { Context } from '../engine/context.ts'
import { CrewError } from '../errors.ts'
import { renderText, type Scope } from '../expressions/template.ts'
import { asText, type Json } from '../json.ts'
import { countTokens } from '../tokens.ts'
import { decide, orElse } from './ladder.ts'
import type { Call, Policy } from './policy.ts'

const words = z.string().describe('Template of the simpler task; it also sees task and problem')

export const simplify = z
  .union([
    words,
    z.strictObject({
      by: z.string().describe('The agent that makes the task simpler'),
      prompt: z
        .string()
        .optional()
        .describe('What that agent is asked; a template that also sees task and problem'),
    }),
  ])
  .describe('Where a simpler task comes from when this one failed')

type Simplify = z.infer<typeof simplify>

const PROMPT = `This task could not be done:

\${task}

The problem was: \${problem}

Write a simpler and shorter task in its place, so that at least the most important part gets done. Answer with that task
and nothing else.`

interface Asking {
  /** What the agent was asked. */
  task(call: Call): string
  readonly scope: Scope
  /** Has another agent do something, in the step of `ctx`. */
  ask(agent: string, question: string, ctx: Context): Promise<Json>
}

/** Has the agent do a simpler task when this one was too much for it. */
export function simplifying(how: Simplify, { task, scope, ask }: Asking): Policy {
  /** The simpler task: out of a template, or made by an agent in a step of its own. */
  const simpler = async ({ ctx }: Call, task: string, problem: string): Promise<string> => {
    const known = { ...scope, task, problem }
    if (typeof how === 'string') return renderText(how, known)
    const { by, prompt = PROMPT } = how
    const question = renderText(prompt, known)
    const step = { kind: 'agent', agent: by, input: question }
    return asText(await ctx.step('simplify', step, inner => ask(by, question, inner)))
  }
  return orElse(({ last }, count) => {
    if (count > 0 || !last.easier) return undefined
    return {
      what: 'a simpler task',
      key: 'simplified',
      async perform({ call, next, last }) {
        const asked = task(call)
        const made = await simpler(call, asked, last.message)
        if (made.trim() === '') throw new CrewError('plan-invalid', 'the simpler task is empty')
        const tokens = { before: countTokens(asked), after: countTokens(made) }
        decide(call, 'simplify', `${call.agent}: ${last.message}`, { error: last.code, tokens })
        return call.ctx.step('simplified', { kind: 'attempt', input: made }, ctx =>
          next({ ...call, ctx, task: made }),
        )
      },
    }
  })
}
