import type OpenAI from 'openai'
import * as z from 'zod'
import type { Dialect } from './dialect.ts'
import type { Draft } from './draft.ts'
import type { ResolvedEndpoint } from './endpoint.ts'
import { toFormat } from './format.ts'
import type { Message, ModelRequest } from './model.ts'

const count = z.int().min(0)

const callPart = z.object({
  index: z.number().nullish(),
  id: z.string().nullish(),
  function: z.object({ name: z.string().nullish(), arguments: z.string().nullish() }).nullish(),
})

const words = z.object({
  content: z.string().nullish(),
  refusal: z.string().nullish(),
  tool_calls: z.array(callPart).nullish(),
})

/** A chunk of a stream, or a whole completion: that is one big chunk with `message` in the place of `delta`. */
const part = z.object({
  choices: z
    .array(
      z.object({ delta: words.nullish(), message: words.nullish(), finish_reason: z.string().nullish() }),
    )
    .nullish(),
  usage: z
    .object({
      prompt_tokens: count.min(1),
      completion_tokens: count,
      prompt_tokens_details: z.object({ cached_tokens: count.nullish() }).nullish(),
    })
    .nullish()
    .catch(undefined),
})

/** The chat completions API: what every OpenAI-compatible provider speaks. */
export const chat: Dialect = {
  path: '/chat/completions',

  write: (endpoint, request): OpenAI.ChatCompletionCreateParamsStreaming => ({
    model: endpoint.model,
    messages: request.messages.map(toMessage),
    stream: true,
    // Mistral always reports usage, and rejects a request that asks for it.
    ...(endpoint.provider !== 'mistral' && { stream_options: { include_usage: true } }),
    ...limits(endpoint, request),
    ...tools(request),
    ...format(request),
  }),

  read(draft, value, onText) {
    const { choices, usage } = part.parse(value)
    const choice = choices?.[0]
    draft.begun ||= Boolean(choice ?? usage)
    const said = choice?.delta ?? choice?.message
    if (said?.content) {
      draft.text += said.content
      onText(said.content)
    }
    draft.refusal += said?.refusal ?? ''
    for (const call of said?.tool_calls ?? []) collect(draft, call)
    if (choice?.finish_reason) draft.ending = choice.finish_reason
    if (usage) {
      const { prompt_tokens: input, completion_tokens: output, prompt_tokens_details: details } = usage
      draft.usage = { input, output, cached: Math.min(input, details?.cached_tokens ?? 0) }
    }
  },
}

/** Calls arrive in pieces, told apart by their index; Gemini gives every call the index 0 and an id of its own. */
function collect({ calls }: Draft, { index, id, function: piece }: z.infer<typeof callPart>): void {
  const same = calls.findLast(call => call.index === (index ?? calls.length))
  const isNew = !same || Boolean(id && same.id && same.id !== id)
  const call = isNew ? { index: index ?? calls.length, id: '', name: '', arguments: '' } : same
  if (isNew) calls.push(call)
  call.id ||= id ?? ''
  call.name += piece?.name ?? ''
  call.arguments += piece?.arguments ?? ''
}

function toMessage(message: Message): OpenAI.ChatCompletionMessageParam {
  if (message.role === 'tool') {
    return { role: 'tool', content: message.content, tool_call_id: message.toolCallId }
  }
  if (message.role !== 'assistant') return { role: message.role, content: message.content }
  if (!message.toolCalls?.length) return { role: 'assistant', content: message.content }
  return {
    role: 'assistant',
    content: message.content || null,
    tool_calls: message.toolCalls.map(({ id, name, arguments: args }) => ({
      id,
      type: 'function',
      function: { name, arguments: JSON.stringify(args) },
    })),
  }
}

/** OpenAI's newer models only take `max_completion_tokens`; most others only the older name. */
function limits({ provider, temperature, ...endpoint }: ResolvedEndpoint, request: ModelRequest) {
  const { maxTokens = endpoint.maxTokens } = request
  return {
    ...(maxTokens !== undefined &&
      (provider === 'openai' ? { max_completion_tokens: maxTokens } : { max_tokens: maxTokens })),
    ...(temperature !== undefined && { temperature }),
  }
}

function tools({ tools }: ModelRequest): Pick<OpenAI.ChatCompletionCreateParams, 'tools'> {
  if (tools.length === 0) return {}
  return {
    tools: tools.map(({ name, description, parameters }) => ({
      type: 'function',
      function: { name, description, parameters },
    })),
  }
}

function format({ output }: ModelRequest): Pick<OpenAI.ChatCompletionCreateParams, 'response_format'> {
  const json_schema = toFormat(output)
  return json_schema ? { response_format: { type: 'json_schema', json_schema } } : {}
}
