import { CrewError } from '../../errors.ts'
import type { Board, Write } from '../../exchange/board.ts'
import { brief, canonical, hash } from '../../json.ts'

/** How often in a row a board may become what it had been before. */
const RETURNS = 2

/**
 * Watches a board for agents that overwrite each other: it is told the version after each contribution, and throws
 * `limit-loop` once the whole board has come back, twice in a row, to what it had been. As long as anything on it
 * is new there is progress, and a contribution that changes nothing leads nowhere, neither on nor back.
 */
export function watchForCircles(board: Board, begin: number): (version: number) => void {
  const stateAt = (version: number) => hash(canonical(board.at(version).values))
  let state = stateAt(begin)
  let returns = 0
  let circle = begin
  const seen = new Map([[state, begin]])
  return version => {
    const before = state
    state = stateAt(version)
    if (state === before) return
    const first = seen.get(state)
    if (first === undefined) {
      seen.set(state, version)
      returns = 0
      return
    }
    returns += 1
    if (returns === 1) circle = first
    if (returns >= RETURNS) throw inCircles(board.since(Math.max(0, circle - 1), version))
  }
}

function inCircles(circle: readonly Write[]): CrewError {
  const names = [...new Set(circle.map(({ name }) => name))]
  const history = names.map(name => {
    const writes = circle.filter(write => write.name === name)
    const said = writes.map(
      ({ by, value, version }) => `${by} wrote ${brief(JSON.stringify(value))} (version ${version})`,
    )
    return `\n  ${name}: ${said.join(', ')}`
  })
  // The first write is where the circle begins, whoever made it.
  const writers = [...new Set(circle.slice(1).map(({ by }) => by))]
  return new CrewError(
    'limit-loop',
    `${writers.join(' and ')} overwrite each other: twice in a row the board became what it had been before${history.join('')}`,
    { hint: 'let only one of them write that name, or give one a condition that no longer holds then' },
  )
}
