import * as z from 'zod'
import type { Scope } from '../expressions/template.ts'
import type { Json } from '../json.ts'
import type { TeamContext } from './ask.ts'
import { askFor, pathOf } from './ask-for.ts'
import { attempt } from './attempt.ts'

export interface Parts {
  readonly key: string
  /** The agent that makes one result out of all; without one they stay side by side. */
  readonly by?: string | undefined
  /** What the whole was to be. */
  readonly task: string
  readonly results: Readonly<Record<string, Json>>
  /** Why some gave no result. */
  readonly failures?: Readonly<Record<string, string>>
  /** What templates of the agent see. */
  readonly scope?: Scope
}

/**
 * Makes one result out of partial ones, as the step `KEY`. A model names the contradictions between them first, as the
 * step `KEY-contradictions`, and how each is settled; it keeps to that in what it writes.
 */
export async function assemble(team: TeamContext, parts: Parts): Promise<Json> {
  const { key, by, task, results, failures = {}, scope = team.scope } = parts
  if (by === undefined) return results
  const missing = Object.entries(failures).map(([name, why]) => `${name} gave no result: ${why}`)
  const progress = missing.length > 0 && { progress: missing.join('\n') }
  const packet = { task, ...progress, knowledge: results }
  const request = { packet, scope }
  const names = Object.keys(results)
  const mayDiffer = names.length > 1 && team.agents[by]?.isModel === true
  const settled = mayDiffer ? await settle(team, by, { ...request, key: `${key}-contradictions` }, names) : []
  const current = 'Make one result out of all that was given to you.'
  const constraints = settled.map(({ about, settled }) => `On ${about}: ${settled}`)
  return team.ask(by, { ...request, key, packet: { ...packet, constraints, current } })
}

type Request = Omit<Parameters<typeof askFor>[2], 'answer'>

async function settle(team: TeamContext, by: string, request: Request, names: readonly string[]) {
  const contradiction = z.strictObject({
    between: z.array(z.enum(names)).describe('Who contradict each other: two or more of them'),
    about: z.string().describe('What they say differently, and what each says'),
    settled: z.string().describe('What is to hold in the whole, and why'),
  })
  const answer = z.strictObject({
    contradictions: z.array(contradiction).describe('Every contradiction; an empty list if there are none'),
  })
  const instruction =
    'Do not write the result yet. Name every contradiction between the results that you are given: statements that cannot both hold. Say how each is settled.'
  const asked = await attempt(team, askFor(team, by, { ...request, answer, instruction }))
  const key = pathOf(team, request.key)
  if ('error' in asked) {
    const { code, message } = asked.error
    const reason = `${by} could not say whether the results contradict each other: ${message}`
    team.ctx.emit({ type: 'decision', key, what: 'partial', reason, values: { error: code } })
    return []
  }
  const { contradictions } = answer.parse(asked.output)
  for (const { between, about, settled } of contradictions) {
    const reason = `${between.join(' and ')} contradict each other on ${about}; settled: ${settled}`
    const values = { between, about, settled, by }
    team.ctx.emit({ type: 'decision', key, what: 'contradiction', reason, values })
  }
  return contradictions
}
