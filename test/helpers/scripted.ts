import type { Json, JsonObject } from '../../src/json.ts'
import { events, type Script } from './faulty-server.ts'
import { modelServer } from './model-server.ts'

/** What a scripted agent says: text, data (sent as JSON), or calls of tools. */
export type Line = Json | { readonly calls: readonly { readonly tool: string; readonly args: JsonObject }[] }

/** One agent's lines, the last one repeated for ever, or a function of all that it is told. */
export type Part = readonly Line[] | ((told: string) => Line)

interface Manner {
  /** Whether who asks again, with an idempotency key that it knows, is told the same. */
  readonly heedsKeys?: boolean
  /** Milliseconds that it takes over an answer. */
  readonly pace?: () => number
}

/**
 * A real server that speaks the OpenAI protocol, and plays every agent by its part. An agent is known by its system
 * prompt: give the agent NAME the role "You are NAME." Whom it has no part for says that all is well.
 */
export async function scripted(
  parts: Readonly<Record<string, Part>>,
  { heedsKeys = false, pace = () => 0 }: Manner = {},
) {
  const said = new Map<string, number>()
  const known = new Map<string, Line>()
  const server = await modelServer()
  const lineFor = (body: string): Line => {
    const { messages } = JSON.parse(body) as { messages: { role: string; content: string }[] }
    const system = messages.find(({ role }) => role === 'system')?.content ?? ''
    const name = /You are ([\w-]+)/.exec(system)?.[1] ?? ''
    const part = parts[name] ?? ['All is well.']
    const told = messages.map(({ role, content }) => `${role}: ${content}`).join('\n\n')
    const turn = said.get(name) ?? 0
    said.set(name, turn + 1)
    const line = typeof part === 'function' ? part(told) : part[Math.min(turn, part.length - 1)]
    return line ?? ''
  }
  const answer: Script = response => {
    const { body = '{}', headers } = server.received.at(-1) ?? {}
    const key = `${headers?.['idempotency-key']}`
    const line = (heedsKeys && known.get(key)) || lineFor(body)
    known.set(key, line)
    const wait = pace()
    if (wait > 0) setTimeout(() => speak(line)(response), wait)
    else speak(line)(response)
  }
  server.play(answer)
  return server
}

/** One reply that says `line`. */
export function speak(line: Line): Script {
  const usage = { prompt_tokens: 100, completion_tokens: 10 }
  if (typeof line === 'object' && line !== null && 'calls' in line) {
    const calls = line.calls as readonly { tool: string; args: JsonObject }[]
    const tool_calls = calls.map(({ tool, args }, index) => ({
      index,
      id: `call-${index}`,
      function: { name: tool, arguments: JSON.stringify(args) },
    }))
    return events([
      { choices: [{ index: 0, delta: { tool_calls } }] },
      { choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] },
      { choices: [], usage },
    ])
  }
  const content = typeof line === 'string' ? line : JSON.stringify(line)
  return events([
    { choices: [{ index: 0, delta: { role: 'assistant', content } }] },
    { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
    { choices: [], usage },
  ])
}
