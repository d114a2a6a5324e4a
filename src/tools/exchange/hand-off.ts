import * as z from 'zod'
import { defineTool, type Tool } from '../tool.ts'
import { oneOf, type Part } from './part.ts'

/** What the receiver is handed. */
export const handover = {
  task: z.string().min(1).describe('What it is to do'),
  summary: z.string().default('').describe('What has been done so far'),
  knowledge: z.string().default('').describe('Facts that are worth keeping'),
  constraints: z.array(z.string()).default([]).describe('What must hold whatever it does'),
}

/** Passes control to one of `names`; the pattern sees to it once the agent has ended its turn. */
export function handOff({ agent, exchange }: Part, names: readonly string[]): Tool {
  return defineTool({
    name: 'hand_off',
    description:
      'Passes control to another agent, which goes on with the work in your place. Say all that it needs: it sees nothing else of what you did. Control passes when you end your turn, so say in a few words that you handed over, and do nothing more.',
    args: z.strictObject({
      to: oneOf(names, 'The agent that goes on'),
      ...handover,
    }),
    async run({ to, ...payload }, { ctx }) {
      exchange.mailbox.send(ctx, { type: 'handoff', from: agent, to, payload })
      return `Control passes to ${to} when you end your turn. End it now.`
    },
  })
}
