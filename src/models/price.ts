import type { Spend } from '../spend.ts'
import type { ResolvedEndpoint } from './endpoint.ts'
import type { Provider } from './providers.ts'

/** `spend` with what it costs in US dollars, when the price is known. */
export type Price = (spend: Spend) => Spend

/** Names of our providers in the price list. Models that run on your own machine have no price but a declared one. */
const LISTED: Partial<Record<Provider, string>> = {
  openai: 'openai',
  anthropic: 'anthropic',
  gemini: 'google',
  mistral: 'mistral',
  groq: 'groq',
  openrouter: 'openrouter',
  deepseek: 'deepseek',
}

/** What the list that comes with crew says of a model, if it is in there, and what a use of it costs. */
export async function findListed({ provider, model }: ResolvedEndpoint) {
  const providerId = provider && LISTED[provider]
  if (!providerId) return undefined
  const { calcPrice } = await import('@pydantic/genai-prices')
  const priceOf = (usage: Parameters<typeof calcPrice>[0]) => calcPrice(usage, model, { providerId })
  const listed = priceOf({})
  return listed ? { listed, priceOf } : undefined
}

/** The price that the team file gives for the endpoint, else the one from the list that comes with crew. */
export async function findPrice(endpoint: ResolvedEndpoint): Promise<Price> {
  const { price } = endpoint
  if (price) return flatPrice({ ...price, cached: price.cached ?? price.input })
  const found = await findListed(endpoint)
  if (!found) return spend => spend
  const { listed, priceOf } = found
  const { input_mtok: input, output_mtok: output, cache_read_mtok: cached = input } = listed.model_price
  // Most prices are that simple, and the library takes fifty times as long as the multiplication.
  const isFlat = [input, output, cached].every(rate => typeof rate === 'number')
  if (isFlat && !Array.isArray(listed.model.prices)) return flatPrice({ input, output, cached } as Rates)
  return spend => {
    const usage = { input_tokens: spend.input, cache_read_tokens: spend.cached, output_tokens: spend.output }
    const priced = priceOf(usage)
    return priced ? { ...spend, usd: priced.total_price } : spend
  }
}

/** The most that `spend` can cost: there are providers that ask more for input that they have in their cache. */
export function dearest(price: Price, spend: Spend): Spend {
  const fresh = price(spend)
  const cached = price(Object.assign({}, spend, { cached: spend.input }))
  return (cached.usd ?? 0) > (fresh.usd ?? 0) ? { ...cached, cached: spend.cached } : fresh
}

/** US dollars per million tokens. */
interface Rates {
  readonly input: number
  readonly output: number
  readonly cached: number
}

function flatPrice({ input, output, cached }: Rates): Price {
  return spend =>
    Object.assign({}, spend, {
      usd: ((spend.input - spend.cached) * input + spend.cached * cached + spend.output * output) / 1e6,
    })
}
