import type { CrewError } from '../errors.ts'
import { brief, isObject, type Json, type JsonSchema, parseJson } from '../json.ts'
import { decide, orElse } from './ladder.ts'
import type { Call, Policy } from './policy.ts'

/** Goes on with what there is when nothing else has helped: with the last answer, though it was rejected, or nothing. */
export function goingOn(output: JsonSchema | undefined): Policy {
  return orElse((_, count) => {
    if (count > 0) return undefined
    return {
      what: 'a partial result',
      key: 'partial',
      perform: async ({ call, error }) => partialOf(call, error, output),
    }
  })
}

/**
 * What is left of work that failed. That it is not whole is said in itself, so that whoever reads it is told, by
 * whatever way it comes: an object has the key `partial`, anything else is text that begins with it.
 */
export function partialOf(
  call: Call,
  { code, message, details }: CrewError,
  output: JsonSchema | undefined,
): Json {
  const { answer } = details
  const why = brief(message, 200)
  decide(call, 'partial', message, {
    error: code,
    from: answer === undefined ? 'nothing' : 'a rejected answer',
  })
  const given = answer === undefined ? undefined : parseJson(answer)
  if (isObject(given)) return { ...given, partial: why }
  if (answer === undefined && output?.type === 'object') return { partial: why }
  return [`[PARTIAL: ${why}]`, ...(answer === undefined ? [] : [answer])].join('\n')
}
