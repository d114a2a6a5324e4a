import { CrewError } from '../errors.ts'
import { quote } from '../fetch/status.ts'
import { isObject, type JsonObject, parseJson } from '../json.ts'
import type { ResolvedEndpoint } from './endpoint.ts'
import type { ModelReply, ToolCall } from './model.ts'

/** What a provider has said so far, before any of it is believed. */
export interface Draft {
  /** Something of a reply has arrived, so tokens have been spent. */
  begun: boolean
  text: string
  refusal: string
  calls: DraftCall[]
  /** Why it ended, as chat completions name it; absent while it has not. */
  ending?: string
  usage?: { readonly input: number; readonly output: number; readonly cached: number }
}

interface DraftCall {
  readonly index: number
  id: string
  name: string
  arguments: string
}

export function emptyDraft(): Draft {
  return { begun: false, text: '', refusal: '', calls: [] }
}

const COMPLETE = new Set(['stop', 'tool_calls', 'function_call'])
/** `model_length` is Mistral's word for a full context window. */
const CUT_OFF = new Set(['length', 'model_length'])

/** The reply that `draft` amounts to. Throws when it did not end properly, says nothing, or cannot be understood. */
export function accept(draft: Draft, { id, name }: ResolvedEndpoint): Omit<ModelReply, 'spent'> {
  const { ending, refusal, text, calls } = draft
  if (refusal || ending === 'content_filter') {
    const said = refusal ? `: ${quote(refusal)}` : ' (content filter)'
    throw new CrewError('reply-refused', `${id} refused to answer${said}`, {
      hint: 'reword the task, or choose another model',
    })
  }
  if (ending === undefined) {
    throw new CrewError('reply-truncated', `the reply of ${id} broke off before its end`, {
      hint: 'try again; a proxy on the way may be cutting long replies',
    })
  }
  if (CUT_OFF.has(ending)) {
    throw new CrewError('reply-too-long', `${id} ran out of tokens before its reply was complete`, {
      hint: `raise models.${name}.maxTokens, or ask for less`,
    })
  }
  if (!COMPLETE.has(ending)) throw malformed(id, `it ended with the unknown reason "${ending}"`)
  if (calls.length === 0 && text.trim() === '') {
    throw new CrewError('reply-empty', `${id} replied with nothing`, {
      hint: 'try again, or choose another model',
    })
  }
  return { text, toolCalls: calls.map((call, position) => acceptCall(call, position, id)) }
}

function acceptCall(call: DraftCall, position: number, id: string): ToolCall {
  if (call.name === '') throw malformed(id, 'it calls a tool without naming it')
  return { id: call.id || `call-${position + 1}`, name: call.name, arguments: readArguments(call, id) }
}

/** Some providers write nothing at all where a tool takes no arguments. */
function readArguments(call: DraftCall, id: string): JsonObject {
  const value = call.arguments.trim() === '' ? {} : parseJson(call.arguments)
  if (isObject(value)) return value
  const problem = `the arguments for tool "${call.name}" are not a JSON object: ${quote(call.arguments)}`
  throw malformed(id, problem, undefined, 'choose a model that is better at calling tools, or give it fewer')
}

export function malformed(
  id: string,
  problem: string,
  cause?: unknown,
  hint = 'try again; if it stays, check that the address belongs to an OpenAI-compatible endpoint',
): CrewError {
  return new CrewError('reply-malformed', `the reply of ${id} makes no sense: ${problem}`, { hint, cause })
}
