import type { Draft } from './draft.ts'
import type { ResolvedEndpoint } from './endpoint.ts'
import type { ModelRequest } from './model.ts'

/** One of the APIs by which a model can be asked: how a request is put, and how the answer is read. */
export interface Dialect {
  /** Of the resource, below the address of the endpoint. */
  readonly path: string
  /** The body of a request. */
  write(endpoint: ResolvedEndpoint, request: ModelRequest): object
  /**
   * Adds to `draft` what `part` says: an event of a stream, or a whole reply. Throws a ZodError when it does not have
   * the shape it should.
   */
  read(draft: Draft, part: unknown, onText: (delta: string) => void): void
}
