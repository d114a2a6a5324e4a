import * as z from 'zod'
import { CrewError } from '../errors.ts'
import { asText, isObject, type Json, type JsonSchema } from '../json.ts'
import type { AskRequest, TeamContext } from './ask.ts'

interface Wanted<T> extends Omit<AskRequest, 'output'> {
  /** Shape of the answer. Its descriptions are told to the agent. */
  readonly answer: z.ZodType<T>
  /** What is wrong with an answer of that shape, if anything: the agent is told, and asked again. */
  readonly accept?: (answer: T) => string | undefined
}

/** How often an agent is asked for an answer that makes sense. */
const ATTEMPTS = 3

/**
 * Asks for data: a plan, a bid, a choice. An answer of the right shape that makes no sense is told to the agent, and
 * it is asked again as the step `KEY-again-N`. Throws `plan-invalid` with what was wrong when the third is no better.
 */
export async function askFor<T>(team: TeamContext, agent: string, wanted: Wanted<T>): Promise<T> {
  const { answer: shape, accept, key, instruction = '', ...request } = wanted
  const output = schemaOf(shape)
  let feedback = ''
  for (let attempt = 1; ; attempt += 1) {
    const again = attempt === 1 ? key : `${key}-again-${attempt}`
    const given = await team.ask(agent, {
      ...request,
      key: again,
      instruction: instruction + feedback,
      output,
    })
    const answer = shape.parse(given)
    const problem = accept?.(answer)
    if (problem === undefined) return answer
    const said = asText(given)
    if (attempt === ATTEMPTS) throw senseless(agent, key, problem, said)
    const values = { attempt, problem }
    const reason = `${agent} gave an answer that makes no sense: ${problem}`
    team.ctx.emit({ type: 'decision', key: pathOf(team, again), what: 'ask-again', reason, values })
    feedback = `\n\nYour last answer was not accepted: ${problem}\nIt was:\n${said}`
  }
}

function senseless(agent: string, key: string, problem: string, answer: string): CrewError {
  return new CrewError(
    'plan-invalid',
    `${agent} gave no usable answer for ${key} in ${ATTEMPTS} attempts: ${problem}`,
    {
      hint: `see what it said with: crew logs RUN --agent ${agent}`,
      answer,
    },
  )
}

/** Full key of a step of `team`. */
export function pathOf({ ctx }: TeamContext, key: string): string {
  return ctx.key === '' ? key : `${ctx.key}/${key}`
}

/** JSON Schema of a shape, for agents. */
export function schemaOf(shape: z.ZodType): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(shape, { io: 'input' }) as Record<string, Json>
  return isObject(schema) ? schema : {}
}
