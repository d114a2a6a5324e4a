import { CrewError } from '../errors.ts'
import { isObject, type Json } from '../json.ts'
import { withFallbacks } from '../policies/model.ts'
import type { Limits } from '../spend.ts'
import type { Nest } from './load.ts'

/**
 * Throws `price-missing` when dollars are limited for an agent whose model has no known price: nobody could say when
 * they are used up. `isBound`: they are limited for the whole run.
 */
export function assertPriced(
  team: Nest,
  isBound: boolean,
  isPriced: (team: Nest, model: string) => boolean,
): void {
  const { definition, teams } = team
  const { models = {}, budget, pattern } = definition
  const isLimited = isBound || isInDollars(budget) || hasBudget(pattern as Json)
  for (const [name, spec] of Object.entries(definition.agents)) {
    const isPaid = isLimited || ('budget' in spec && isInDollars(spec.budget))
    const inner = teams[name]
    if (inner) assertPriced(inner, isPaid, isPriced)
    if (!isPaid || (spec.kind !== undefined && spec.kind !== 'llm')) continue
    const unpriced = withFallbacks(spec.model ?? 'default', models).find(model => !isPriced(team, model))
    if (unpriced !== undefined) throw priceMissing(unpriced, name)
  }
}

interface Declared extends Limits {
  readonly call?: Limits | undefined
}

function isInDollars(budget: Declared | undefined): boolean {
  return budget?.usd !== undefined || budget?.call?.usd !== undefined
}

/** Whether some part of a pattern has a budget in dollars of its own. */
function hasBudget(value: Json): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (isObject(value) && isObject(value.budget) && value.budget.usd !== undefined) return true
  return Object.values(value).some(hasBudget)
}

function priceMissing(model: string, agent: string): CrewError {
  return new CrewError(
    'price-missing',
    `the model "${model}" of agent ${agent} has no known price, so that a budget in dollars cannot be kept`,
    {
      hint: `say what it costs, in US dollars per million tokens: models.${model}.price: { input: 1, output: 4 }; or limit tokens instead`,
    },
  )
}
