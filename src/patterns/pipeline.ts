import { z } from 'zod'
import { type Steps, withContributions } from '../coordination/ask.ts'
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
    const steps: Steps = {}
    const scope = { ...team.scope, steps }
    let contribution: Record<string, Json> = {}
    let output: Json = null
    for (const { step, agent, when } of stagesOf(spec)) {
      if (when !== undefined && !holds(when, scope)) {
        team.ctx.emit({ type: 'step.skipped', key: step, reason: `when: ${when}` })
        continue
      }
      output = await team.ask(agent, { key: step, task: withContributions(team.task, contribution), scope })
      steps[step] = { output }
      contribution = { [step]: output }
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
