import type { Caller } from '../agents/call.ts'
import type { Context } from '../engine/context.ts'
import { CrewError } from '../errors.ts'
import type { Scope } from '../expressions/template.ts'
import { asText, type Json, type JsonObject } from '../json.ts'

/** What a pattern works with: the engine's context, and agents to ask. */
export interface TeamContext {
  readonly ctx: Context
  /** What the whole team was given. */
  readonly input: JsonObject
  /** What templates see at the start: input, env, run. */
  readonly scope: Scope
  /** The same input in words, for agents that declare no prompt. */
  readonly task: string
  /** Has an agent do something, as the step `key`. */
  ask(agent: string, request: AskRequest): Promise<Json>
  /** A step that holds others; when `body` ends, those that are still in flight are cancelled. */
  group<T>(key: string, body: (team: TeamContext) => Promise<T>): Promise<T>
}

interface AskRequest {
  readonly key: string
  readonly task: string
  readonly scope: Scope
}

export interface Assignment {
  readonly input: JsonObject
  readonly scope: Scope
  readonly call: Caller
  readonly invocations: number
}

export function createTeamContext(
  root: Context,
  { input, scope, call, invocations }: Assignment,
): TeamContext {
  let asked = 0
  const over = (ctx: Context): TeamContext => ({
    ctx,
    input,
    scope,
    task: inWords(input),
    async ask(agent, { key, task, scope }) {
      asked += 1
      if (asked > invocations) throw tooMany(invocations)
      return ctx.step(key, { kind: 'agent', agent, input: task }, step => call({ agent, task, scope }, step))
    },
    group: (key, body) => ctx.step(key, { kind: 'group' }, inner => body(over(inner))),
  })
  return over(root)
}

function tooMany(invocations: number): CrewError {
  return new CrewError(
    'limit-invocations',
    `the run asked its agents ${invocations} times, and may not ask more`,
    {
      hint: `allow more: crew resume RUN --limit invocations=${invocations * 2}`,
    },
  )
}

/** The input of a team as the task of an agent: the text of its only field, or a line for each. */
export function inWords(input: JsonObject): string {
  const [only, ...more] = Object.entries(input)
  if (!only) return ''
  if (more.length === 0 && typeof only[1] === 'string') return only[1]
  return Object.entries(input)
    .map(([name, value]) => `${name}: ${asText(value)}`)
    .join('\n')
}

/** What steps gave, as templates see it: `steps.NAME.output`. */
export type Steps = Record<string, { readonly output: Json }>

/** `task`, followed by what others have given to it. */
export function withContributions(task: string, contributions: Readonly<Record<string, Json>>): string {
  const sections = Object.entries(contributions).map(([name, output]) => `From ${name}:\n${asText(output)}`)
  return [task, ...sections].filter(part => part !== '').join('\n\n')
}
