import type { PlannedTask } from '../../coordination/plan.ts'
import { CrewError } from '../../errors.ts'
import { brief, type Json } from '../../json.ts'

/** What the team file says, with the rest filled in. */
/** Characters of a step or a result that are shown. */
const LONGEST = 160

export interface Settings {
  readonly supervisor: string
  readonly workers: readonly string[]
  readonly replans: number
  readonly retries: number
  readonly validate: boolean
  readonly steps: number
}

/** A step of a plan. */
export interface Piece extends PlannedTask {
  readonly agent: string
  readonly why: string
  /** Steps of former plans whose results it needs. */
  readonly given: readonly string[]
}

/** A result that the supervisor let pass. */
export type Accepted = {
  readonly description: string
  /** Who did it in the end. */
  readonly agent: string
  readonly output: Json
}

/** A plan that the supervisor gave up. */
export type Dropped = {
  readonly why: string
  readonly pieces: readonly (Pick<Piece, 'id' | 'agent' | 'description'> & { readonly isAccepted: boolean })[]
}

/** How far a supervisor has come. */
export interface History {
  /** Every accepted result, by the id of its step. */
  readonly accepted: Readonly<Record<string, Accepted>>
  readonly dropped: readonly Dropped[]
}

export function outputsOf(accepted: History['accepted']): Record<string, Json> {
  return Object.fromEntries(Object.entries(accepted).map(([id, { output }]) => [id, output]))
}

/** A dropped plan, for whoever makes the next one or wants to know why there is none. */
export function inWords({ pieces, why }: Dropped, index: number): string {
  const lines = pieces.map(({ id, agent, description, isAccepted }) => {
    return `  ${id} by ${agent}${isAccepted ? ', accepted' : ''}: ${brief(description, LONGEST)}`
  })
  return [`plan ${index + 1} was dropped because of ${why}`, ...lines].join('\n')
}

export function halted(
  supervisor: string,
  id: string,
  { message, details }: CrewError,
  accepted: History['accepted'],
): CrewError {
  const results = Object.entries(accepted).map(
    ([id, { agent, output }]) => `  ${id} by ${agent}: ${brief(output, LONGEST)}`,
  )
  const kept = results.length > 0 ? ['accepted so far:', ...results] : ['nothing was accepted so far']
  return new CrewError('halted', [`${supervisor} halted at ${id}: ${message}`, ...kept].join('\n'), {
    ...details,
    hint: `when what it says is mended, have ${id} done again with: crew resume RUN`,
  })
}

export function usedUp(supervisor: string, { details }: CrewError, dropped: readonly Dropped[]): CrewError {
  const plans = dropped.length
  const message = `${supervisor} wants plan ${plans + 1}, and replans: ${plans - 1} allows no more than ${plans}`
  return new CrewError('limit-rounds', [message, ...dropped.map(inWords)].join('\n'), {
    ...details,
    hint: 'have its last step done once more with: crew resume RUN',
  })
}
