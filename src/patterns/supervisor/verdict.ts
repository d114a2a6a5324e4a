import * as z from 'zod'
import type { TeamContext } from '../../coordination/ask.ts'
import { askFor, pathOf } from '../../coordination/ask-for.ts'
import type { Json } from '../../json.ts'
import type { Piece } from './history.ts'

/** What a supervisor can do about a step whose result it does not accept. */
const CHOICES = {
  retry: 'the same worker does it again, and is told your feedback',
  other: 'another worker does it, and is told your feedback',
  replan: 'the plan is dropped, and you make another',
  halt: 'all work ends, because the task cannot or must not be done',
} as const

type Choice = keyof typeof CHOICES

/** One attempt at a step, and what the supervisor may make of it. */
export interface Case {
  readonly supervisor: string
  readonly key: string
  readonly piece: Piece
  readonly agent: string
  /** What the step builds on. */
  readonly knowledge: Readonly<Record<string, Json>>
  readonly mayRetry: boolean
  /** Workers that could do it instead. */
  readonly others: readonly string[]
  /** How many more plans there may be. */
  readonly replans: number
}

export interface Objection {
  readonly next: Choice
  readonly why: string
  readonly feedback: string | null
  /** With `other`, who does it. */
  readonly worker: string | null
}

/** Has the supervisor judge a result; gives nothing when it accepts it. */
export async function review(group: TeamContext, at: Case, output: Json): Promise<Objection | undefined> {
  const { supervisor, key, piece, agent, knowledge } = at
  const { why, next, ...choice } = choiceOf(at)
  const verdict = await askFor(group, supervisor, {
    key,
    packet: { task: group.task, knowledge: { ...knowledge, [`${agent}, to be judged`]: output } },
    instruction: `Judge the result of ${agent} for this step of your plan: ${piece.description}\n\nAccept it if it does what was asked. If it does not, choose:\n${choicesOf(at)}`,
    answer: z.strictObject({
      accepted: z.boolean().describe('Whether the result does what was asked'),
      why,
      next: next.nullable().describe('What happens now; null when the result is accepted'),
      ...choice,
    }),
    accept: ({ accepted, next, worker }) => (accepted ? undefined : problemOf(next, worker)),
  })
  const objection = verdict.accepted || verdict.next === null ? undefined : { ...verdict, next: verdict.next }
  note(group, at, objection?.next ?? 'accept', verdict)
  return objection
}

/** Has the supervisor say what follows from a failure. */
export async function decide(group: TeamContext, at: Case, failure: string): Promise<Objection> {
  const { supervisor, key, piece, agent, knowledge } = at
  const objection = await askFor(group, supervisor, {
    key,
    packet: { task: group.task, knowledge },
    instruction: `${agent} failed at this step of your plan: ${piece.description}\n\nThis went wrong: ${failure}\n\nChoose:\n${choicesOf(at)}`,
    answer: z.strictObject(choiceOf(at)),
    accept: ({ next, worker }) => problemOf(next, worker),
  })
  note(group, at, objection.next, objection)
  return objection
}

function note(
  team: TeamContext,
  { key, piece, agent }: Case,
  what: Choice | 'accept',
  { why, feedback, worker }: Omit<Objection, 'next'>,
): void {
  const reason = `${piece.id} by ${agent}: ${why}`
  const values = { step: piece.id, agent, ...(what !== 'accept' && { feedback, worker }) }
  team.ctx.emit({ type: 'decision', key: pathOf(team, key), what, reason, values })
}

function possible({ mayRetry, others }: Case): Choice[] {
  const again: Choice[] = others.length > 0 ? ['retry', 'other'] : ['retry']
  return [...(mayRetry ? again : []), 'replan', 'halt']
}

function choicesOf(at: Case): string {
  const replans =
    at.replans > 0 ? `; at the most ${at.replans} times` : '; no more plans are left, so all work ends'
  return possible(at)
    .map(choice => `- ${choice}: ${CHOICES[choice]}${choice === 'replan' ? replans : ''}`)
    .join('\n')
}

function choiceOf(at: Case) {
  const worker = at.others.length > 0 ? z.enum(at.others).nullable() : z.null()
  return {
    why: z.string().describe('The reason: what exactly is wrong, or why all is well'),
    next: z.enum(possible(at)).describe('What happens now'),
    feedback: z
      .string()
      .nullable()
      .describe('What whoever does it again must do differently; null when nobody does'),
    worker: worker.describe('With "other", the worker that does it; null otherwise'),
  }
}

function problemOf(next: Choice | null, worker: string | null): string | undefined {
  if (next === null) return 'the result is not accepted, and "next" does not say what happens now'
  return next === 'other' && worker === null ? '"worker" does not name the other worker' : undefined
}
