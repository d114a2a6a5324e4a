import type { JsonObject, JsonSchema, Json } from '../json.ts'
import type { Effects } from '../store/events.ts'

/** Something a model may do besides talking. */
export interface Tool {
  readonly name: string
  /** Said to the model. */
  readonly description: string
  readonly parameters: JsonSchema
  readonly effects: Effects
  /** `args` satisfy `parameters`. Rejects with a CrewError `tool-failed` whose message is for the model. */
  call(args: JsonObject, setting: { readonly root: string; readonly signal: AbortSignal }): Promise<Json>
}
