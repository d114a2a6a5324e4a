import { type Deadlines, withDefaults } from '../deadlines.ts'
import { CrewError } from '../errors.ts'
import type { Spend } from '../spend.ts'
import { countTokens } from '../tokens.ts'
import { breakerSettings } from '../traffic.ts'
import { parseUrl } from '../url.ts'
import type { Endpoint, ResolvedEndpoint } from './endpoint.ts'
import type { Model } from './model.ts'
import type { Surroundings as Line } from './openai.ts'
import { dearest, findPrice } from './price.ts'
import { PROVIDERS, type Provider } from './providers.ts'
import { findRoom } from './room.ts'
import { ASSUMED_OUTPUT, estimate } from './tokens.ts'

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** From crew's configuration: `model`, or `provider/model` with a provider that crew knows. */
  readonly defaultModel?: string
  /** Also from there: where that model is reached, when not at its provider's own address. */
  readonly defaultBaseUrl?: string
}

const DEFAULT_MODEL = 'gpt-5-mini'
/** With half of all calls failing at random, as many in a row come once in two million calls. */
const FAILURES = 20
const DEADLINES: Deadlines = { total: 60_000, idle: 30_000 }

/**
 * The endpoint that the team file calls `name`; `declared` is what it says, which may be nothing for "default".
 * Throws `definition` when no model is named. A missing key is noticed by `openModel`: a rehearsal needs none.
 */
export function resolveEndpoint(
  name: string,
  declared: Endpoint | undefined,
  surroundings: Surroundings,
): ResolvedEndpoint {
  const { env } = surroundings
  const endpoint = declared ?? defaultEndpoint(name, surroundings)
  const provider = endpoint.provider ?? (endpoint.baseUrl ? undefined : 'openai')
  const preset: { baseUrl?: string; apiKeyEnv?: string } = provider ? PROVIDERS[provider] : {}
  const baseUrl = endpoint.baseUrl ?? ((provider === 'openai' && env.OPENAI_BASE_URL) || preset.baseUrl || '')
  const model = endpoint.model ?? modelOf(name, provider)
  const apiKeyEnv = endpoint.apiKeyEnv ?? preset.apiKeyEnv
  const apiKey = (apiKeyEnv && env[apiKeyEnv]?.trim()) || undefined
  const { maxTokens, temperature, price, timeout, breaker, concurrency, rate } = endpoint
  const id = `${provider ?? new URL(baseUrl).host}/${model}`
  const address = baseUrl.replace(/\/+$/, '')
  return {
    name,
    id,
    model,
    baseUrl: address,
    traffic: {
      endpoint: `${id} at ${address}`,
      breaker: breakerSettings(breaker, FAILURES),
      ...(concurrency !== undefined && { concurrency }),
      ...(rate && { rate }),
    },
    api: endpoint.api ?? 'chat',
    timeout: withDefaults(typeof timeout === 'number' ? { total: timeout } : timeout, DEADLINES),
    ...(provider && { provider }),
    ...(apiKey && { apiKey }),
    ...(apiKeyEnv && { apiKeyEnv }),
    ...(maxTokens !== undefined && { maxTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(price && { price }),
  }
}

/**
 * A model that answers at `endpoint`. Loads the SDK, which takes a while: do it when the first call is near.
 * Throws `key-missing` when the endpoint needs a key and has none.
 */
export async function openModel(endpoint: ResolvedEndpoint, line: Line): Promise<Model> {
  if (!endpoint.apiKey && needsKey(endpoint)) throw missingKey(endpoint)
  if (endpoint.apiKey && !/^[\x21-\x7e]+$/.test(endpoint.apiKey)) throw strangeKey(endpoint)
  const { openaiModel } = await import('./openai.ts')
  return withRoom(endpoint, await openaiModel(endpoint, line))
}

/** Stands in for the model at `endpoint`: it costs nothing, and counts what that one would have used and cost. */
export async function rehearsedModel(endpoint: ResolvedEndpoint): Promise<Model> {
  const { id, provider, maxTokens = ASSUMED_OUTPUT, timeout } = endpoint
  const isFree = provider === 'rehearsal'
  const [{ rehearsalModel }, price] = await Promise.all([
    import('./rehearsal.ts'),
    isFree ? (spend: Spend) => ({ ...spend, usd: 0 }) : findPrice(endpoint),
  ])
  const model = rehearsalModel({
    id,
    seed: id,
    count: (request, reply) => {
      const output = Math.min(maxTokens, countTokens(reply))
      return price(estimate(request, output, countTokens))
    },
    worstCase: request => dearest(price, estimate(request, maxTokens)),
  })
  return withRoom(endpoint, { ...model, timeout })
}

async function withRoom(endpoint: ResolvedEndpoint, model: Model): Promise<Model> {
  const room = await findRoom(endpoint)
  return room === undefined ? model : { ...model, room }
}

/** `anthropic/claude-…` names provider and model; a word before the slash that is no provider belongs to the model. */
function defaultEndpoint(name: string, { env, defaultModel, defaultBaseUrl }: Surroundings): Endpoint {
  if (name !== 'default') {
    throw new CrewError('definition', `there is no model "${name}" in the team file`, {
      hint: `add it under models: ${name}: { provider: openai, model: ${DEFAULT_MODEL} }`,
    })
  }
  const baseUrl = defaultBaseUrl && { baseUrl: defaultBaseUrl }
  const [, provider = '', model] = defaultModel?.match(/^([^/]+)\/(.+)$/) ?? []
  if (model && isProvider(provider)) return { provider, model, ...baseUrl }
  return { provider: 'openai', model: defaultModel || env.OPENAI_MODEL || DEFAULT_MODEL, ...baseUrl }
}

function isProvider(word: string): word is Provider {
  return Object.hasOwn(PROVIDERS, word)
}

function modelOf(name: string, provider: Provider | undefined): string {
  if (provider === 'openai') return DEFAULT_MODEL
  if (provider === 'rehearsal') return 'digest'
  throw new CrewError('definition', `models.${name} does not say which model`, {
    hint: `add models.${name}.model: the name by which ${provider ?? 'the endpoint'} knows it`,
  })
}

/** Servers on this machine ask for no key. An address without provider gets one only when the file names it. */
function needsKey({ provider, baseUrl }: ResolvedEndpoint): boolean {
  if (provider && !('apiKeyEnv' in PROVIDERS[provider])) return false
  const host = parseUrl(baseUrl)?.hostname ?? ''
  return !/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(host)
}

function missingKey({ name, id, baseUrl, apiKeyEnv }: ResolvedEndpoint): CrewError {
  if (!apiKeyEnv) {
    return new CrewError('key-missing', `model "${name}" at ${baseUrl} has no key`, {
      hint: `name the environment variable that holds it: models.${name}.apiKeyEnv`,
    })
  }
  return new CrewError(
    'key-missing',
    `model "${name}" (${id}) needs a key, and ${apiKeyEnv} is not set in the environment`,
    { hint: `export ${apiKeyEnv}=…, or try the team without any model: add --rehearse` },
  )
}

/** A header could not carry it, and no provider has given it out: something was copied along. */
function strangeKey({ apiKeyEnv }: ResolvedEndpoint): CrewError {
  return new CrewError(
    'key-missing',
    `${apiKeyEnv} holds something that cannot be a key: blanks, or letters beyond ASCII`,
    {
      hint: `copy the key again, whole and alone: export ${apiKeyEnv}=…`,
    },
  )
}
