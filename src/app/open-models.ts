import type { Clock } from '../clock.ts'
import { canonical } from '../json.ts'
import type { ResolvedEndpoint } from '../models/endpoint.ts'
import { openModel, rehearsedModel } from '../models/index.ts'
import type { Model } from '../models/model.ts'
import { learning } from '../policies/rate.ts'
import type { Store } from '../store/store.ts'
import { endpointsOf, surroundingsOf } from '../team/endpoints.ts'
import { everyOne, type Nest } from '../team/load.ts'
import type { Environment } from './environment.ts'

/** The models of each team, by their names there. */
export type Models = ReadonlyMap<Nest, ReadonlyMap<string, Model>>

interface Surroundings {
  readonly store: Store
  readonly env: Environment
  readonly clock: Clock
  /** Nobody will be called: keys may be missing. */
  readonly idle?: boolean
}

/** Opens each endpoint once, whoever uses it. Throws `key-missing` when one of them cannot be called. */
export async function openModels(
  team: Nest,
  rehearsal: boolean,
  { store, env, clock, idle = false }: Surroundings,
): Promise<Models> {
  const surroundings = await surroundingsOf(env)
  const opened = new Map<string, Promise<Model>>()
  const open = (endpoint: ResolvedEndpoint): Promise<Model> => {
    const key = canonical(endpoint)
    const isRehearsed = rehearsal || endpoint.provider === 'rehearsal'
    const onAllowed = learning(store.rates, clock, endpoint.traffic.endpoint)
    const callable = idle ? { ...endpoint, apiKey: 'none' } : endpoint
    const model =
      opened.get(key) ?? (isRehearsed ? rehearsedModel(endpoint) : openModel(callable, { clock, onAllowed }))
    opened.set(key, model)
    return model
  }
  const all = everyOne(team).map(async nest => {
    const endpoints = [...endpointsOf(nest.definition, surroundings)]
    const models = endpoints.map(async ([name, endpoint]) => [name, await open(endpoint)] as const)
    return [nest, new Map(await Promise.all(models))] as const
  })
  return new Map(await Promise.all(all))
}
