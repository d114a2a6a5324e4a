import * as z from 'zod'
import type { Context } from '../engine/context.ts'
import { CrewError } from '../errors.ts'
import { renderDeep } from '../expressions/template.ts'
import { isObject, type Json } from '../json.ts'
import { type AgentKind, imposedOutput, shared, spending, toldInWords, type Work } from './agent.ts'

const { timeout: _, ...declared } = shared

/** A whole definition. What it may contain is not known down here: the editor's schema and `team/load` say it. */
export const definition = z.record(z.string(), z.json())

const schema = z.strictObject({
  kind: z.literal('team'),
  team: z
    .union([z.string(), definition])
    .describe(
      'Path of a team file, relative to this one and in its folder or below; or a team, written here',
    ),
  input: z
    .record(z.string(), z.json())
    .optional()
    .describe('What that team is given, by its inputs; the task fills the text that is left open'),
  ...declared,
  ...spending,
})

export type TeamSpec = z.infer<typeof schema>

/** A team that is a member of another: it is asked like anybody else, and works by a pattern of its own. */
export const team = {
  kind: 'team',
  schema,
  perform,
  // Its members try again by themselves.
  mayRepeat: () => false,
  isIdle: true,
} satisfies AgentKind<TeamSpec>

async function perform(work: Work<TeamSpec>, ctx: Context): Promise<Json> {
  const { agent, root, spec, scope, services, accounts } = work
  if (services.limits.depth < 1) {
    throw new CrewError('limit-depth', `${agent} is a team inside of more teams than limits.depth allows`, {
      hint: 'raise depth under limits in the team file, or nest less',
    })
  }
  const rendered = renderDeep(spec.input ?? {}, scope)
  const given = isObject(rendered) ? rendered : {}
  const output = imposedOutput(work)
  const task = toldInWords(work, output)
  const besides = toldInWords({ ...work, task: '' }, output)
  // The members work in a step of their own, where their names meet no other keys.
  return ctx.step('team', { kind: 'team', input: { task, ...given } }, inner =>
    services.runTeam({ agent, root, given, task, besides, accounts }, inner),
  )
}
