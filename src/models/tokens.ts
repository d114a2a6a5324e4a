import type { Spend } from '../spend.ts'
import { mostTokens } from '../tokens.ts'
import type { ModelRequest } from './model.ts'

/** Reserved for the output of a model that declares no `maxTokens`; with a budget in force it gets no more. */
export const ASSUMED_OUTPUT = 8192

type Count = (text: string) => number

/** What a message costs besides its words: role and separators. */
const PER_MESSAGE = 8

function countInput({ messages, tools, output }: ModelRequest, count: Count): number {
  let tokens = PER_MESSAGE
  for (const message of messages) {
    tokens += PER_MESSAGE + count(message.content)
    if (message.role === 'assistant' && message.toolCalls) tokens += count(JSON.stringify(message.toolCalls))
  }
  if (tools.length > 0) tokens += count(JSON.stringify(tools))
  if (output) tokens += count(JSON.stringify(output.schema))
  return tokens
}

/** Tokens of a call of which the provider reported none, or that is yet to be made: as many as there may be. */
export function estimate(request: ModelRequest, outputTokens: number, count: Count = mostTokens): Spend {
  return { input: countInput(request, count), output: outputTokens, cached: 0, estimated: true }
}
