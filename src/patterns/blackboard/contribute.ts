import type { TeamContext } from '../../coordination/ask.ts'
import { type ConflictSettings, settle } from '../../coordination/conflicts.ts'
import type { Write, Written } from '../../exchange/board.ts'
import { asText, isObject, type Json, type JsonObject, type JsonSchema } from '../../json.ts'

export interface Contribution {
  /** Key of the step that it comes from. */
  readonly key: string
  readonly by: string
  /** Version of the board that its writer saw. */
  readonly seen: number
  readonly values: JsonObject
  /** What values look like, by name, for whoever has to merge two of them. */
  readonly shapes: Readonly<Record<string, JsonSchema>>
}

/** A value that was not put on the board, and the write that stands there instead. */
export type Refusal = Write & { readonly given: Json; readonly expected: number }

interface Contributor {
  readonly agent: string
  readonly writes: readonly string[]
  /** Everything by default. */
  readonly reads?: readonly string[] | undefined
  /** It may write by its own hand while it works. */
  readonly live?: boolean | undefined
  readonly missed: readonly Refusal[]
}

/** What a contributor is asked: it is handed what it reads of the board, and told of what was not taken before. */
export function requestTo(
  { task, agents }: TeamContext,
  { agent, writes, reads, live, missed }: Contributor,
  board: JsonObject,
) {
  const known = Object.entries(board).filter(([name]) => reads?.includes(name) ?? true)
  const progress = missed
    .map(({ by, name, given }) =>
      [
        `${by} wrote "${name}" while you were at work on it, so what you gave is not on the board. You gave:`,
        asText(given),
      ].join('\n'),
    )
    .join('\n\n')
  const names = writes.map(name => `"${name}"`).join(' and ')
  const current = `Your contribution is ${names}: answer with ${writes.length === 1 ? 'that' : 'these'} and nothing else. The others build upon it.`
  const fields = writes.map(name => [name, { type: 'string', description: `Goes on the board as ${name}` }])
  const output: JsonSchema | false = writes.length > 1 &&
    !agents[agent]?.output && {
      type: 'object',
      properties: Object.fromEntries(fields),
      required: writes,
      additionalProperties: false,
    }
  return {
    packet: { task, ...(progress && { progress }), knowledge: Object.fromEntries(known), current },
    ...(output && { output }),
    ...(live && { grants: { write: writes } }),
  }
}

/**
 * What an output puts on the board, besides what its writer has put there by its own hand: the output itself under the
 * one name, or its fields under several. What is missing or null leaves there what is there.
 */
export function valuesOf(writes: readonly string[], output: Json, own: ReadonlySet<string>): JsonObject {
  const [only = ''] = writes
  const given = writes.length === 1 ? { [only]: output } : isObject(output) ? output : {}
  const named = writes.filter(name => !own.has(name) && Object.hasOwn(given, name) && given[name] !== null)
  return Object.fromEntries(named.map(name => [name, given[name] ?? null]))
}

/** The shapes of such values, where the output of the agent has one. */
export function shapesOf(writes: readonly string[], output: JsonSchema = {}): Record<string, JsonSchema> {
  const [only = ''] = writes
  const fields =
    writes.length === 1 ? { [only]: output } : isObject(output.properties) ? output.properties : {}
  const known = Object.entries(fields).filter(([, shape]) => isObject(shape) && Object.keys(shape).length > 0)
  return Object.fromEntries(known) as Record<string, JsonSchema>
}

/**
 * Puts on the board what an agent contributes, as the step `KEY-write`, and settles what others have written under the
 * same names in the meantime. Gives what stands there although its writer did not know it.
 */
export async function contribute(
  team: TeamContext,
  contribution: Contribution,
  settings: ConflictSettings,
): Promise<Refusal[]> {
  const { key, by, seen, values } = contribution
  const { board } = team.exchange
  const { entries } = board.at(seen)
  const written = await team.ctx.step(`${key}-write`, { kind: 'board', input: values }, async inner =>
    Object.entries(values).map(([name, value]): Written & { readonly expected: number } => {
      const expected = entries[name]?.version ?? 0
      return { expected, ...board.write(inner, { name, value, by, expected }) }
    }),
  )
  const left: Refusal[] = []
  for (const result of written) {
    if (!('refused' in result)) continue
    const { refused, expected } = result
    const refusal = { ...refused, given: values[refused.name] ?? null, expected }
    if (!(await replace(team, contribution, refusal, settings))) left.push(refusal)
  }
  return left
}

/** Settles a conflict with a write that the contributor did not know. Gives whether another value stands there now. */
async function replace(
  team: TeamContext,
  { key, by, shapes }: Contribution,
  { name, by: other, version, expected, value, given }: Refusal,
  settings: ConflictSettings,
): Promise<boolean> {
  const conflict = {
    about: name,
    why: `${other} wrote it (version ${version}) while ${by}, who knew version ${expected}, was at work on it`,
    claims: { [other]: value, [by]: given },
    shape: shapes[name],
  }
  const settlement = await settle(team, `${key}-settle-${name}`, conflict, settings)
  const winner =
    settlement.how === 'take' ? settlement.from : settlement.how === 'rerun' ? settlement.first : undefined
  if (winner === other) return false
  const merged = settlement.how === 'merge' && { value: settlement.value, by: settings.by ?? by }
  const choice = merged || { value: given, by }
  const { board } = team.exchange
  const step = { kind: 'board', input: choice.value }
  const written = await team.ctx.step(`${key}-settled-${name}`, step, async inner =>
    board.write(inner, { name, ...choice, expected: version }),
  )
  return 'version' in written
}
