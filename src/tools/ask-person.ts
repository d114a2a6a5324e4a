import * as z from 'zod'
import { toCrewError } from '../errors.ts'
import type { Json } from '../json.ts'
import { defineTool, type Tool, toolFailed } from './tool.ts'

export const ASK_PERSON = 'ask_person'

/** What the tool works with. */
export interface Asking {
  /** Milliseconds that an answer is waited for; without end by default. */
  readonly timeout?: number | undefined
  /** An invented answer, in a rehearsal: nobody is waited for. */
  readonly invent?: ((question: string) => Promise<Json>) | undefined
}

/** Lets a model ask the person who runs it. The question is durable: the process may end before it is answered. */
export function askPerson({ timeout, invent }: Asking): Tool {
  return defineTool({
    name: ASK_PERSON,
    description:
      'Asks the person whom you work for, and gives the answer. Ask only what you cannot find out or decide yourself: the person may take hours.',
    args: z.strictObject({
      question: z.string().min(1).max(10_000).describe('The question, with all that is needed to answer it'),
      choices: z
        .array(z.string().min(1).max(200))
        .min(2)
        .max(20)
        .refine(choices => new Set(choices).size === choices.length, 'each choice once')
        .optional()
        .describe('The answers to choose from; by default any text'),
    }),
    async run({ question, choices }, { ctx, aside }) {
      if (invent) return choices?.[0] ?? invent(question)
      try {
        const asked = { question, ...(choices && { choices }) }
        return await aside(() => ctx.waitFor('answer', asked, timeout))
      } catch (thrown) {
        const { code, message } = toCrewError(thrown)
        if (code !== 'timeout' || ctx.signal.aborted) throw thrown
        throw toolFailed(`${message}. Go on without the answer.`, thrown)
      }
    },
  })
}
