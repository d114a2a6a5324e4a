import type { Grants } from '../../exchange/grants.ts'
import type { Tool } from '../tool.ts'
import { askAgent } from './ask-agent.ts'
import { readBoard, writeBoard } from './board.ts'
import { handOff } from './hand-off.ts'
import type { Part } from './part.ts'
import { publish } from './publish.ts'
import { readMessages } from './read-messages.ts'
import { sendMessage } from './send-message.ts'

/** Tools that a team file may give to an agent in any pattern: they reach all agents, and every name on the board. */
export const EXCHANGE_TOOLS = ['ask_agent', 'send_message', 'read_messages', 'read_board', 'write_board']

/** What a model may do to the others: what its team file lists among its tools, and what the pattern grants. */
export function exchangeTools(part: Part, listed: readonly string[], grants: Grants = {}): Tool[] {
  const { handOff: receivers = [], publish: topics = [], send = [], write = [] } = grants
  const lists = (name: string) => listed.includes(name)
  const reached = lists('send_message') ? part.others : send
  return [
    ...(receivers.length > 0 ? [handOff(part, receivers)] : []),
    ...(topics.length > 0 ? [publish(part, topics)] : []),
    ...(reached.length > 0 ? [sendMessage(part, reached)] : []),
    ...(send.length > 0 || lists('read_messages') ? [readMessages(part)] : []),
    ...(write.length > 0 || lists('read_board') ? [readBoard(part)] : []),
    ...(lists('write_board') ? [writeBoard(part)] : write.length > 0 ? [writeBoard(part, write)] : []),
    ...(lists('ask_agent') && part.others.length > 0 ? [askAgent(part)] : []),
  ]
}
