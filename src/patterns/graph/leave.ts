import type { TeamContext } from '../../coordination/ask.ts'
import { pathOf } from '../../coordination/ask-for.ts'
import { CrewError, toCrewError } from '../../errors.ts'
import type { Scope } from '../../expressions/template.ts'
import type { Json } from '../../json.ts'
import { isGated, passOrThrow, type Terms } from '../../policies/gate.ts'
import { chooseBranch } from './choose.ts'
import type { EdgeSpec } from './schema.ts'

/** Where a way begins. */
interface Stop {
  readonly at: string
  /** Of the step that is this visit. */
  readonly key: string
  /** What was given there. */
  readonly said: Json
}

/**
 * The node that comes next: that of the first edge whose condition holds and which a person, where it asks for one, lets
 * it take. Throws `plan-invalid` when no condition holds, and `rejected` when the person refused all that do.
 */
export async function takeEdge(
  team: TeamContext,
  stop: Stop,
  edges: readonly EdgeSpec[],
  scope: Scope,
): Promise<string> {
  const refused: CrewError[] = []
  for (let left = edges; ; ) {
    const { branch, reason, values } = choose(stop.at, left, scope, refused)
    const refusal = await refusalOf(team, stop, branch, edges, scope)
    if (!refusal) {
      const key = pathOf(team, stop.key)
      team.ctx.emit({ type: 'decision', key, what: 'transition', reason, values })
      return branch.to
    }
    refused.push(refusal)
    left = left.slice(left.indexOf(branch) + 1)
  }
}

function choose(at: string, left: readonly EdgeSpec[], scope: Scope, refused: readonly CrewError[]) {
  try {
    return chooseBranch(at, left, scope)
  } catch (thrown) {
    const error = toCrewError(thrown)
    const [first, ...others] = refused
    if (error.code !== 'plan-invalid' || !first) throw thrown
    // Whoever resumes the run is asked all of it once more.
    const because = others.flatMap(({ details }) => details.step ?? [])
    const ways = refused.map(({ message }) => message).join('; ')
    throw new CrewError('rejected', `nothing leads on from "${at}": ${ways}`, { ...first.details, because })
  }
}

/** Why a person does not let an edge be taken. */
async function refusalOf(
  { ctx, gates }: TeamContext,
  { at, key, said }: Stop,
  edge: EdgeSpec,
  edges: readonly EdgeSpec[],
  scope: Scope,
): Promise<CrewError | undefined> {
  const { to, approve } = edge
  if (!isGated(approve)) return undefined
  const same = edges.slice(0, edges.indexOf(edge)).filter(other => other.to === to).length
  // No name of a node has a colon in it.
  const step = `${key}:${to}${same > 0 ? `:${same + 1}` : ''}`
  try {
    await ctx.step(step, { kind: 'transition', input: { from: at, to } }, async inner => {
      const gate = { key: 'approval', terms: approve as Terms, scope, request: requestFor(at, to, said) }
      await passOrThrow(inner, gates, gate, `the way from "${at}" to "${to}"`)
    })
    return undefined
  } catch (thrown) {
    const error = toCrewError(thrown)
    if (error.code !== 'rejected') throw thrown
    return error
  }
}

function requestFor(from: string, to: string, said: Json) {
  const question = `May it go on from "${from}" to "${to}"?`
  return { gate: 'transition', question, detail: { from, to, output: said } } as const
}
