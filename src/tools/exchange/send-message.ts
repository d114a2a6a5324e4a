import * as z from 'zod'
import type { Message } from '../../store/events.ts'
import { defineTool, type Tool } from '../tool.ts'
import { anything, oneOf, type Part } from './part.ts'

/** Who is written to when all others are. */
export const EVERYBODY = 'everybody'

/** Messages that agents write of their own accord. */
export const TYPES = [
  'status',
  'task.request',
  'task.response',
  'help.request',
  'help.decline',
  'error',
] as const

export function receiverOf(to: string): Pick<Message, 'to' | 'broadcast'> {
  return to === EVERYBODY ? { broadcast: true } : { to }
}

export function sendMessage({ agent, exchange }: Part, names: readonly string[]): Tool {
  return defineTool({
    name: 'send_message',
    description:
      'Leaves a message for another agent, who finds it when it reads its messages. It does not wait for an answer.',
    args: z.strictObject({
      to: oneOf([...names, EVERYBODY], `Who is to read it; "${EVERYBODY}" for all others`),
      payload: anything('What you have to say'),
      type: z
        .enum(TYPES)
        .default('status')
        .describe('status: for information; help.request: also to say what a message to you lacks'),
      replyTo: z.string().optional().describe('Id of the message that this one answers'),
    }),
    async run({ to, payload, type, replyTo }, { ctx }) {
      const { id } = exchange.mailbox.send(ctx, {
        type,
        from: agent,
        ...receiverOf(to),
        ...(replyTo !== undefined && { replyTo }),
        payload,
      })
      return `Sent to ${to}. Its id is ${id}.`
    },
  })
}
