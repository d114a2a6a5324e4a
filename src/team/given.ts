import type { TeamWork } from '../agents/agent.ts'
import type { TeamSpec } from '../agents/team.ts'
import { describeInput } from '../coordination/ask.ts'
import { CrewError } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import { inputFields, resolveInput } from './input.ts'
import type { Definition } from './schema.ts'
import type { Finding } from './source/problem.ts'
import { didYouMean, namesOf } from './suggest.ts'

type Inputs = Pick<Definition, 'input'>

/** Which input of a team inside of another the task fills: the only text that is needed and not given, or `task`. */
function openField(team: Inputs, given: JsonObject): string | undefined {
  const open = Object.entries(inputFields(team)).filter(
    ([name, { type }]) => type === 'string' && !Object.hasOwn(given, name),
  )
  const needed = open.filter(([, field]) => field.default === undefined)
  const [only] = needed.length === 1 ? needed : open.filter(([name]) => name === 'task')
  return only?.[0]
}

/** What is wrong with what an agent gives to the team that it is, as far as that shows before it runs. */
export function checkGiven(agent: string, { input = {} }: TeamSpec, team: Inputs): Finding[] {
  const fields = inputFields(team)
  const unknown = Object.keys(input).filter(name => !Object.hasOwn(fields, name))
  const task = openField(team, input as JsonObject)
  const missing = Object.entries(fields).flatMap(([name, field]) =>
    field.default !== undefined || Object.hasOwn(input, name) || name === task ? [] : [name],
  )
  return [
    ...unknown.map(name => ({
      path: ['agents', agent, 'input', name],
      at: 'key' as const,
      message: `the team of "${agent}" has no input "${name}"`,
      hint: didYouMean(name, Object.keys(fields)) ?? `its inputs are: ${namesOf(Object.keys(fields))}`,
    })),
    ...(missing.length > 0
      ? [
          {
            path: ['agents', agent, 'input'],
            message: `the team of "${agent}" also needs: ${namesOf(missing)}`,
            hint: `give it: input: { ${missing.map(name => `${name}: …`).join(', ')} }`,
          },
        ]
      : []),
  ]
}

/**
 * The input of a team that the agent `agent` is, and the same in words. Where no field takes the task, what the team is
 * told besides is added to the words. Throws `input`, naming the agent.
 */
export function inputOfTeam(
  { agent, given, task, besides }: TeamWork,
  team: Inputs,
): { readonly input: JsonObject; readonly task: string } {
  const field = openField(team, given)
  try {
    const input = resolveInput(team, { ...given, ...(field !== undefined && { [field]: task }) })
    const words = [describeInput(input), field === undefined ? besides : '']
    return { input, task: words.filter(Boolean).join('\n\n') }
  } catch (error) {
    if (!(error instanceof CrewError)) throw error
    throw new CrewError('input', `the team of ${agent} is not given what it needs: ${error.message}`, {
      hint: `correct the input of agent ${agent} in the team file`,
    })
  }
}
