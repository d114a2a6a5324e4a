import type { Invocation } from '../agents/agent.ts'
import type { Caller } from '../agents/call.ts'
import type { Context } from '../engine/context.ts'
import { CrewError } from '../errors.ts'
import type { Exchange } from '../exchange/exchange.ts'
import { inWords, type Packet, tokensOf } from '../exchange/packet.ts'
import type { Scope } from '../expressions/template.ts'
import { asText, type Json, type JsonObject } from '../json.ts'
import type { Profile } from './profile.ts'

/** What a pattern works with: the engine's context, and agents to ask. */
export interface TeamContext {
  readonly ctx: Context
  /** What the whole team was given. */
  readonly input: JsonObject
  /** What templates see at the start: input, env, run. */
  readonly scope: Scope
  /** The same input in words, for agents that declare no prompt. */
  readonly task: string
  /** Everybody in the team, by name. */
  readonly agents: Readonly<Record<string, Profile>>
  /** Board and mailbox. Touched inside of steps only. */
  readonly exchange: Exchange
  /** Has an agent do something, as the step `key`. */
  ask(agent: string, request: AskRequest): Promise<Json>
  /** A step that holds others; when `body` ends, those that are still in flight are cancelled. */
  group<T>(key: string, body: (team: TeamContext) => Promise<T>): Promise<T>
}

export interface AskRequest extends Omit<Invocation, 'agent' | 'task' | 'scope'> {
  readonly key: string
  /** By default the task of the team and nothing else. */
  readonly packet?: Packet
  /** By default what templates see at the start. */
  readonly scope?: Scope
}

export interface Assignment {
  readonly input: JsonObject
  readonly scope: Scope
  readonly agents: Readonly<Record<string, Profile>>
  readonly exchange: Exchange
  readonly call: Caller
  /** Counts one more invocation of the run. Throws when there may be no more. */
  readonly count: () => void
}

export function createTeamContext(root: Context, assignment: Assignment): TeamContext {
  const { input, agents, exchange, call, count } = assignment
  const task = describeInput(input)
  const over = (ctx: Context): TeamContext => ({
    ctx,
    input,
    scope: assignment.scope,
    task,
    agents,
    exchange,
    async ask(agent, { key, packet = { task }, scope = assignment.scope, ...more }) {
      count()
      const asked = { agent, task: inWords(packet), scope, ...more }
      const input = [asked.task, more.instruction].filter(Boolean).join('\n\n')
      const request = { kind: 'agent', agent, input, tokens: tokensOf(packet) }
      return ctx.step(key, request, step => call(asked, step))
    },
    group: (key, body) => ctx.step(key, { kind: 'group' }, inner => body(over(inner))),
  })
  return over(root)
}

/** Counts the invocations of a run, all its teams together; throws `limit-invocations` at the first too many. */
export function createCounter(invocations: number): () => void {
  let asked = 0
  return () => {
    asked += 1
    if (asked <= invocations) return
    throw new CrewError(
      'limit-invocations',
      `the run asked its agents ${invocations} times, and may not ask more`,
      { hint: `allow more: crew resume RUN --limit invocations=${invocations * 2}` },
    )
  }
}

/** The input of a team as the task of an agent: the text of its only field, or a line for each. */
export function describeInput(input: JsonObject): string {
  const [only, ...more] = Object.entries(input)
  if (!only) return ''
  if (more.length === 0 && typeof only[1] === 'string') return only[1]
  return Object.entries(input)
    .map(([name, value]) => `${name}: ${asText(value)}`)
    .join('\n')
}

/** What steps gave, as templates see it: `steps.NAME.output`. */
export type Steps = Record<string, { readonly output: Json }>
