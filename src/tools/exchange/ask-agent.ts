import * as z from 'zod'
import type { Context } from '../../engine/context.ts'
import { toCrewError } from '../../errors.ts'
import type { Json } from '../../json.ts'
import type { MessageType } from '../../store/events.ts'
import { defineTool, type Tool, toolFailed } from '../tool.ts'
import { oneOf, type Part } from './part.ts'

export function askAgent(part: Part): Tool {
  return defineTool({
    name: 'ask_agent',
    description:
      'Asks another agent something at once, and gives its answer. It knows only what you tell it.',
    args: z.strictObject({
      agent: oneOf(part.others, 'Who is asked'),
      question: z.string().min(1).describe('The question, with all that is needed to answer it'),
      deadline: z
        .number()
        .positive()
        .max(86_400)
        .default(600)
        .describe('Seconds after which you go on without an answer'),
    }),
    async run({ agent, question, deadline }, { ctx }) {
      const refusal = part.refusal(agent)
      if (refusal !== undefined) throw toolFailed(refusal)
      const correspond = correspondence(part, agent, ctx)
      correspond('task.request', question)
      try {
        const answer = await within(deadline, ctx, key => part.ask(agent, question, ctx, key))
        correspond('task.response', answer)
        return answer
      } catch (thrown) {
        const { message } = toCrewError(thrown)
        if (ctx.signal.aborted) throw thrown
        correspond('error', message)
        throw toolFailed(`${agent} gave no answer: ${message}`, thrown)
      }
    },
  })
}

/** Puts question and answer into the mailbox: each arrives the moment it is sent. */
function correspondence({ agent: asking, exchange: { mailbox } }: Part, asked: string, ctx: Context) {
  const conversation = { correlationId: ctx.key }
  return (type: MessageType, payload: Json) => {
    const way =
      type === 'task.request'
        ? { id: ctx.key, from: asking, to: asked }
        : { id: `${ctx.key}/answer`, from: asked, to: asking, replyTo: ctx.key }
    const message = mailbox.send(ctx, { ...conversation, ...way, type, payload })
    mailbox.deliver(ctx, message, way.to)
    mailbox.acknowledge(ctx, message.id, way.to)
  }
}

/** What the step that `start` makes gives, unless the time is over before. */
async function within(seconds: number, ctx: Context, start: (key: string) => Promise<Json>): Promise<Json> {
  const timer = ctx.step('deadline', { kind: 'timer' }, inner => inner.sleep('over', seconds * 1000))
  const answer = start('answer')
  // One of them may fail while nobody looks at it.
  timer.catch(() => {})
  answer.catch(() => {})
  const first = await ctx.next(['answer', 'deadline'])
  if (first === 'answer') return answer
  throw toolFailed(`the deadline of ${seconds} seconds is over`)
}
