import type { Spend } from '../spend.ts'
import { countTokens } from '../tokens.ts'
import type { ModelRequest } from './model.ts'

/** Reserved for the output of a model that declares no `maxTokens`. */
export const ASSUMED_OUTPUT = 4096

/** What a message costs besides its words: role and separators. */
const PER_MESSAGE = 8

function countInput({ messages, tools, output }: ModelRequest): number {
  let tokens = PER_MESSAGE
  for (const message of messages) {
    tokens += PER_MESSAGE + countTokens(message.content)
    if (message.role === 'assistant' && message.toolCalls)
      tokens += countTokens(JSON.stringify(message.toolCalls))
  }
  if (tools.length > 0) tokens += countTokens(JSON.stringify(tools))
  if (output) tokens += countTokens(JSON.stringify(output.schema))
  return tokens
}

/** Tokens of a call of which the provider reported none. */
export function estimate(request: ModelRequest, outputTokens: number): Spend {
  return { input: countInput(request), output: outputTokens, cached: 0, estimated: true }
}
