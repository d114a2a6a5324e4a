import * as z from 'zod'
import { patience } from '../deadlines.ts'
import type { Context } from '../engine/context.ts'
import { CrewError, toCrewError } from '../errors.ts'
import { renderText } from '../expressions/template.ts'
import { asText, type Json } from '../json.ts'
import { toldOf } from '../policies/memory.ts'
import { type AgentKind, imposedOutput, shared, text, toldInWords, type Work } from './agent.ts'

const schema = z
  .strictObject({
    kind: z.literal('human'),
    prompt: text.optional().describe('What the person is asked; by default what the pattern hands over'),
    choices: z.array(z.string()).min(1).optional().describe('The answers that are allowed; by default any'),
    otherwise: z.json().optional().describe('The answer that counts when nobody gives one in time'),
    ...shared,
    timeout: patience.optional(),
  })
  .superRefine(({ choices, output, timeout, otherwise }, context) => {
    const complain = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message })
    if (choices && output)
      complain('choices', 'give either "choices" or "output": an answer is a choice or JSON')
    if (otherwise === undefined) return
    if (!timeout) complain('otherwise', '"otherwise" counts when "timeout" is over, and there is none')
    if (choices && !choices.some(choice => choice === otherwise))
      complain('otherwise', `${JSON.stringify(otherwise)} is none of: ${choices.join(', ')}`)
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
    ...(output && { schema: output }),
    ...(prompt !== undefined && { detail: task }),
  }
  const answer = await inTime(work, ctx, ctx.waitFor('answer', asked, spec.timeout?.total))
  const said = asText(answer)
  if (!choices || choices.includes(said)) return answer
  throw new CrewError('output-invalid', `"${said}" is none of the answers that ${agent} may give`, {
    answer: said,
    hint: `answer with one of: ${choices.join(', ')}`,
  })
}

/** What the person says, or what counts when nobody says anything in time; the pattern's own questions have no such thing. */
async function inTime(work: Work<HumanSpec>, ctx: Context, answer: Promise<Json>): Promise<Json> {
  const { otherwise } = work.spec
  try {
    return await answer
  } catch (thrown) {
    const { code, message } = toCrewError(thrown)
    if (code !== 'timeout' || ctx.signal.aborted || otherwise === undefined || imposedOutput(work))
      throw thrown
    const reason = `${message}: it goes on with ${JSON.stringify(otherwise)}`
    ctx.emit({ type: 'decision', key: ctx.key, what: 'answer', reason, values: { answer: otherwise } })
    return otherwise
  }
}
