import * as z from 'zod'
import type { Steps, TeamContext } from '../coordination/ask.ts'
import { pathOf } from '../coordination/ask-for.ts'
import { attempt } from '../coordination/attempt.ts'
import { taskId } from '../coordination/decompose.ts'
import { CrewError } from '../errors.ts'
import { holds } from '../expressions/template.ts'
import type { Json } from '../json.ts'
import { budget } from '../policies/budget.ts'
import { check } from '../policies/check.ts'
import type { Pattern } from './pattern.ts'

const declared = z.strictObject({
  agent: z.string(),
  name: z
    .string()
    .regex(taskId, 'a stage is named by letters, digits, - and _, and starts with a letter')
    .optional()
    .describe('Name of the step; needed when one agent works twice'),
  when: z.string().optional().describe('CEL condition; the stage is skipped when it does not hold'),
  check: check.optional(),
  fallback: z.string().optional().describe('The agent that does it when this one fails'),
  budget: budget.optional(),
  onFailure: z
    .enum(['fail', 'continue'])
    .optional()
    .describe('fail (default): the run fails; continue: go on without it, and tell those who come after'),
})

const stage = z.union([z.string(), declared])

const schema = z.strictObject({
  kind: z.literal('pipeline'),
  stages: z
    .array(stage)
    .min(1)
    .describe('Agents, one after the other; each is handed what the one before gave'),
})

type Spec = z.infer<typeof schema>
type Stage = ReturnType<typeof stagesOf>[number]

/** One agent after the other. */
export const pipeline = {
  kind: 'pipeline',
  schema,

  async run(team, spec) {
    const steps: Steps = {}
    const scope = { ...team.scope, steps }
    let knowledge: Record<string, Json> = {}
    let output: Json = null
    const missing: string[] = []
    for (const stage of stagesOf(spec)) {
      const { step, when } = stage
      if (when !== undefined && !holds(when, scope)) {
        team.ctx.emit({ type: 'step.skipped', key: pathOf(team, step), reason: `when: ${when}` })
        continue
      }
      const given = await work(team, stage, { knowledge, missing, scope })
      if (!given) continue
      output = given.output
      steps[step] = given
      knowledge = { [step]: output }
    }
    if (missing.length > 0 && Object.keys(steps).length === 0) throw nothingDone(missing)
    return { output, steps }
  },

  graph(spec) {
    let after: string[] = []
    const nodes = stagesOf(spec).map(({ step, agent, path, when, onFailure }) => {
      const optional = when !== undefined || onFailure === 'continue'
      const node = { step, agent, path, after, ...(optional && { optional }) }
      after = [step]
      return node
    })
    return { nodes }
  },
} satisfies Pattern<Spec>

interface Before {
  readonly knowledge: Readonly<Record<string, Json>>
  /** Stages that failed, and why; this one is added when it does as well. */
  readonly missing: string[]
  readonly scope: TeamContext['scope']
}

/** What a stage gives; nothing when it failed and the others are to go on. */
async function work(
  team: TeamContext,
  { step, agent, check, fallback, budget, onFailure }: Stage,
  { knowledge, missing, scope }: Before,
): Promise<{ output: Json } | undefined> {
  const { task, ask, ctx } = team
  const packet = { task, knowledge, ...(missing.length > 0 && { progress: missing.join('\n') }) }
  const request = {
    key: step,
    packet,
    scope,
    ...(check && { check }),
    ...(fallback && { fallback: [fallback] }),
    ...(budget && { budget }),
  }
  if (onFailure !== 'continue') return { output: await ask(agent, request) }
  const ended = await attempt(team, ask(agent, request))
  if ('output' in ended) return ended
  const { message, code } = ended.error
  missing.push(`${step} gave no result: ${message}`)
  ctx.emit({
    type: 'decision',
    key: pathOf(team, step),
    what: 'partial',
    reason: `went on without ${step}`,
    values: { error: code, message },
  })
  return undefined
}

/** Going on without some stages is one thing, without all of them another. */
function nothingDone(missing: readonly string[]): CrewError {
  return new CrewError('task-failed', `no stage gave a result\n  ${missing.join('\n  ')}`, {
    hint: 'mend what failed, or give one of the stages a fallback',
  })
}

function stagesOf({ stages }: Spec) {
  return stages.map((stage, index) => {
    const written: z.infer<typeof declared> = typeof stage === 'string' ? { agent: stage } : stage
    const { agent, name = agent, ...more } = written
    const path = typeof stage === 'string' ? ['stages', index] : ['stages', index, 'agent']
    return { ...more, step: name, agent, path }
  })
}
