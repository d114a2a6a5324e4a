import { CrewError } from '../errors.ts'
import { asText, type Json, type JsonSchema } from '../json.ts'
import { validator } from '../json-schema.ts'
import type { Policy } from './policy.ts'

/** Lets an answer pass only if it satisfies the agent's output schema; text becomes the JSON that it contains. */
export function checkingOutput(schema: JsonSchema): Policy {
  return async (call, next) => {
    const answer = await next(call)
    const reject = (problem: string) =>
      new CrewError('output-invalid', `${call.agent} gave an output that does not fit: ${problem}`, {
        answer: asText(answer),
        hint: `see what it said with: crew logs RUN --agent ${call.agent}`,
      })
    const output = typeof answer === 'string' && schema.type !== 'string' ? parse(answer, reject) : answer
    const problem = (await validator(schema))(output)
    if (problem) throw reject(problem)
    return output
  }
}

/** Models like to wrap JSON into a Markdown fence. */
const FENCED = /^\s*```(?:json)?\s*\n(.*)\n\s*```\s*$/s

function parse(answer: string, reject: (problem: string) => CrewError): Json {
  try {
    return JSON.parse(FENCED.exec(answer)?.[1] ?? answer)
  } catch (error) {
    throw reject(`it is not JSON (${error instanceof Error ? error.message : String(error)})`)
  }
}
