import type OpenAI from 'openai'
import * as z from 'zod'
import type { Dialect } from './dialect.ts'
import type { Draft } from './draft.ts'
import { toFormat } from './format.ts'
import type { Message, ModelRequest } from './model.ts'

const count = z.int().min(0)

const item = z.object({
  type: z.string(),
  content: z
    .array(z.object({ type: z.string(), text: z.string().optional(), refusal: z.string().optional() }))
    .optional(),
  call_id: z.string().optional(),
  name: z.string().optional(),
  arguments: z.string().optional(),
})

const response = z.object({
  status: z.string(),
  output: z.array(item),
  incomplete_details: z.object({ reason: z.string().optional() }).nullish(),
  usage: z
    .object({
      input_tokens: count.min(1),
      output_tokens: count,
      input_tokens_details: z.object({ cached_tokens: count.nullish() }).nullish(),
    })
    .nullish()
    .catch(undefined),
})

const event = z.object({ type: z.string(), delta: z.unknown().optional(), response: z.unknown().optional() })

/** OpenAI's responses API. Nothing is kept on the server: every request carries the whole conversation. */
export const responses: Dialect = {
  path: '/responses',

  write({ model, temperature, ...endpoint }, request): OpenAI.Responses.ResponseCreateParamsStreaming {
    const { maxTokens = endpoint.maxTokens } = request
    return {
      model,
      input: request.messages.flatMap(toItems),
      stream: true,
      store: false,
      ...(maxTokens !== undefined && { max_output_tokens: maxTokens }),
      ...(temperature !== undefined && { temperature }),
      ...tools(request),
      ...format(request),
    }
  },

  read(draft, value, onText) {
    const whole = z.object({ object: z.literal('response') }).safeParse(value).success
    if (whole) {
      readWhole(draft, response.parse(value))
      draft.begun = true
      onText(draft.text)
      return
    }
    const { type, delta, response: ended } = event.parse(value)
    draft.begun = true
    if (type === 'response.output_text.delta' && typeof delta === 'string') {
      draft.text += delta
      onText(delta)
    }
    if (type === 'response.completed' || type === 'response.incomplete')
      readWhole(draft, response.parse(ended))
  },
}

/** The last event repeats everything, so it replaces what was heard before. */
function readWhole(
  draft: Draft,
  { status, output, incomplete_details, usage }: z.infer<typeof response>,
): void {
  const said = output.flatMap(({ type, content }) => (type === 'message' ? (content ?? []) : []))
  draft.text = said.map(({ text = '' }) => text).join('')
  draft.refusal = said.map(({ refusal = '' }) => refusal).join('')
  draft.calls = output
    .filter(({ type }) => type === 'function_call')
    .map((call, index) => ({
      index,
      id: call.call_id ?? '',
      name: call.name ?? '',
      arguments: call.arguments ?? '',
    }))
  const ending = endingOf(status, incomplete_details?.reason)
  if (ending) draft.ending = ending
  if (usage) {
    const { input_tokens: input, output_tokens: output, input_tokens_details: details } = usage
    draft.usage = { input, output, cached: Math.min(input, details?.cached_tokens ?? 0) }
  }
}

/** In the words of chat completions. */
function endingOf(status: string, reason = status): string | undefined {
  if (status === 'completed') return 'stop'
  if (status === 'in_progress' || status === 'queued') return undefined
  return reason === 'max_output_tokens' ? 'length' : reason
}

function toItems(message: Message): OpenAI.Responses.ResponseInputItem[] {
  if (message.role === 'tool') {
    return [{ type: 'function_call_output', call_id: message.toolCallId, output: message.content }]
  }
  const said = message.content ? [{ role: message.role, content: message.content }] : []
  if (message.role !== 'assistant') return said
  const calls = (message.toolCalls ?? []).map(({ id, name, arguments: args }) => ({
    type: 'function_call' as const,
    call_id: id,
    name,
    arguments: JSON.stringify(args),
  }))
  return [...said, ...calls]
}

function tools({ tools }: ModelRequest): Pick<OpenAI.Responses.ResponseCreateParams, 'tools'> {
  if (tools.length === 0) return {}
  return {
    tools: tools.map(({ name, description, parameters }) => ({
      type: 'function',
      name,
      description,
      parameters,
      strict: false,
    })),
  }
}

function format({ output }: ModelRequest): Pick<OpenAI.Responses.ResponseCreateParams, 'text'> {
  const format = toFormat(output)
  return format ? { text: { format: { type: 'json_schema', ...format } } } : {}
}
