import * as z from 'zod'
import type { TeamContext } from '../../coordination/ask.ts'
import { askFor, pathOf } from '../../coordination/ask-for.ts'
import { attempt } from '../../coordination/attempt.ts'
import { taskId } from '../../coordination/decompose.ts'
import { problemOfPlan } from '../../coordination/plan.ts'
import { rosterOf } from '../../coordination/profile.ts'
import { CrewError } from '../../errors.ts'
import { canonical } from '../../json.ts'
import { type History, inWords, outputsOf, type Piece, type Settings } from './history.ts'

const HOW = `Plan how your workers do this task: as few steps as make sense, each for the worker that is best at it. Steps \
that need no other's result are done at the same time. You will judge every result, and give the answer yourself in \
the end: neither of that is a step.`

const AGAIN = `The plan before was dropped. Make another one, which gets around what went wrong. What was accepted is \
there and is not done again: where a step needs it, name its id under dependsOn. With nothing left to do, plan no \
steps.`

/**
 * Asks the supervisor for a plan, as the step `plan-N`, and gives those of its steps that are not accepted already.
 * Throws `plan-invalid` when there is none that can be carried out, and `limit-loop` when it is one that was dropped.
 */
export async function makePlan(
  team: TeamContext,
  { supervisor, workers, steps: most }: Settings,
  history: History,
): Promise<Piece[]> {
  const { accepted, dropped } = history
  const key = `plan-${dropped.length + 1}`
  const progress = dropped.map(inWords).join('\n')
  const asked = askFor(team, supervisor, {
    key,
    packet: { task: team.task, knowledge: outputsOf(accepted), ...(progress && { progress }) },
    instruction: [HOW, ...(progress ? [AGAIN] : []), `There are:\n${rosterOf(team.agents, workers)}`].join(
      '\n\n',
    ),
    answer: shapeOf(workers),
    accept: plan => problemOf(plan, accepted, most),
  })
  const made = await attempt(team, asked)
  if ('error' in made) throw noPlan(supervisor, made.error)
  const { steps } = made.output
  const reason = steps.map(({ id, agent, why }) => `${id} by ${agent}: ${why}`).join('; ')
  team.ctx.emit({
    type: 'decision',
    key: pathOf(team, key),
    what: 'plan',
    reason: reason || 'nothing is left to do',
    values: { steps },
  })
  const pieces = piecesOf(made.output, accepted)
  const undone = dropped.map(plan => plan.pieces.filter(({ isAccepted }) => !isAccepted))
  const before = undone.findIndex(left => sameWork(left, pieces))
  if (before >= 0) throw inCircles(supervisor, before, history)
  return pieces
}

type Plan = z.infer<ReturnType<typeof shapeOf>>

function shapeOf(workers: readonly string[]) {
  const step = z.strictObject({
    id: z.string().describe('A short name: letters, digits and dashes, beginning with a letter'),
    agent: z.enum(workers).describe('The worker that does it'),
    task: z.string().describe('What is to be done, complete for a worker that knows only the task of all'),
    dependsOn: z.array(z.string()).describe('The ids of those steps whose results the worker needs'),
    why: z.string().describe('What it is good for, and why this worker does it'),
  })
  return z.strictObject({ steps: z.array(step).describe('In the order in which you would do them') })
}

function problemOf({ steps }: Plan, accepted: History['accepted'], most: number): string | undefined {
  if (steps.length > most) return `${steps.length} steps are planned, ${most} are the most`
  const odd = steps.find(({ id }) => !taskId.test(id))
  if (odd) return `the id "${odd.id}" is not made of letters, digits and dashes, beginning with a letter`
  const taken = steps.find(
    ({ id, task }) => Object.hasOwn(accepted, id) && accepted[id]?.description !== task,
  )
  if (taken) return `"${taken.id}" is the id of a result that was accepted; give the new step another one`
  const pieces = piecesOf({ steps }, accepted)
  return pieces.length === 0 && Object.keys(accepted).length > 0 ? undefined : problemOfPlan(pieces)
}

/** The steps that are not accepted already. */
function piecesOf({ steps }: Plan, accepted: History['accepted']): Piece[] {
  const isAccepted = (id: string) => Object.hasOwn(accepted, id)
  return steps
    .filter(({ id }) => !isAccepted(id))
    .map(({ task, dependsOn, ...step }) => ({
      ...step,
      description: task,
      dependsOn: dependsOn.filter(id => !isAccepted(id)),
      given: dependsOn.filter(isAccepted),
    }))
}

/** Whether two plans have the same work done by the same workers, whatever they call it. */
function sameWork(...plans: [Work, Work]): boolean {
  const [one, other] = plans.map(pieces =>
    canonical(pieces.map(({ agent, description }) => `${agent}: ${description.trim()}`).sort()),
  )
  return one === other
}

type Work = readonly Pick<Piece, 'agent' | 'description'>[]

/** An answer that is no plan at all is as good as a plan that cannot be carried out. */
function noPlan(supervisor: string, error: CrewError): CrewError {
  if (error.code !== 'output-invalid') return error
  return new CrewError('plan-invalid', `${supervisor} made no plan: ${error.message}`, error.details)
}

function inCircles(supervisor: string, before: number, { dropped }: History): CrewError {
  const evidence = dropped.slice(before).map((plan, index) => inWords(plan, before + index))
  return new CrewError(
    'limit-loop',
    [`plan ${dropped.length + 1} of ${supervisor} is plan ${before + 1} again`, ...evidence].join('\n'),
    { hint: `see how it came to that with: crew logs RUN --agent ${supervisor}` },
  )
}
