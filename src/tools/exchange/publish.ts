import * as z from 'zod'
import { defineTool, type Tool } from '../tool.ts'
import { anything, oneOf, type Part } from './part.ts'

export function publish({ agent, exchange }: Part, topics: readonly string[]): Tool {
  return defineTool({
    name: 'publish',
    description: 'Tells all agents that follow a topic that something has happened.',
    args: z.strictObject({
      topic: oneOf(topics, 'What it is about'),
      payload: anything('What has happened'),
    }),
    async run({ topic, payload }, { ctx }) {
      exchange.mailbox.send(ctx, { type: 'event', from: agent, topic, payload })
      return `Published to ${topic}.`
    },
  })
}
