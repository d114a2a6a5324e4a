import type { Context } from '../engine/context.ts'
import type { Json, JsonObject } from '../json.ts'
import type { Scope } from '../template.ts'

/** What a pattern works with: the engine's context, and agents to ask. */
export interface TeamContext extends Context {
  readonly input: JsonObject
  readonly scope: Scope
  ask(agent: string, request: AskRequest): Promise<Json>
}

export interface AskRequest { readonly key: string; readonly task: string; readonly scope: Scope; readonly signal?: AbortSignal }
