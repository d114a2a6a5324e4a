import type OpenAI from 'openai'
import type { Draft } from './draft.ts'
import type { ResolvedEndpoint } from './endpoint.ts'
import type { ModelRequest } from './model.ts'

/** One of the APIs by which a model can be asked: how a request is put, and how the answer is read. */
export interface Dialect {
  send(
    client: OpenAI,
    endpoint: ResolvedEndpoint,
    request: ModelRequest,
    headers: Record<string, string>,
  ): Sent
  /**
   * Adds to `draft` what `part` says: an event of a stream, or a whole reply. Throws a ZodError when it does not have
   * the shape it should.
   */
  read(draft: Draft, part: unknown, onText: (delta: string) => void): void
}

/** The SDK's promise: of the events of a stream, or of the response as it came. */
type Sent = PromiseLike<AsyncIterable<unknown>> & { asResponse(): Promise<Response> }
