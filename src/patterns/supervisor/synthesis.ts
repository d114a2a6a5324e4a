import * as z from 'zod'
import type { TeamContext } from '../../coordination/ask.ts'
import { askFor, pathOf } from '../../coordination/ask-for.ts'
import { CrewError } from '../../errors.ts'
import type { Packet } from '../../exchange/packet.ts'
import { asText, type Json } from '../../json.ts'
import { type History, outputsOf, type Settings } from './history.ts'

/** How often the supervisor may try to answer the request. */
const ATTEMPTS = 2

const HOW = `Your workers have done their steps, and you accepted the results. Give the answer to the task now, out of \
these results: complete, and without a word on how it came about.`

const CHECK =
  'Judge whether this answer does all that the task asks for. What is missing matters, and not style.'

const verdict = z.strictObject({
  accepted: z.boolean().describe('Whether the answer does all that was asked for at first'),
  why: z.string().describe('What is missing or wrong, all of it; or why all is well'),
})

/**
 * Has the supervisor make one answer of all accepted results, and judge it by what was asked at first. Throws
 * `check-failed` when the second is no better; a run that is resumed then has as many attempts again.
 */
export function synthesize(
  team: TeamContext,
  { supervisor, validate }: Settings,
  accepted: History['accepted'],
): Promise<Json> {
  const steps = Object.values(accepted).map(({ agent, output }) => [agent, { output }])
  const scope = { ...team.scope, steps: Object.fromEntries(steps) }
  return team.group('synthesis', async group => {
    let packet: Packet = { task: team.task, knowledge: outputsOf(accepted) }
    for (let attempt = 1; ; attempt += 1) {
      const answer = await group.ask(supervisor, { key: `try-${attempt}`, packet, scope, instruction: HOW })
      if (!validate) return answer
      const key = `verdict-${attempt}`
      const { accepted: isAccepted, why } = await askFor(group, supervisor, {
        key,
        packet: { task: team.task, knowledge: { 'you, to be judged': answer } },
        scope,
        instruction: CHECK,
        answer: verdict,
      })
      const isLast = attempt === ATTEMPTS * (1 + group.ctx.reopened)
      const what = isAccepted ? 'accept' : isLast ? 'reject' : 'retry'
      group.ctx.emit({ type: 'decision', key: pathOf(group, key), what, reason: `the answer: ${why}` })
      if (isAccepted) return answer
      if (isLast) throw unanswered(supervisor, attempt, why, answer)
      packet = {
        task: team.task,
        knowledge: { ...outputsOf(accepted), 'you, not accepted': answer },
        constraints: [why],
      }
    }
  })
}

function unanswered(supervisor: string, attempts: number, why: string, answer: Json): CrewError {
  return new CrewError(
    'check-failed',
    `the answer of ${supervisor} does not do what was asked, after ${attempts} attempts: ${why}`,
    { answer: asText(answer), hint: 'all results are kept; have it answer again with: crew resume RUN' },
  )
}
