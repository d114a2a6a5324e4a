import * as z from 'zod'
import { oneOf } from '../kinds.ts'
import { type AgentKind, acting, spending } from './agent.ts'
import { command } from './command.ts'
import { http } from './http.ts'
import { human } from './human.ts'
import { llm } from './llm.ts'
import { team } from './team.ts'

/** Every kind of agent that there is, loaded when a team has one. */
const KINDS = {
  llm: () => llm,
  command: () => command,
  http: () => http,
  human: () => human,
  team: () => team,
}

export const agent = oneOf(KINDS, 'llm')

export type AgentSpec = z.infer<typeof agent>

/** What a team can say once for all of its agents. */
export const defaults = z
  .strictObject({
    context: acting.context,
    fallback: acting.fallback,
    simplify: acting.simplify,
    ladder: acting.ladder,
    cache: acting.cache,
    retry: acting.retry,
    timeout: acting.timeout,
    breaker: acting.breaker,
    concurrency: acting.concurrency,
    budget: spending.budget,
  })
  .describe('What agents have that do not declare it themselves, as far as their kind knows it')

/** An agent with what its team says of all, where it says nothing itself. */
export function withDefaults(spec: AgentSpec, { ladder, ...more }: z.infer<typeof defaults> = {}): AgentSpec {
  const isCacheable = kindOf(spec).isCacheable?.(spec) === true
  const known: Readonly<Record<string, unknown>> = KINDS[spec.kind ?? 'llm']().schema.shape
  const fits = (field: string) => {
    if (field === 'cache') return isCacheable
    // A person is given days, not seconds.
    return Object.hasOwn(known, field) && !(field === 'timeout' && spec.kind === 'human')
  }
  const fields = Object.entries(more).filter(([field]) => fits(field))
  const rungs = ladder && { ladder: ladder.filter(rung => rung !== 'cached' || isCacheable) }
  return { ...rungs, ...Object.fromEntries(fields), ...spec }
}

export function kindOf(spec: AgentSpec): AgentKind<AgentSpec> {
  // A spec is of the kind that it names: the schema above has seen to that.
  return KINDS[spec.kind ?? 'llm']() as unknown as AgentKind<AgentSpec>
}
