import { z } from 'zod'
import { withContributions, withSteps } from '../coordination/ask.ts'
import { holds } from '../expressions/template.ts'
import type { Json } from '../json.ts'
import type { Pattern } from './pattern.ts'

const stage = z.union([
  z.string(),
  z.strictObject({
    agent: z.string(),
    name: z.string().optional().describe('Name of the step; needed when one agent works twice'),
    when: z.string().optional().describe('CEL condition; the stage is skipped when it does not hold'),
  }),
])

const schema = z.strictObject({
  kind: z.literal('pipeline'),
  stages: z
    .array(stage)
    .min(1)
    .describe('Agents, one after the other; each is handed what the one before gave'),
})

type Spec = z.infer<typeof schema>

/** One agent after the other. */
export const pipeline = {
  kind: 'pipeline',
  schema,

  async run(team, spec) {
    const steps: Record<string, Json> = {}
    let contributions: Record<string, Json> = {}
    let output: Json = null
    for (const { step, agent, when } of stagesOf(spec)) {
      const scope = withSteps(team.scope, steps)
      if (when !== undefined && !holds(when, scope)) {
        team.ctx.emit({ type: 'step.skipped', key: step, reason: `when: ${when}` })
        continue
      }
      output = await team.ask(agent, { key: step, task: withContributions(team.task, contributions), scope })
      steps[step] = output
      contributions = { [step]: output }
    }
    return { output, steps }
  },

  graph(spec) {
    let after: string[] = []
    return stagesOf(spec).map(({ step, agent, path, when }) => {
      const node = { step, agent, path, after, ...(when !== undefined && { optional: true }) }
      after = [step]
      return node
    })
  },
} satisfies Pattern<Spec>

function stagesOf({ stages }: Spec) {
  return stages.map((stage, index) =>
    typeof stage === 'string'
      ? { step: stage, agent: stage, path: ['stages', index] }
      : { ...stage, step: stage.name ?? stage.agent, path: ['stages', index, 'agent'] },
  )
}
