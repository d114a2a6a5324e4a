import { expect, onTestFinished } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import type { Context } from '../../src/engine/context.ts'
import { toCrewError } from '../../src/errors.ts'
import { createFetch } from '../../src/fetch/fetch.ts'
import type { Json, JsonObject } from '../../src/json.ts'
import type { Store } from '../../src/store/store.ts'
import {
  type Connection,
  connect,
  describeServer,
  mcp,
  type Surroundings,
  toolsOf,
} from '../../src/tools/mcp.ts'
import type { Tool } from '../../src/tools/tool.ts'
import { start, temporaryFolder, temporaryStore } from './runs.ts'

function surroundings(more: Partial<Surroundings> = {}): Surroundings {
  const clock = systemClock
  return {
    run: 'run1',
    root: temporaryFolder(),
    scope: { env: {} },
    clock,
    fetch: createFetch(clock),
    ...more,
  }
}

/** A server called `s`, as a team file declares it; closed when the test is over. */
export function open(spec: object, more: Partial<Surroundings> = {}): Connection {
  const { s } = mcp.parse({ s: spec })
  if (!s) throw new Error('there is a server')
  const connection = connect('s', s, surroundings(more))
  onTestFinished(() => connection.close())
  return connection
}

type Said = { readonly ok: string } | { readonly failed: string; readonly code: string }

export interface Desk {
  readonly ctx: Context
  readonly description: Json
  readonly tools: readonly Tool[]
  /** Calls a tool by its own name, as a step that acts. */
  call(name: string, args?: JsonObject, signal?: AbortSignal): Promise<Said>
}

/** Does something with a server in a run. What fails in `work` fails the test. */
export async function using(
  connection: Connection,
  work: (desk: Desk) => Promise<void>,
  store?: Store,
  go = start,
) {
  const into = store ?? (await temporaryStore())
  let thrown: unknown
  const outcome = await go(into, async ctx => {
    const description = await ctx.step('mcp/s', { kind: 'mcp' }, inner => describeServer(connection, inner))
    const tools = toolsOf(description, connection)
    let calls = 0
    const call = async (name: string, args: JsonObject = {}, signal?: AbortSignal): Promise<Said> => {
      const tool = tools.find(one => one.name === `s__${name}`)
      if (!tool) return { failed: 'no such tool', code: '' }
      calls += 1
      const request = { kind: 'tool', effects: tool.effects ?? 'pure', input: { name, args } }
      return ctx.step(`call-${calls}`, request, step => saidBy(tool, args, step, signal))
    }
    await work({ ctx, description, tools, call }).catch(error => {
      thrown = error
      throw error
    })
    return null
  })
  if (thrown && toCrewError(thrown).code === 'defect') throw thrown
  return { outcome, events: await into.events('run1'), store: into }
}

export function saidBy(tool: Tool, args: JsonObject, ctx: Context, signal = ctx.signal): Promise<Said> {
  const setting = { root: '.', ctx, signal, aside: <T>(wait: () => Promise<T>) => wait() }
  return tool.call(args, setting).then(
    said => ({ ok: String(said) }),
    error => ({ failed: error.message, code: toCrewError(error).code }),
  )
}

export const failed = (failed: RegExp) => expect.objectContaining({ failed: expect.stringMatching(failed) })
export const ok = (ok: RegExp) => ({ ok: expect.stringMatching(ok) })
