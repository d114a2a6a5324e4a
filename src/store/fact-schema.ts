import { isErrorCode } from '../errors.ts'
import type { Fact } from './events.ts'
import {
  count,
  fields,
  flag,
  integer,
  json,
  listOf,
  maybe,
  number,
  object,
  oneOf,
  recordOf,
  type Shape,
  shapeOf,
  text,
} from './shape.ts'

/**
 * What facts look like, for journals that come from elsewhere or may be damaged. Fields that are not named here may be
 * there: a newer crew adds some. `events.ts` says what they mean.
 */

/** Facts that are kept; the others are only shown live. */
type Kept = Exclude<Fact['type'], 'model.delta' | 'activity' | 'queued'>

const yes = oneOf(true)
const time = shapeOf(value => Number.isSafeInteger(value) && Number(value) >= 0, 'is no time')
const limits = recordOf(number)
const owner = fields({ host: text, pid: integer })

const spend = fields({
  input: count,
  output: count,
  cached: count,
  usd: maybe(count),
  estimated: maybe(flag),
  agent: maybe(text),
  model: maybe(text),
})

const fork = fields({
  run: text,
  at: count,
  step: maybe(text),
  changed: maybe(listOf(text)),
  set: maybe(object),
})

const total = fields({ input: count, output: count, cached: count, usd: count, calls: count })

const failure = fields({
  code: shapeOf(value => typeof value === 'string' && isErrorCode(value), 'is no error code of this crew'),
  message: text,
  hint: maybe(text),
  step: maybe(text),
  because: maybe(listOf(text)),
  attempts: maybe(count),
  tried: maybe(listOf(text)),
  done: maybe(listOf(text)),
  retryAfter: maybe(count),
  breaker: maybe(oneOf('agent', 'endpoint')),
  spent: maybe(spend),
  answer: maybe(text),
  stack: maybe(text),
})

const request = fields({
  question: text,
  choices: maybe(listOf(text)),
  until: maybe(number),
  gate: maybe(oneOf('tool', 'agent', 'transition', 'output')),
  schema: maybe(object),
})

const message = fields({
  id: text,
  type: oneOf(
    'task.request',
    'task.response',
    'help.request',
    'help.decline',
    'status',
    'handoff',
    'event',
    'error',
  ),
  from: text,
  to: maybe(text),
  topic: maybe(text),
  broadcast: maybe(yes),
  correlationId: maybe(text),
  replyTo: maybe(text),
  payload: json,
})

const note = { key: text, what: text, reason: text, values: maybe(object) }

export const FACTS: { readonly [Type in Kept]: Shape } = {
  'run.started': fields({
    team: text,
    definition: object,
    input: object,
    rehearsal: flag,
    untrusted: maybe(yes),
    limits: maybe(limits),
    crew: text,
    forked: maybe(fork),
  }),
  'run.resumed': fields({ owner, epoch: count, reopened: listOf(text), limits }),
  'run.waiting': fields({ on: listOf(text), until: maybe(number) }),
  'run.succeeded': fields({ output: json }),
  'run.failed': fields({ error: failure }),
  'run.interrupted': fields({ reason: text }),
  'run.cancelled': fields({ reason: text }),
  'step.started': fields({
    key: text,
    kind: text,
    agent: maybe(text),
    fingerprint: text,
    effects: maybe(oneOf('pure', 'idempotent', 'once')),
    reserved: maybe(spend),
    tokens: maybe(limits),
    inherited: maybe(fields({ spent: maybe(total), set: maybe(yes) })),
  }),
  'step.succeeded': fields({ key: text, output: json }),
  'step.failed': fields({ key: text, error: failure }),
  'step.skipped': fields({ key: text, reason: text }),
  'step.cancelled': fields({
    key: text,
    reason: text,
    final: flag,
    spent: maybe(spend),
    untried: maybe(yes),
  }),
  'step.unknown': fields({ key: text, spent: maybe(spend) }),
  'step.chosen': fields({ scope: text, key: text }),
  'wait.opened': fields({ key: text, request }),
  'wait.answered': fields({
    key: text,
    value: json,
    by: text,
    answeredAt: maybe(number),
    via: maybe(text),
    saw: maybe(text),
  }),
  'guidance.heard': fields({
    key: text,
    words: listOf(fields({ id: number, text, by: text })),
  }),
  'wait.expired': fields({ key: text }),
  'timer.set': fields({ key: text, until: number }),
  standstill: fields({ milliseconds: count }),
  'model.replied': fields({ key: text, model: text, spent: spend, milliseconds: count }),
  'model.failed': fields({
    key: text,
    model: text,
    error: failure,
    spent: maybe(spend),
    milliseconds: count,
  }),
  decision: fields(note),
  alert: fields(note),
  'board.written': fields({ key: text, id: text, name: text, value: json, version: count, by: text }),
  'message.sent': fields({ key: text, message }),
  'message.delivered': fields({ key: text, id: text, to: text, attempt: count }),
  'message.acknowledged': fields({ key: text, id: text, by: text, missing: listOf(text) }),
  'message.dead': fields({ key: text, id: text, to: text, reason: text }),
}

/** What every event has besides. */
export const PLACE = fields({ seq: integer, at: time, type: text })
