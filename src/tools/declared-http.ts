import * as z from 'zod'
import type { Clock } from '../clock.ts'
import { CrewError } from '../errors.ts'
import type { Scope } from '../expressions/template.ts'
import { canonicalAddress, partsOf, withoutQuery } from '../fetch/address.ts'
import type { Connection } from '../fetch/connections.ts'
import type { Answer, Fetch, FetchInit } from '../fetch/fetch.ts'
import { followRedirects } from '../fetch/redirects.ts'
import { describeRefusal } from '../fetch/status.ts'
import { hash, isObject, type Json, type JsonObject, parseJson } from '../json.ts'
import { declaredTool, readArgs, schemaOfArgs } from './declared-args.ts'
import { fillFields, fillPath, leadsElsewhere } from './declared-http/fill.ts'
import { asToolFailure, readContent } from './http-answer.ts'
import { type Ground, type Tool, toolFailed } from './tool.ts'

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const

const address = z
  .string()
  .min(1)
  .describe(
    'Below the connection, like /items/${args.id}, or a whole address; templates fill single names in',
  )
  .optional()

/** A tool that is one HTTP request. */
export const httpToolSchema = z
  .strictObject({
    ...declaredTool,
    get: address,
    post: address,
    put: address,
    patch: address,
    delete: address,
    connection: z.string().optional().describe('Name under connections; the address is relative to it'),
    query: z.record(z.string(), z.string()).optional().describe('Fields of the query, templates'),
    headers: z.record(z.string(), z.string()).optional().describe('Templates'),
    body: z.json().optional().describe('Sent as JSON, templates inside are filled in'),
  })
  .superRefine((spec, context) => {
    const complain = (message: string, ...path: string[]) =>
      context.addIssue({ code: 'custom', message, path })
    const given = METHODS.filter(method => spec[method] !== undefined)
    const [method] = given
    if (method === undefined || given.length > 1)
      return complain(`a request is one of: ${METHODS.join(', ')}`)
    const problem = leadsElsewhere(spec[method] ?? '', spec.connection !== undefined)
    if (problem !== undefined) complain(problem, method)
    if (method === 'get' && spec.body !== undefined) complain('get sends no body', 'body')
  })

export type HttpToolSpec = z.infer<typeof httpToolSchema>

export interface HttpMeans {
  /** What its templates see besides `args`: input, env, run. */
  readonly scope: Scope
  /** Guarded, for whole addresses. */
  readonly fetch: Fetch
  readonly clock: Clock
  connection(name: string): Connection | undefined
}

interface Request {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

const TIMEOUT = 60_000

/** The tool that a team file declares as a request. */
export function httpTool(name: string, spec: HttpToolSpec, means: HttpMeans): Tool {
  const { method } = methodOf(spec)
  const effects = spec.effects ?? (method === 'GET' ? 'pure' : 'once')
  const deadline = spec.timeout ?? TIMEOUT
  const send = (url: URL, init: FetchInit, mayTouch: NonNullable<Ground['mayTouch']>) => {
    const fetch = connectionOf(spec, means)?.fetch ?? means.fetch
    // What only reads goes where the server points; what acts is done where the team file says, or not at all.
    if (method !== 'GET') return fetch(url.href, init)
    const mayGo = (_: URL, to: URL) => mayTouch(name, partsOf(to))
    return followRedirects(fetch, means.clock, url.href, init, mayGo).then(({ answer }) => answer)
  }
  const prepare = async (given: JsonObject) =>
    requestOf(name, spec, means, await readArgs(name, spec.args, given))
  return {
    name,
    description: spec.description,
    parameters: schemaOfArgs(spec.args),
    effects,
    reach: 'connects',
    deadline,
    async plan(given) {
      const request = await prepare(given)
      return { touches: [partsOf(request.url)], preview: inWords(request) }
    },
    async call(given, { signal, ctx, mayTouch = () => true }) {
      const request = await prepare(given)
      const key = hash(`${JSON.stringify(means.scope.run ?? null)}/${ctx.key}`)
      const init = {
        method: request.method,
        headers: { ...(effects !== 'pure' && { 'idempotency-key': key }), ...request.headers },
        ...(request.body !== undefined && { body: request.body }),
        signal,
        deadlines: { total: deadline },
      }
      try {
        return await resultOf(request, await send(request.url, init, mayTouch))
      } catch (thrown) {
        throw asToolFailure(thrown, signal)
      }
    },
  }
}

function methodOf(spec: HttpToolSpec): { readonly method: string; readonly template: string } {
  const found = METHODS.find(method => spec[method] !== undefined) ?? 'get'
  return { method: found.toUpperCase(), template: spec[found] ?? '' }
}

/** The request that a call with these arguments is. Rejects with `tool-failed` when there is none. */
function requestOf(name: string, spec: HttpToolSpec, means: HttpMeans, args: JsonObject): Request {
  const scope = { ...means.scope, args }
  const { method, template } = methodOf(spec)
  try {
    const path = fillPath(template, scope)
    const connection = connectionOf(spec, means)
    const url = canonicalAddress(connection ? connection.address(path) : path)
    for (const [field, value] of Object.entries(asFields(fillFields(spec.query ?? {}, scope))))
      for (const each of Array.isArray(value) ? value : [value]) url.searchParams.append(field, inText(each))
    const rendered = Object.entries(asFields(fillFields(spec.headers ?? {}, scope)))
    const headers = Object.fromEntries(rendered.map(([field, value]) => [field.toLowerCase(), inText(value)]))
    if (spec.body === undefined) return { method, url, headers }
    const body = fillFields(spec.body as Json, scope)
    const isRaw = typeof body === 'string' && !/json/.test(headers['content-type'] ?? 'json')
    return {
      method,
      url,
      headers: { 'content-type': 'application/json', ...headers },
      body: isRaw ? body : JSON.stringify(body),
    }
  } catch (thrown) {
    if (thrown instanceof CrewError)
      throw toolFailed(`${name} cannot be called so: ${thrown.message}`, thrown)
    throw thrown
  }
}

function connectionOf({ connection: name }: HttpToolSpec, means: HttpMeans): Connection | undefined {
  if (name === undefined) return undefined
  const connection = means.connection(name)
  if (connection) return connection
  throw new CrewError('definition', `there is no connection "${name}"`)
}

async function resultOf({ method, url }: Request, answer: Answer): Promise<Json> {
  const { text, type, notes } = await readContent(answer)
  if (!answer.ok) throw toolFailed(`${method} ${withoutQuery(url)}: ${describeRefusal(answer, text)}`)
  const value = notes.length === 0 && (type === '' || /\bjson\b/.test(type)) ? parseJson(text) : undefined
  if (value !== undefined) return value
  const said = notes.map(note => `[Note: ${note}.]`)
  if (text === '' && said.length === 0) return `[Status ${answer.status}, no content.]`
  return [...said, text].filter(Boolean).join('\n')
}

/** As a person is shown it. What lets us in is not part of it. */
function inWords({ method, url, body }: Request): string {
  return [`${method} ${url.href}`, ...(body === undefined ? [] : [body])].join('\n')
}

function asFields(value: Json): JsonObject {
  return isObject(value) ? value : {}
}

function inText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
