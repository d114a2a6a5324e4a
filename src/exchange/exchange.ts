import type { ExchangeFact } from '../store/events.ts'
import { Board } from './board.ts'
import { Mailbox } from './mailbox.ts'

/** All that the agents of one run share. */
export interface Exchange {
  readonly board: Board
  readonly mailbox: Mailbox
}

/** The exchange of a run, as its journal left it. */
export function openExchange(recorded: readonly ExchangeFact[]): Exchange {
  return { board: new Board(recorded), mailbox: new Mailbox(recorded) }
}
