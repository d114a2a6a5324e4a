import type * as z from 'zod'
import { type timeout, withDefaults } from '../deadlines.ts'
import { signsOfLife } from '../engine/activity.ts'
import type { Context, StepRequest } from '../engine/context.ts'
import { type CrewError, toCrewError } from '../errors.ts'
import type { Model, ModelReply, ModelRequest } from '../models/model.ts'
import { afterwards } from '../policies/ladder.ts'
import { type Retry, tryRepeatedly } from '../policies/retry.ts'
import type { Spend } from '../spend.ts'
import type { Work } from './agent.ts'

/** What a turn needs to know of an agent. */
type Talk = Work<{
  readonly model?: string | undefined
  readonly timeout?: z.infer<typeof timeout> | undefined
}>

/** Which model is asked, and how often. */
interface Asking {
  /** Its name in the team file. */
  readonly name: string
  readonly turn: number
  readonly retry: Retry
}

/**
 * One turn: a call to the model, made again when its failure may heal. When it fails for good the next model goes on from
 * here: what was said so far is not paid again, and the one that failed is not asked again in this work.
 */
export async function converse(
  work: Talk,
  ctx: Context,
  request: ModelRequest,
  turn: number,
): Promise<ModelReply> {
  const { lineup, retry } = work
  const [only = 'default', ...others] = lineup.left
  if (others.length === 0) return callRepeatedly(work, ctx, request, { name: only, turn, retry })
  // Whoever resumes the run has them all tried once more, behind everything that was tried before.
  const rounds = Array.from({ length: 1 + ctx.reopened }, (_, index) => index + 1)
  const tries = rounds.flatMap(round => [only, ...others].map(name => ({ name, round })))
  let error: CrewError | undefined
  for (const [index, { name, round }] of tries.entries()) {
    lineup.goOnWith(name)
    try {
      return await callRepeatedly(work, ctx, request, { name, turn, retry: { ...retry, round } })
    } catch (thrown) {
      const last = toCrewError(thrown)
      // An agent that is left alone is not well with another model.
      if (ctx.signal.aborted || last.details.breaker === 'agent') throw thrown
      error = error ? afterwards(error, `model ${name}`, last) : last
      const to = tries[index + 1]?.name
      if (to === undefined) break
      const values = { error: last.code, from: name, to, turn }
      ctx.emit({
        type: 'decision',
        key: ctx.key,
        what: 'model',
        reason: `${name} → ${to}: ${last.message}`,
        values,
      })
    }
  }
  throw error?.with({ attempts: error.details.attempts ?? 1 })
}

function callRepeatedly(
  work: Talk,
  ctx: Context,
  request: ModelRequest,
  { name, turn, retry }: Asking,
): Promise<ModelReply> {
  const { agent, spec, services } = work
  const model = services.model(name)
  const isOther = name !== (spec.model ?? 'default')
  const key = isOther ? `turn-${turn}/model-${name}` : `turn-${turn}`
  // What later turns are asked follows from the first and from what is journaled in between.
  const asked = turn === 1 && { input: promptIn(request), identity: { model: model.id, request } }
  // That it is no more than an estimate goes without saying.
  const { estimated, ...most } = model.worstCase(request)
  const reserved = Object.assign(most, { agent, model: model.id })
  // A budget that is kept exactly needs replies that end where the reservation does.
  const capped = work.isBudgeted ? { ...request, maxTokens: reserved.output } : request
  const { total } = withDefaults(spec.timeout, model.timeout)
  const within: StepRequest['within'] = (act, step) => work.guard(act, step, { model, reserved, total })
  const step = { kind: 'model', effects: 'idempotent', reserved, within, ...asked } as const
  // A provider takes a key that it has seen, with something else behind it, for a mistake.
  const idempotencyKey = `${work.idempotencyKey}-${turn}${isOther ? `-${name}` : ''}`
  // A whole attempt can be the one that tries whether the agent is well again, and no call in the middle of it.
  const passesOn: Retry['passesOn'] = breaker => breaker === 'agent' || retry.passesOn?.(breaker) === true
  return tryRepeatedly(ctx, key, Object.assign({}, retry, { passesOn }), attempt =>
    ctx.step(attempt === 1 ? key : `${key}/attempt-${attempt}`, step, inner =>
      reply(work, inner, model, capped, idempotencyKey),
    ),
  ).then(answer => {
    work.account(answer.spent)
    return answer
  })
}

/** The call itself. What it took and cost is journaled together with its result. */
async function reply(
  { agent, spec, services }: Talk,
  ctx: Context,
  model: Model,
  request: ModelRequest,
  idempotencyKey: string,
): Promise<ModelReply> {
  const { key, signal } = ctx
  const began = services.clock.uptime()
  const took = () => services.clock.uptime() - began
  const ofAgent = (spent: Spend) => Object.assign({}, spent, { agent, model: model.id })
  try {
    const reply = await model.reply(request, {
      signal,
      timeout: withDefaults(spec.timeout, model.timeout),
      idempotencyKey,
      onBytes: signsOfLife(ctx, services.clock),
      onText: text => ctx.emit({ type: 'model.delta', key, text }),
    })
    const spent = ofAgent(reply.spent)
    ctx.emit({ type: 'model.replied', key, model: model.id, milliseconds: took(), spent })
    return reply
  } catch (thrown) {
    if (signal.aborted) throw thrown
    const error = toCrewError(thrown).toFailure()
    const spent = error.spent && { spent: ofAgent(error.spent) }
    ctx.emit({ type: 'model.failed', key, model: model.id, milliseconds: took(), error, ...spent })
    throw thrown
  }
}

function promptIn({ messages }: ModelRequest): string {
  return messages.find(({ role }) => role === 'user')?.content ?? ''
}
