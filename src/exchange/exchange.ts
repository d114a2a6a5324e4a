import type { RunView } from '../store/view.ts'
import { Board } from './board.ts'
import { Mailbox } from './mailbox.ts'
import { Workspaces } from './workspaces.ts'

/** All that the agents of one team share. */
export interface Exchange {
  readonly board: Board
  readonly mailbox: Mailbox
  readonly workspaces: Workspaces
}

interface Place {
  readonly team?: string
  /** The folder of the team, and the one where copies of it go. */
  readonly root: string
  readonly copies: string
}

/**
 * The exchange of the team that works in the step `team`, the outermost one by default, as the journal left it. A team
 * inside of another has a board and a mailbox of its own, new each time that it is asked: names do not meet.
 */
export function openExchange(
  { exchanged, steps }: Pick<RunView, 'exchanged' | 'steps'>,
  { team = '', root, copies }: Place,
): Exchange {
  const own = exchanged.filter(({ key }) => teamOf(key, steps) === team)
  return { board: new Board(own), mailbox: new Mailbox(own), workspaces: new Workspaces(root, copies) }
}

/** The innermost team around the step `key`. */
export function teamOf(key: string, steps: RunView['steps']): string {
  const names = key.split('/')
  while (names.length > 0 && steps.get(names.join('/'))?.kind !== 'team') names.pop()
  return names.join('/')
}
