import type { ResolvedEndpoint } from './endpoint.ts'
import { findListed } from './price.ts'
import { ASSUMED_OUTPUT } from './tokens.ts'

/** Part of what is left that is kept free: for the system prompt, tools, and what they give. */
const MARGIN = 0.2
/** However much the answer may have. */
const LEAST = 1_000

/** Tokens that an agent can be handed so that its answer fits as well, for models whose context window is known. */
export async function findRoom(endpoint: ResolvedEndpoint): Promise<number | undefined> {
  const window = (await findListed(endpoint))?.listed.model.context_window
  const { maxTokens = ASSUMED_OUTPUT } = endpoint
  return window && Math.max(LEAST, Math.floor((window - maxTokens) * (1 - MARGIN)))
}
