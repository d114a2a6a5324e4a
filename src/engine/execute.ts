import { CrewError, toCrewError } from '../errors.ts'
import { asJson, type Json } from '../json.ts'
import type { Context } from './context.ts'
import { Execution, type ExecutionOptions } from './execution.ts'
import { Scope } from './scope.ts'

export type Program = (ctx: Context) => Promise<Json>

export type Outcome =
  | { readonly state: 'succeeded'; readonly output: Json }
  | { readonly state: 'failed' | 'interrupted' | 'cancelled'; readonly error: CrewError }
  | {
      readonly state: 'waiting'
      readonly on: readonly string[]
      /** When the first of them is over, in milliseconds since the epoch; absent when none ends by itself. */
      readonly until?: number
    }

/**
 * Runs `program` over what is already recorded of it, to its end or until it can only wait for people. Never rejects.
 * When it resolves nothing of the program is in flight any more, and everything it left behind has been appended.
 */
export async function execute(
  program: Program,
  options: ExecutionOptions,
  stop: AbortSignal,
): Promise<Outcome> {
  const execution = new Execution(options)
  const root = Scope.root(execution)
  const abort = () => execution.fail(toCrewError(stop.reason))
  execution.onFailure = error => root.abort(error)
  stop.addEventListener('abort', abort)
  if (stop.aborted) abort()
  const over = new AbortController()
  try {
    await execution.begin()
    execution.listen(over.signal).catch(thrown => over.signal.aborted || execution.fail(toCrewError(thrown)))
    const output = execution.redact(asJson(await program(root)))
    await root.close(new CrewError('cancelled', 'the run ended without it'))
    if (execution.failure) throw execution.failure
    return { state: 'succeeded', output }
  } catch (thrown) {
    const error = execution.failure ?? toCrewError(thrown)
    await root.close(error)
    if (error.code === 'waiting') {
      const { due } = execution.waits
      return {
        state: 'waiting',
        on: error.details.because ?? [],
        ...(due !== undefined && { until: due }),
      }
    }
    if (error.code === 'interrupted') return { state: 'interrupted', error }
    // A step that was cancelled within a run is none of its ends.
    return {
      state: error === execution.failure && error.code === 'cancelled' ? 'cancelled' : 'failed',
      error,
    }
  } finally {
    over.abort()
    stop.removeEventListener('abort', abort)
  }
}
