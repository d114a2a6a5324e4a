import { askedOf, type Invocation } from '../agents/agent.ts'
import type { Caller } from '../agents/call.ts'
import type { Context } from '../engine/context.ts'
import { CrewError } from '../errors.ts'
import { type Compaction, sizeOf } from '../exchange/compaction.ts'
import type { Exchange } from '../exchange/exchange.ts'
import { inWords, type Packet, tokensOf } from '../exchange/packet.ts'
import type { Scope } from '../expressions/template.ts'
import { asText, type Json, type JsonObject } from '../json.ts'
import type { Gates } from '../policies/gate.ts'
import type { Profile } from './profile.ts'
import { type Shrunk, shrink } from './shrink.ts'

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
  /** No model is called and nothing with effects is executed; nobody is waited for. */
  readonly rehearsal: boolean
  /** How people are asked before something happens. */
  readonly gates: Gates
  /** Has an agent do something, as the step `key`. */
  ask(agent: string, request: AskRequest): Promise<Json>
  /** A step that holds others; when `body` ends, those that are still in flight are cancelled. */
  group<T>(key: string, body: (team: TeamContext) => Promise<T>): Promise<T>
}

export interface AskRequest extends Omit<Invocation, 'agent' | 'task' | 'scope'> {
  readonly key: string
  /** By default the task of the team and nothing else. */
  readonly packet?: Packet
  /** What happens to a packet that is too large for the agent; by default what it declares. */
  readonly compact?: Compaction
  /** By default what templates see at the start. */
  readonly scope?: Scope
}

export interface Assignment {
  readonly input: JsonObject
  /** The same in words. */
  readonly task: string
  readonly scope: Scope
  readonly agents: Readonly<Record<string, Profile>>
  readonly exchange: Exchange
  readonly rehearsal: boolean
  readonly gates: Gates
  readonly call: Caller
}

export function createTeamContext(root: Context, assignment: Assignment): TeamContext {
  const { input, task, agents, exchange, rehearsal, gates, call } = assignment
  const over = (ctx: Context): TeamContext => {
    const team: TeamContext = {
      ctx,
      input,
      scope: assignment.scope,
      task,
      agents,
      exchange,
      rehearsal,
      gates,
      async ask(agent, { key, packet: whole = { task }, compact, scope = assignment.scope, ...more }) {
        const room = agents[agent]?.context
        // Only a packet that is too large takes time: the step of any other begins at once.
        const { packet, decision }: Shrunk =
          room && sizeOf(whole) > room.tokens
            ? await shrink(team, {
                agent,
                key,
                packet: whole,
                most: room.tokens,
                compact: compact ?? room.compact,
              })
            : { packet: whole }
        const asked = { agent, task: inWords(packet), scope, ...more }
        const request = { kind: 'agent', agent, input: askedOf(asked), tokens: tokensOf(packet) }
        return ctx.step(key, request, step => {
          if (decision) step.emit({ type: 'decision', key: step.key, ...decision })
          return call(asked, step)
        })
      },
      group: (key, body) => ctx.step(key, { kind: 'group' }, inner => body(over(inner))),
    }
    return team
  }
  return over(root)
}

/**
 * Counts invocations by their keys: those of the agents of `whose`, the teams inside of it included. `before` are the
 * ones that were made already. Throws `limit-invocations` at the first too many.
 */
export function createCounter(
  invocations: number,
  whose: string,
  before: Iterable<string>,
): (key: string) => void {
  // A step that was refused its invocation has begun as well.
  const asked = new Set([...before].slice(0, invocations))
  return key => {
    if (asked.has(key)) return
    if (asked.size >= invocations) {
      throw new CrewError(
        'limit-invocations',
        `${whose} asked its agents ${invocations} times, and may not ask more`,
        { hint: `allow more: crew resume RUN --limit invocations=${invocations * 2}` },
      )
    }
    asked.add(key)
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
