import { CrewError } from '../errors.ts'
import type { RunRow, Store } from './store.ts'

/**
 * The run that a person means by `reference`: an id, the beginning of one, `last`, or `-1` for the last, `-2` for the
 * one before it.
 */
export async function findRun(store: Store, reference: string): Promise<RunRow> {
  // An empty variable of a script must not be whatever run there is.
  if (reference.trim() === '') throw notFound('no run is named')
  const back = reference === 'last' ? 1 : Number(/^-(\d+)$/.exec(reference)?.[1])
  if (back < 1) throw notFound(`${reference} is no run: the last one is -1`)
  if (back >= 1) {
    const limit = Math.min(back, Number.MAX_SAFE_INTEGER)
    const run = (await store.runs({ limit }))[back - 1]
    if (run) return run
    throw back === 1
      ? new CrewError('run-not-found', 'there are no runs yet', {
          hint: 'start one with: crew run TEAM --rehearse',
        })
      : notFound(`there are fewer than ${reference.slice(1)} runs`)
  }
  const exact = await store.run(reference)
  if (exact) return exact
  const [run, ...more] = await store.runs({ idPrefix: reference, limit: 6 })
  if (!run) throw notFound(`there is no run ${reference}`)
  if (more.length === 0) return run
  const ids = [run, ...more].map(({ id }) => id)
  throw new CrewError(
    'usage',
    `${reference} may be any of several runs: ${ids.slice(0, 5).join(', ')}${ids.length > 5 ? ' …' : ''}`,
    {
      hint: 'give more of the id',
    },
  )
}

function notFound(message: string): CrewError {
  return new CrewError('run-not-found', message, { hint: 'see what there is with: crew ls' })
}
