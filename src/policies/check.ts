import * as z from 'zod'
import type { Context } from '../engine/context.ts'
import { CrewError, toCrewError } from '../errors.ts'
import { holds, renderText, type Scope } from '../expressions/template.ts'
import { asText, isObject, type Json } from '../json.ts'
import type { Call, Policy } from './policy.ts'

const that = z.strictObject({ that: z.string().describe('CEL condition over `output`, `input`, `steps` …') })
const judge = z.strictObject({
  judge: z.strictObject({
    by: z.string().describe('The agent that judges'),
    rubric: z.string().describe('What must hold, in words'),
  }),
})
const run = z.strictObject({
  run: z.array(z.string()).min(1).describe('A program that reads the output on stdin; its exit code decides'),
})

export const check = z
  .array(z.union([that, judge, run]))
  .min(1)
  .describe('What must hold for an output to be accepted')

export type Check = z.infer<typeof check>[number]

/** What checks need from outside, each inside the step that it is given. */
export interface Checkers {
  /** Rejects with `command-failed` when the program says no. */
  run(argv: readonly string[], stdin: string, ctx: Context): Promise<void>
  /** The verdict of an agent, by the schema of `VERDICT`. */
  judge(agent: string, task: string, ctx: Context): Promise<Json>
}

export const VERDICT = {
  type: 'object',
  properties: {
    accepted: { type: 'boolean', description: 'Whether everything that is asked for holds' },
    why: { type: 'string', description: 'What exactly is wrong, or why all is well' },
  },
  required: ['accepted', 'why'],
  additionalProperties: false,
}

/** Lets an answer pass only if all checks hold; the agent is told which did not, and why. */
export function checking(checks: readonly Check[], scope: Scope, checkers: Checkers): Policy {
  return async (call, next) => {
    const output = await next(call)
    for (const [index, check] of checks.entries()) {
      const problem = await problemOf(check, index + 1, output, call, {
        scope: { ...scope, output },
        checkers,
      })
      if (problem === undefined) continue
      throw new CrewError(
        'check-failed',
        `${call.agent} gave an output that fails check ${index + 1}: ${problem}`,
        {
          answer: asText(output),
          hint: `see what it said with: crew logs RUN --agent ${call.agent}`,
        },
      )
    }
    return output
  }
}

async function problemOf(
  check: Check,
  number: number,
  output: Json,
  { ctx }: Call,
  { scope, checkers }: { scope: Scope; checkers: Checkers },
): Promise<string | undefined> {
  if ('that' in check) return holds(check.that, scope) ? undefined : `it must hold that ${check.that}`
  if ('run' in check) {
    const argv = check.run.map(part => renderText(part, scope))
    const step = { kind: 'check', effects: 'pure', input: { argv } } as const
    try {
      await ctx.step(`check-${number}`, step, inner => checkers.run(argv, asText(output), inner))
      return undefined
    } catch (thrown) {
      const error = toCrewError(thrown)
      if (error.code !== 'command-failed') throw error
      return error.message
    }
  }
  const { by, rubric } = check.judge
  const task = `Judge this output by the rubric.\n\nRubric: ${renderText(rubric, scope)}\n\nOutput:\n${asText(output)}`
  const step = { kind: 'agent', agent: by, input: task }
  const verdict = await ctx.step(`check-${number}`, step, inner => checkers.judge(by, task, inner))
  if (isObject(verdict) && verdict.accepted === true) return undefined
  return `${by} did not accept it: ${isObject(verdict) ? asText(verdict.why ?? '') : asText(verdict)}`
}
