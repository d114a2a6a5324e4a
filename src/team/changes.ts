import type { AgentSpec } from '../agents/index.ts'
import { canonical } from '../json.ts'
import { withFallbacks } from '../policies/model.ts'
import { everyOne, type Nest } from './load.ts'

/** Fields of an agent that say when and how often it is asked, and by what its answer is judged: not what it answers. */
const AROUND: ReadonlySet<string> = new Set([
  ...['approve', 'breaker', 'budget', 'cache', 'check', 'concurrency', 'context', 'description', 'expects'],
  ...['fallback', 'ladder', 'permissions', 'reads', 'retry', 'review', 'simplify', 'skills', 'timeout'],
  ...['writes'],
])

/** Names of the agents of `after`, and of all teams inside of it, that may answer otherwise than they did in `before`. */
export function changedAgents(before: Nest, after: Nest): string[] {
  const known = signaturesOf(before)
  const now = signaturesOf(after)
  return [...now].flatMap(([name, signatures]) => {
    const old = known.get(name) ?? new Set()
    return [...signatures].every(signature => old.has(signature)) ? [] : name
  })
}

function signaturesOf(team: Nest): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  for (const nest of everyOne(team)) {
    for (const [name, spec] of Object.entries(nest.definition.agents)) {
      const signatures = found.get(name) ?? new Set()
      found.set(name, signatures.add(signatureOf(spec, nest)))
    }
  }
  return found
}

/** All that the answers of an agent depend on, besides what it is asked. */
function signatureOf(spec: AgentSpec, { definition, root }: Nest): string {
  const { models = {}, tools = {}, mcp, connections, sandbox } = definition
  // The agents inside of a team are compared by themselves.
  if (spec.kind === 'team') return 'team'
  const own = Object.entries(spec).filter(([field]) => !AROUND.has(field))
  const isModel = spec.kind === undefined || spec.kind === 'llm'
  const asked = isModel
    ? withFallbacks(spec.model ?? 'default', models).map(name => models[name] ?? null)
    : []
  const means =
    spec.kind === 'human' || (isModel && !spec.tools?.length) ? {} : { connections, sandbox, root }
  const used = isModel && spec.tools?.length ? { tools, mcp } : {}
  return canonical({ own: Object.fromEntries(own), asked, ...means, ...used })
}
