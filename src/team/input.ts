import { CrewError } from '../errors.ts'
import { asText, isOfType, type Json, type JsonObject } from '../json.ts'
import type { Definition } from './schema.ts'
import { didYouMean, namesOf } from './suggest.ts'

export type InputField = NonNullable<Definition['input']>[string]

/** What a team is given when it declares nothing. */
const TASK: Readonly<Record<string, InputField>> = { task: { type: 'string' } }

export function inputFields({ input }: Pick<Definition, 'input'>): Readonly<Record<string, InputField>> {
  return input ?? TASK
}

/**
 * The input of a run: what was given, read by the declared types, and defaults. `given` comes from the command line
 * as text, or from elsewhere as JSON; `task` is the TASK argument or stdin. Throws `input`, naming all that is wrong.
 */
export function resolveInput(
  definition: Pick<Definition, 'input'>,
  given: Readonly<Record<string, Json>>,
  task?: string,
): JsonObject {
  const fields = inputFields(definition)
  const values = task === undefined ? given : { ...given, [taskField(fields, given)]: task }
  const problems = Object.keys(values).flatMap(name => unknownField(name, fields))
  const result: Record<string, Json> = {}
  const missing: string[] = []
  const unfit: string[] = []

  for (const [name, field] of Object.entries(fields)) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined
    if (value !== undefined) {
      const read = readValue(field, value)
      if (fits(field, read)) result[name] = read
      else {
        unfit.push(name)
        problems.push(`input.${name}: ${misfit(field, read)}`)
      }
    } else if (field.default !== undefined) result[name] = field.default
    else missing.push(name)
  }

  if (missing.length > 0)
    problems.unshift(`missing: ${missing.map(name => describe(name, fields)).join(', ')}`)
  if (problems.length === 0) return result
  const [toGive = []] = [missing, unfit, Object.keys(fields).slice(0, 1)].filter(names => names.length > 0)
  const [only, ...more] = missing
  const isTask = only !== undefined && more.length === 0 && fields[only]?.type === 'string'
  throw new CrewError('input', problems.join('\n'), {
    hint: `give ${isTask ? 'it as an argument, on stdin, or with ' : ''}${toGive.map(name => `--input ${name}=…`).join(' ')}`,
  })
}

/** Whether a value is of the declared type and among the allowed ones. */
export function fits({ type, enum: allowed }: InputField, value: Json): boolean {
  return (
    isOfType(type, value) && (allowed === undefined || allowed.some(one => asText(one) === asText(value)))
  )
}

/** Which input TASK fills: the only required text, or else one that is called `task`. */
function taskField(
  fields: Readonly<Record<string, InputField>>,
  given: Readonly<Record<string, Json>>,
): string {
  const wanted = Object.entries(fields).filter(
    ([, { type, default: preset }]) => type === 'string' && preset === undefined,
  )
  const name = wanted.length === 1 ? wanted[0]?.[0] : fields.task?.type === 'string' ? 'task' : undefined
  if (name === undefined) {
    throw new CrewError(
      'input',
      'this team does not take a task: no input, or more than one, could be meant',
      {
        hint: `give ${Object.keys(fields)
          .map(field => `--input ${field}=…`)
          .join(' ')}`,
      },
    )
  }
  if (!Object.hasOwn(given, name)) return name
  throw new CrewError('input', `input.${name} is given twice: as the task and as --input`, {
    hint: 'leave one of them out',
  })
}

/** Text from a command line as a value of the declared type; text that is none stays text, and does not fit. */
function readValue({ type }: InputField, value: Json): Json {
  if (typeof value !== 'string' || type === 'string') return value
  try {
    const read: Json = JSON.parse(value)
    return isOfType(type, read) ? read : value
  } catch {
    return value
  }
}

function misfit({ type, enum: allowed }: InputField, value: Json): string {
  const text = asText(value)
  const found = text.length > 60 ? `${text.slice(0, 60)}…` : text
  if (!isOfType(type, value))
    return `expected ${type === 'array' || type === 'object' ? `a JSON ${type}` : type}, found ${found}`
  return `"${found}" is not one of: ${namesOf((allowed ?? []).map(asText))}`
}

function unknownField(name: string, fields: Readonly<Record<string, InputField>>): string[] {
  if (Object.hasOwn(fields, name)) return []
  const names = Object.keys(fields)
  return [`there is no input "${name}"; ${didYouMean(name, names) ?? `the inputs are: ${namesOf(names)}`}`]
}

function describe(name: string, fields: Readonly<Record<string, InputField>>): string {
  const { type, description } = fields[name] ?? { type: 'string' }
  return `${name} (${type}${description ? `: ${description}` : ''})`
}
