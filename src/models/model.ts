import type { Deadlines } from '../deadlines.ts'
import type { JsonObject, JsonSchema } from '../json.ts'
import type { Spend } from '../spend.ts'
import type { Traffic } from '../traffic.ts'

/** What crew asks of a language model, and what it accepts as an answer, whoever provides it. */
export interface Model {
  /** `provider/model`, as it is shown and priced. */
  readonly id: string
  /** Of each call, unless the caller has deadlines of its own. */
  readonly timeout: Deadlines
  /** Tokens that an agent can be handed so that the answer fits as well; absent when that is not known. */
  readonly room?: number
  /** How its endpoint is to be treated; a rehearsal has none. */
  readonly traffic?: Traffic
  /** The most that `request` can cost: its tokens counted with a margin, and all the output it may produce. */
  worstCase(request: ModelRequest): Spend
  /**
   * One call, one attempt. Resolves only with a reply that ended properly and says something: text, or tool calls
   * whose arguments are JSON objects. Rejects with a CrewError whose code says what was wrong, or with the reason of
   * `options.signal`. Never retries.
   */
  reply(request: ModelRequest, options: ReplyOptions): Promise<ModelReply>
}

export interface ModelRequest {
  readonly messages: readonly Message[]
  readonly tools: readonly ToolSpec[]
  /** When given, the reply's text is JSON that should satisfy it. The caller still checks. */
  readonly output?: { readonly name: string; readonly schema: JsonSchema }
  /** The most that the reply may have, instead of what the model's own settings say. */
  readonly maxTokens?: number
}

export interface ReplyOptions {
  readonly signal: AbortSignal
  readonly timeout: Deadlines
  /** The same for every attempt at this call. */
  readonly idempotencyKey: string
  readonly onText: (delta: string) => void
  /** Called whenever something has arrived, words or not. */
  readonly onBytes?: () => void
}

export type Message =
  | { readonly role: 'system' | 'user'; readonly content: string }
  | { readonly role: 'assistant'; readonly content: string; readonly toolCalls?: readonly ToolCall[] }
  | { readonly role: 'tool'; readonly content: string; readonly toolCallId: string }

export interface ToolCall {
  readonly id: string
  readonly name: string
  readonly arguments: JsonObject
}

export interface ToolSpec {
  readonly name: string
  readonly description: string
  readonly parameters: JsonSchema
}

export interface ModelReply {
  readonly text: string
  readonly toolCalls: readonly ToolCall[]
  readonly spent: Spend
}
