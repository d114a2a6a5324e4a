import * as z from 'zod'
import type { TeamContext } from '../coordination/ask.ts'
import { askFor, pathOf, schemaOf } from '../coordination/ask-for.ts'
import { CrewError } from '../errors.ts'
import type { Edge, Node, Pattern } from './pattern.ts'

/** What a classifier says when no label fits. */
const NONE = 'none'

const schema = z
  .strictObject({
    kind: z.literal('route'),
    classifier: z.string().describe('The agent that says which label fits'),
    routes: z
      .record(z.string().min(1), z.string())
      .refine(routes => Object.keys(routes).length > 0, 'name at least one label and its agent')
      .describe('Labels, and the agent that works on what has this label'),
    default: z
      .string()
      .optional()
      .describe('The agent that works on everything else; without it the run fails then'),
    confidence: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe('How sure the classifier must be for its label to count; 0.5 by default'),
  })
  .superRefine(({ classifier, routes, default: other }, context) => {
    const problem = (message: string, ...path: string[]) =>
      context.addIssue({ code: 'custom', path, message })
    if (Object.hasOwn(routes, NONE))
      problem(`"${NONE}" is what the classifier says when no label fits: use "default"`, 'routes', NONE)
    const message = 'the classifier only classifies: name another agent to do the work'
    for (const [label, agent] of Object.entries(routes))
      if (agent === classifier) problem(message, 'routes', label)
    if (other === classifier) problem(message, 'default')
  })

type Spec = z.infer<typeof schema>

const CONFIDENCE = 0.5

/** A task is classified once, and done by the agent for what it is. */
export const route = {
  kind: 'route',
  schema,

  async run(team, spec) {
    const { task, scope } = team
    const { classifier } = spec
    const instruction = `Which of these labels fits? "${NONE}" when none does.\n${labelsOf(team, spec)}`
    const answer = answerFor(spec)
    const found = await askFor(team, classifier, { key: classifier, answer, instruction })
    const agent = choose(team, spec, found)
    const steps = { [classifier]: { output: found } }
    const progress = `${classifier} classified this as ${found.label}: ${found.why}`
    const packet = { task, progress }
    const output = await team.ask(agent, { key: agent, packet, scope: { ...scope, steps } })
    return { output, steps: { ...steps, [agent]: { output } } }
  },

  graph(spec) {
    const { classifier, routes, default: other, confidence = CONFIDENCE } = spec
    const targets = [
      ...Object.entries(routes).map(([label, agent]) => ({ label, agent, path: ['routes', label] })),
      ...(other ? [{ label: `else, or confidence < ${confidence}`, agent: other, path: ['default'] }] : []),
    ]
    const first = { step: classifier, agent: classifier, path: ['classifier'], after: [] }
    const nodes = new Map<string, Node>([[classifier, { ...first, output: schemaOf(answerFor(spec)) }]])
    const optional = new Set(targets.map(({ agent }) => agent)).size > 1
    for (const { agent, path } of targets)
      if (!nodes.has(agent))
        nodes.set(agent, { step: agent, agent, path, after: [classifier], ...(optional && { optional }) })
    const edges = targets.map(({ agent, label }): Edge => ({ from: classifier, to: agent, label }))
    return { nodes: [...nodes.values()], edges }
  },
} satisfies Pattern<Spec>

function answerFor({ routes }: Spec) {
  return z.strictObject({
    label: z.enum([...Object.keys(routes), NONE]).describe('The label that fits best'),
    confidence: z.number().min(0).max(1).describe('How sure you are of that, from 0 to 1'),
    why: z.string().describe('What in the task speaks for this label, in one sentence'),
  })
}

/** What each label stands for: who works on it says it best. */
function labelsOf({ agents }: TeamContext, { routes }: Spec): string {
  return Object.entries(routes)
    .map(([label, agent]) => {
      const { description, skills = [] } = agents[agent] ?? {}
      const about = description ?? skills.join(', ')
      return `- ${label}${about && ` (for ${agent}: ${about})`}`
    })
    .join('\n')
}

type Found = z.infer<ReturnType<typeof answerFor>>

/** Who does it: the agent of the label, or the default when no label fits for sure. */
function choose(team: TeamContext, spec: Spec, { label, confidence, why }: Found): string {
  const { classifier, routes, default: other, confidence: needed = CONFIDENCE } = spec
  const isSure = label !== NONE && confidence >= needed
  const agent = isSure ? routes[label] : other
  const doubt =
    label === NONE ? 'no label fits' : `${classifier} is not sure of ${label} (${confidence} < ${needed})`
  const reason = isSure ? `${label}: ${why}` : `${doubt}: ${why}`
  const values = { label, confidence, needed, agent: agent ?? null }
  team.ctx.emit({ type: 'decision', key: pathOf(team, classifier), what: 'route', reason, values })
  if (agent !== undefined) return agent
  throw new CrewError('nobody-willing', `nobody is there for this: ${reason}`, {
    hint: `name an agent for it under the pattern: default: AGENT${label === NONE ? '' : ', or lower its confidence'}`,
  })
}
