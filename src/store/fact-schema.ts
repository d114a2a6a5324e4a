import * as z from 'zod'
import { isErrorCode } from '../errors.ts'
import type { Fact } from './events.ts'

/**
 * What facts look like, for journals that come from elsewhere or may be damaged. Fields that are not named here may be
 * there: a newer crew adds some. `events.ts` says what they mean.
 */

/** Facts that are kept; the others are only shown live. */
type Kept = Exclude<Fact['type'], 'model.delta' | 'activity' | 'queued'>

/** Any JSON value, but there has to be one. */
const json = z.custom(value => value !== undefined, 'is missing')
const object = z.record(z.string(), json)
const text = z.string()
const count = z.number().nonnegative()
const time = z.number().int().nonnegative()
const limits = z.record(z.string(), z.number())
const owner = z.looseObject({ host: text, pid: z.number().int() })

const spend = z.looseObject({
  input: count,
  output: count,
  cached: count,
  usd: count.optional(),
  estimated: z.boolean().optional(),
  agent: text.optional(),
  model: text.optional(),
})

const fork = z.looseObject({
  run: text,
  at: count,
  step: text.optional(),
  changed: z.array(text).optional(),
  set: object.optional(),
})

const total = z.looseObject({ input: count, output: count, cached: count, usd: count, calls: count })

const failure = z.looseObject({
  code: text.refine(isErrorCode, 'is no error code of this crew'),
  message: text,
  hint: text.optional(),
  step: text.optional(),
  because: z.array(text).optional(),
  attempts: count.optional(),
  tried: z.array(text).optional(),
  done: z.array(text).optional(),
  retryAfter: count.optional(),
  breaker: z.enum(['agent', 'endpoint']).optional(),
  spent: spend.optional(),
  answer: text.optional(),
  stack: text.optional(),
})

const request = z.looseObject({
  question: text,
  choices: z.array(text).optional(),
  detail: z.unknown().optional(),
  until: z.number().optional(),
  gate: z.enum(['tool', 'agent', 'transition', 'output']).optional(),
  editable: z.unknown().optional(),
  schema: object.optional(),
})

const message = z.looseObject({
  id: text,
  type: z.enum([
    'task.request',
    'task.response',
    'help.request',
    'help.decline',
    'status',
    'handoff',
    'event',
    'error',
  ]),
  from: text,
  to: text.optional(),
  topic: text.optional(),
  broadcast: z.literal(true).optional(),
  correlationId: text.optional(),
  replyTo: text.optional(),
  payload: json,
})

const note = { key: text, what: text, reason: text, values: object.optional() }

export const FACTS: { readonly [Type in Kept]: z.ZodType } = {
  'run.started': z.looseObject({
    team: text,
    definition: object,
    input: object,
    rehearsal: z.boolean(),
    untrusted: z.literal(true).optional(),
    limits: limits.optional(),
    crew: text,
    forked: fork.optional(),
  }),
  'run.resumed': z.looseObject({ owner, epoch: count, reopened: z.array(text), limits }),
  'run.waiting': z.looseObject({ on: z.array(text), until: z.number().optional() }),
  'run.succeeded': z.looseObject({ output: json }),
  'run.failed': z.looseObject({ error: failure }),
  'run.interrupted': z.looseObject({ reason: text }),
  'run.cancelled': z.looseObject({ reason: text }),
  'step.started': z.looseObject({
    key: text,
    kind: text,
    agent: text.optional(),
    input: z.unknown().optional(),
    fingerprint: text,
    effects: z.enum(['pure', 'idempotent', 'once']).optional(),
    reserved: spend.optional(),
    tokens: z.record(z.string(), z.number()).optional(),
    inherited: z.looseObject({ spent: total.optional(), set: z.literal(true).optional() }).optional(),
  }),
  'step.succeeded': z.looseObject({ key: text, output: json }),
  'step.failed': z.looseObject({ key: text, error: failure }),
  'step.skipped': z.looseObject({ key: text, reason: text }),
  'step.cancelled': z.looseObject({
    key: text,
    reason: text,
    final: z.boolean(),
    spent: spend.optional(),
    untried: z.literal(true).optional(),
  }),
  'step.unknown': z.looseObject({ key: text, spent: spend.optional() }),
  'step.chosen': z.looseObject({ scope: text, key: text }),
  'wait.opened': z.looseObject({ key: text, request }),
  'wait.answered': z.looseObject({
    key: text,
    value: json,
    by: text,
    answeredAt: z.number().optional(),
    via: text.optional(),
    saw: text.optional(),
  }),
  'guidance.heard': z.looseObject({
    key: text,
    words: z.array(z.looseObject({ id: z.number(), text, by: text })),
  }),
  'wait.expired': z.looseObject({ key: text }),
  'timer.set': z.looseObject({ key: text, until: z.number() }),
  standstill: z.looseObject({ milliseconds: count }),
  'model.replied': z.looseObject({ key: text, model: text, spent: spend, milliseconds: count }),
  'model.failed': z.looseObject({
    key: text,
    model: text,
    error: failure,
    spent: spend.optional(),
    milliseconds: count,
  }),
  decision: z.looseObject(note),
  alert: z.looseObject(note),
  'board.written': z.looseObject({ key: text, id: text, name: text, value: json, version: count, by: text }),
  'message.sent': z.looseObject({ key: text, message }),
  'message.delivered': z.looseObject({ key: text, id: text, to: text, attempt: count }),
  'message.acknowledged': z.looseObject({ key: text, id: text, by: text, missing: z.array(text) }),
  'message.dead': z.looseObject({ key: text, id: text, to: text, reason: text }),
}

/** What every event has besides. */
export const PLACE = z.looseObject({ seq: z.number().int().positive(), at: time, type: text })
