import { z } from 'zod'
import { patience } from '../deadlines.ts'
import type { Context } from '../engine/context.ts'
import { CrewError } from '../errors.ts'
import { renderText } from '../expressions/template.ts'
import { asText, type Json } from '../json.ts'
import { toldOf } from '../policies/memory.ts'
import { type AgentKind, imposedOutput, shared, text, toldInWords, type Work } from './agent.ts'

const schema = z
  .strictObject({
    kind: z.literal('human'),
    ...shared,
    timeout: patience.optional(),
    prompt: text.optional().describe('What the person is asked; by default what the pattern hands over'),
    choices: z.array(z.string()).min(1).optional().describe('The answers that are allowed; by default any'),
  })
  .superRefine(({ choices, output }, context) => {
    if (!choices || !output) return
    const message = 'give either "choices" or "output": an answer is a choice or JSON'
    context.addIssue({ code: 'custom', path: ['choices'], message })
  })

export type HumanSpec = z.infer<typeof schema>

/** A person: is asked, and answers whenever it suits, with `crew answer`. Costs nothing, takes no place, never hurries. */
export const human = {
  kind: 'human',
  schema,
  perform,
  // Asking a person once more does no harm.
  mayRepeat: () => true,
  isIdle: true,
} satisfies AgentKind<HumanSpec>

async function perform(work: Work<HumanSpec>, ctx: Context): Promise<Json> {
  const { agent, task, spec, scope, services, output } = work
  // What the pattern needs goes before what the person may usually say.
  const choices = imposedOutput(work) ? undefined : spec.choices
  const prompt = spec.prompt === undefined ? undefined : renderText(spec.prompt, scope)
  const words = toldInWords({ ...work, task: prompt ?? task }, output)
  const question = [words, toldOf(work.past)].filter(Boolean).join('\n\n')
  if (services.rehearsal) {
    return choices?.[0] ?? services.rehearse({ agent, task: question, ...(output && { output }) })
  }
  const asked = {
    question,
    ...(choices && { choices }),
    ...(prompt !== undefined && { detail: task }),
  }
  const answer = await ctx.waitFor('answer', asked, spec.timeout?.total)
  const said = asText(answer)
  if (!choices || choices.includes(said)) return answer
  throw new CrewError('output-invalid', `"${said}" is none of the answers that ${agent} may give`, {
    answer: said,
    hint: `answer with one of: ${choices.join(', ')}`,
  })
}
