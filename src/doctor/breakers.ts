import { existsSync } from 'node:fs'
import type { Clock } from '../clock.ts'
import { inWords } from '../duration.ts'
import type { ResolvedEndpoint } from '../models/endpoint.ts'
import { agentOf, endpointOf, times } from '../policies/breaker.ts'
import type { BreakerRecord } from '../store/breakers.ts'
import { openStore } from '../store/sqlite.ts'
import { everyOne, type Nest } from '../team/load.ts'
import { broken, type Finding, ok } from './finding.ts'

/** Agents and models of a team that are not called, or not called as usual, because they failed again and again. */
export async function checkBreakers(
  team: Nest,
  endpoints: readonly ResolvedEndpoint[],
  { path, clock }: { readonly path: string; readonly clock: Clock },
): Promise<Finding[]> {
  if (!existsSync(path)) return []
  const store = await openStore(path, clock)
  try {
    const known = new Map((await store.breakers.all()).map(record => [record.name, record]))
    const agents = everyOne(team).flatMap(({ root, definition }) =>
      Object.keys(definition.agents).map(agent => ({
        what: `agent ${agent}`,
        fix: `see what it failed with: crew logs last --agent ${agent}`,
        ...agentOf({ root, name: definition.name }, agent),
      })),
    )
    const models = endpoints.map(endpoint => ({
      what: `model ${endpoint.name}`,
      fix: `correct models.${endpoint.name}, or name a model that stands in: models.${endpoint.name}.fallback`,
      ...endpointOf(endpoint),
    }))
    return [...agents, ...models].flatMap(({ what, name, who, fix }) => {
      const record = known.get(name)
      return record?.open ? describe(what, who, record, record.open.until - clock.now(), fix) : []
    })
  } finally {
    await store.close()
  }
}

function describe(what: string, who: string, record: BreakerRecord, left: number, fix: string): Finding {
  const { failures, reason, hint } = record
  const failed = `${who} failed ${times(failures)} (${reason})`
  // Only a call can show that it is well again: nobody is to be kept from it.
  if (left <= 0) return ok(what, `${failed}; its next call is a trial`)
  return broken(what, `${failed}; it is not called, and tried again in ${inWords(left)}`, hint ?? fix)
}
