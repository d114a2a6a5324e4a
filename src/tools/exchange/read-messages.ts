import * as z from 'zod'
import type { Message } from '../../store/events.ts'
import { defineTool, type Tool } from '../tool.ts'
import type { Part } from './part.ts'

export function readMessages({ agent, exchange: { mailbox } }: Part): Tool {
  return defineTool({
    name: 'read_messages',
    description:
      'Reads the messages that other agents left for you and that you have not read yet. To one that lacks something, reply with send_message and the type help.request.',
    args: z.strictObject({}),
    async run(_, { ctx }) {
      // Received in a step of its own: only what is sure to reach the model is acknowledged.
      const received = ctx.step('receive', { kind: 'mailbox' }, async inner =>
        mailbox.receive(inner, agent).map(shown),
      )
      const messages = await received
      for (const { id } of messages) mailbox.acknowledge(ctx, id, agent)
      return messages.length === 0 ? 'There are no new messages.' : messages
    },
  })
}

function shown({ id, type, from, replyTo, payload }: Message) {
  return { id, type, from, ...(replyTo !== undefined && { replyTo }), payload }
}
