import * as z from 'zod'
import { withDefaults } from '../deadlines.ts'
import { signsOfLife } from '../engine/activity.ts'
import type { Context, StepRequest } from '../engine/context.ts'
import { CrewError } from '../errors.ts'
import { renderDeep, renderText } from '../expressions/template.ts'
import type { Connection } from '../fetch/connections.ts'
import type { Answer } from '../fetch/fetch.ts'
import { codeOfStatus, describeRefusal, readRetryAfter } from '../fetch/status.ts'
import type { Json, JsonObject } from '../json.ts'
import type { Effects } from '../store/events.ts'
import {
  type AgentKind,
  acting,
  askedOf,
  effects,
  feedbackOf,
  imposedOutput,
  template,
  type Work,
} from './agent.ts'
import { dialogue, exchange } from './dialogue.ts'

const schema = z.strictObject({
  kind: z.literal('http'),
  url: template.describe('Address, with a connection the part behind its baseUrl; templates are filled in'),
  connection: z.string().optional().describe('Name under connections: what lets the agent in'),
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).optional().describe('Default: POST'),
  headers: z.record(z.string(), template).optional().describe('Never written to the journal'),
  body: z.json().optional().describe('JSON body, templates inside are filled in; default: {task, input}'),
  exchange,
  effects: effects.optional().describe('Default: pure for GET, once for the others'),
  ...acting,
})

export type HttpSpec = z.infer<typeof schema>

/** One HTTP request, JSON in and JSON or text out. */
export const http = {
  kind: 'http',
  schema,
  perform,
  mayRepeat: spec => effectsOf(spec) !== 'once',
  isCacheable: spec => effectsOf(spec) === 'pure' && !spec.exchange,
} satisfies AgentKind<HttpSpec>

const deadlinesOf = ({ timeout }: HttpSpec) => withDefaults(timeout, { total: 60_000 })

async function perform(work: Work<HttpSpec>, ctx: Context): Promise<Json> {
  const { agent, scope, spec, services, output } = work
  const { method = 'POST' } = spec
  const effects = effectsOf(spec)
  const isHarmless = effects === 'pure' && spec.connection === undefined && !services.untrusted
  if (services.rehearsal && !isHarmless) {
    return services.rehearse({ agent, task: askedOf(work), ...(output && { output }) })
  }
  const connection = connectionOf(work)
  const path = renderText(spec.url, scope)
  const url = connection ? connection.address(path) : path
  return dialogue(work, ctx, situation => {
    const body = bodyOf(work, situation)
    const input = { method, url, ...(body !== undefined && { body }) }
    const within: StepRequest['within'] = (act, step) => work.guard(act, step, deadlinesOf(spec))
    const request = { kind: 'http', effects, input, within }
    return ctx.step('request', request, step => send(work, input, step))
  })
}

interface Sent {
  readonly method: string
  readonly url: string
  readonly body?: Json
}

async function send(work: Work<HttpSpec>, request: Sent, ctx: Context): Promise<string> {
  const { scope, spec, services } = work
  const { method, url, body } = request
  const headers = Object.entries(spec.headers ?? {}).map(([name, value]) => [name, renderText(value, scope)])
  const fetch = connectionOf(work)?.fetch ?? services.fetch
  const response = await fetch(url, {
    method,
    headers: {
      'idempotency-key': work.idempotencyKey,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...Object.fromEntries(headers),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: ctx.signal,
    onBytes: signsOfLife(ctx, services.clock),
    deadlines: deadlinesOf(spec),
    fresh: effectsOf(spec) === 'once',
  })
  const text = await response.text()
  if (!response.ok) throw refusal(work, request, response, text)
  return text
}

/** Secrets of a connection are added on the way: no step is asked with them. */
function connectionOf({ agent, spec, services }: Work<HttpSpec>): Connection | undefined {
  if (spec.connection === undefined) return undefined
  const connection = services.connection(spec.connection)
  if (connection) return connection
  throw new CrewError(
    'definition',
    `agent ${agent} names a connection "${spec.connection}" that is not there`,
  )
}

function effectsOf({ effects, method }: HttpSpec): Effects {
  return effects ?? (method === 'GET' ? 'pure' : 'once')
}

/** GET and DELETE send no body unless one is declared. */
function bodyOf(work: Work<HttpSpec>, situation: JsonObject): Json | undefined {
  const { spec, scope } = work
  const feedback = feedbackOf(work)
  const output = imposedOutput(work)
  if (spec.body !== undefined) return renderDeep(spec.body as Json, scope)
  if (spec.method === 'GET' || spec.method === 'DELETE') return undefined
  return {
    task: askedOf(work),
    input: scope.input ?? {},
    ...(output && { output }),
    ...(feedback.length > 0 && { feedback }),
    ...situation,
  }
}

/** The address is shown without its query, where keys like to hide. */
function refusal(
  { agent, services }: Work<HttpSpec>,
  { method, url }: Sent,
  response: Answer,
  body: string,
): CrewError {
  const { origin, pathname } = new URL(url)
  const said = describeRefusal(response, body)
  const retryAfter = readRetryAfter(response, services.clock.now())
  return new CrewError(codeOfStatus(response.status), `${method} ${origin}${pathname}: ${said}`, {
    hint: `check url, headers and body of agent ${agent}`,
    ...(retryAfter !== undefined && { retryAfter }),
  })
}
