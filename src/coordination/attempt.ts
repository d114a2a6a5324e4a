import { type CrewError, toCrewError } from '../errors.ts'
import type { Json } from '../json.ts'
import type { TeamContext } from './ask.ts'

export type Attempt<T = Json> = { readonly output: T } | { readonly error: CrewError }

/** How some work ended, for a pattern that can go on without it. What brings the whole run down is thrown. */
export async function attempt<T>({ ctx }: TeamContext, work: Promise<T>): Promise<Attempt<T>> {
  try {
    return { output: await work }
  } catch (thrown) {
    if (ctx.signal.aborted) throw thrown
    return { error: toCrewError(thrown) }
  }
}
