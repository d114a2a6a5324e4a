import { type CrewError, toCrewError } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import { patternOf } from '../patterns/index.ts'
import { loadTeam, type Team } from './load.ts'
import { maskSecrets } from './secrets.ts'
import { DefinitionError, type Problem, pathName } from './source/problem.ts'

/** What a team is made of: `4 agents, pipeline of 4 steps`. */
export function describeTeam({ definition: { agents, pattern } }: Team): string {
  const steps = patternOf(pattern).graph(pattern).nodes.length
  return `${count(Object.keys(agents).length, 'agent')}, ${pattern.kind} of ${count(steps, 'step')}`
}

/** What is right and wrong with a team file, for scripts and editors. Rejects only with defects. */
export async function reportOn(path: string): Promise<JsonObject & { readonly ok: boolean }> {
  try {
    const { problems } = await loadTeam(path)
    return { ok: true, problems: problems.map(toReport) }
  } catch (thrown) {
    const error = toCrewError(thrown)
    if (error.code !== 'definition') throw error
    return {
      ok: false,
      problems: error instanceof DefinitionError ? error.problems.map(toReport) : [asReport(error)],
    }
  }
}

function toReport({ source, severity, path, message, location, hint }: Problem): JsonObject {
  const { line, column } = location
  const mended = hint === undefined ? {} : { hint: maskSecrets(hint) }
  return {
    severity,
    file: source.name,
    path: pathName(path),
    message: maskSecrets(message),
    line,
    column,
    ...mended,
  }
}

/** A file that could not even be read has no lines. */
function asReport({ message, details: { hint } }: CrewError): JsonObject {
  return { severity: 'error', message, ...(hint !== undefined && { hint }) }
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`
}
