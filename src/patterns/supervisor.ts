import * as z from 'zod'
import type { TeamContext } from '../coordination/ask.ts'
import { schedule } from '../coordination/schedule.ts'
import type { CrewError } from '../errors.ts'
import type { Pattern } from './pattern.ts'
import { achieve, choiceIn } from './supervisor/achieve.ts'
import {
  type Accepted,
  type Dropped,
  type History,
  halted,
  type Piece,
  type Settings,
  usedUp,
} from './supervisor/history.ts'
import { makePlan } from './supervisor/plan.ts'
import { synthesize } from './supervisor/synthesis.ts'

const schema = z
  .strictObject({
    kind: z.literal('supervisor'),
    supervisor: z.string().describe('The agent that plans, judges every result and gives the answer'),
    workers: z.array(z.string()).min(1).describe('The agents that it may give work to'),
    replans: z
      .int()
      .min(0)
      .max(20)
      .optional()
      .describe('How often it may drop a plan and make another, 2 by default'),
    retries: z
      .int()
      .min(0)
      .max(20)
      .optional()
      .describe('How often it may have one step done again, by the same worker or another, 2 by default'),
    validate: z
      .boolean()
      .optional()
      .describe('Whether it judges every result and its own answer (default), or decides only on failures'),
    steps: z.int().min(1).optional().describe('How many steps a plan may have, 20 by default'),
  })
  .superRefine(({ supervisor, workers }, context) => {
    const index = workers.indexOf(supervisor)
    if (index < 0) return
    const message = `"${supervisor}" is the supervisor, and cannot be its own worker`
    context.addIssue({ code: 'custom', path: ['workers', index], message })
  })

type Spec = z.infer<typeof schema>

/** One agent plans, gives work to others, judges what they bring, and makes the answer of it. */
export const supervisor = {
  kind: 'supervisor',
  schema,

  async run(team, spec) {
    const { replans = 2, retries = 2, validate = true, steps = 20 } = spec
    const settings: Settings = { ...spec, replans, retries, validate, steps }
    const accepted: Record<string, Accepted> = {}
    const dropped: Dropped[] = []
    for (;;) {
      const history = { accepted, dropped }
      const pieces = await makePlan(team, settings, history)
      if (pieces.length === 0) break
      const key = `work-${dropped.length + 1}`
      const round = await team.group(key, group => carryOut(group, settings, history, pieces))
      Object.assign(accepted, round.accepted)
      dropped.push(...round.dropped)
      if (round.dropped.length === 0) break
    }
    const output = await synthesize(team, settings, accepted)
    const given = Object.values(accepted).map(({ agent, output }) => [agent, { output }])
    return { output, steps: { ...Object.fromEntries(given), [spec.supervisor]: { output } } }
  },

  graph({ supervisor, workers }) {
    const nodes = workers.map((agent, index) => ({
      step: agent,
      agent,
      path: ['workers', index],
      after: [],
      optional: true,
    }))
    const edges = workers.flatMap(agent => [
      { from: supervisor, to: agent, label: 'a step of the plan' },
      { from: agent, to: supervisor, label: 'its result' },
    ])
    return {
      nodes: [{ step: supervisor, agent: supervisor, path: ['supervisor'], after: workers }, ...nodes],
      edges,
    }
  },
} satisfies Pattern<Spec>

/**
 * Has every piece of a plan done; gives what was accepted, and the plan itself when it was dropped. Once one piece
 * makes another plan necessary nothing more is started, but what is under way is finished: it is paid for, and the
 * next plan builds on it.
 */
async function carryOut(
  group: TeamContext,
  settings: Settings,
  history: History,
  pieces: readonly Piece[],
): Promise<History> {
  const reasons: string[] = []
  const mayReplan = history.dropped.length < settings.replans
  const report = await schedule<Accepted, Piece>(group, pieces, {
    perform: (piece, inner, { before }) => achieve(inner, settings, { piece, before, history }),
    skip: () => (reasons.length > 0 ? 'the plan was dropped' : undefined),
    onFailure({ id }, error) {
      if (!mayReplan || choiceIn(error, group, id) !== 'replan') return 'halt'
      reasons.push(`${id}: ${error.message}`)
      return 'skip'
    },
  })
  const done = pieces.flatMap(({ id }): [string, Accepted][] => {
    const result = report.results.get(id)
    return result ? [[id, result]] : []
  })
  const accepted = Object.fromEntries(done)
  const drop = (why: string): Dropped => ({
    why,
    pieces: pieces.map(({ id, agent, description }) => {
      return { id, agent, description, isAccepted: Object.hasOwn(accepted, id) }
    }),
  })
  const { halted: id } = report
  if (id === undefined) return { accepted, dropped: reasons.length > 0 ? [drop(reasons.join('; '))] : [] }
  const failure = report.failures.get(id) as CrewError
  const choice = choiceIn(failure, group, id)
  const { supervisor } = settings
  if (choice === 'halt') throw halted(supervisor, id, failure, { ...history.accepted, ...accepted })
  if (choice === 'replan')
    throw usedUp(supervisor, failure, [...history.dropped, drop(`${id}: ${failure.message}`)])
  throw failure
}
