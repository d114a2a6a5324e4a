import type { Context } from '../engine/context.ts'
import { CrewError } from '../errors.ts'
import type { Json } from '../json.ts'
import type { Connection } from './mcp/connection.ts'
import { asDescription, type ServerDescription } from './mcp/describe.ts'
import { fullName, serverOf } from './mcp/spec.ts'
import type { Tool } from './tool.ts'

/** Servers of the Model Context Protocol: programs or addresses whose tools agents use. */
export { type Connection, connect, type Surroundings } from './mcp/connection.ts'
export { fingerprintsOf } from './mcp/describe.ts'
export { fullName, mcp, type ServerSpec, serverOf } from './mcp/spec.ts'
export { toolsOf } from './mcp/toolset.ts'

/**
 * Asks a server what it is and what tools it has, inside of the step that `ctx` belongs to: what comes back is for the
 * journal, and what it has that cannot be used is said by decisions. Rejects with `tool-failed`.
 */
export async function describeServer(connection: Connection, ctx: Context): Promise<Json> {
  const description = await connection.call<ServerDescription>({
    what: 'the list of its tools',
    effects: 'pure',
    signal: ctx.signal,
    ask: (session, patience, signal) => connection.describe(session, { signal, patience }),
  })
  const { name: server } = connection
  for (const { name, reason } of description.left) {
    const about = `the tool ${name} of the MCP server ${server} is not offered: ${reason}`
    ctx.emit({ type: 'decision', key: ctx.key, what: 'mcp', reason: about, values: { server, tool: name } })
  }
  return description as unknown as Json
}

/**
 * Those of `tools` that a name in a team file means: all of a server, or one. Throws `definition` when there is none.
 * @param description of the server that the name leads to
 */
export function toolsNamed(name: string, tools: readonly Tool[], description: Json): readonly Tool[] {
  const server = serverOf(name)
  if (name === server) return tools
  const found = tools.filter(tool => tool.name === name)
  if (found.length > 0) return found
  const left = asDescription(description).left.find(({ name: own }) => fullName(server, own) === name)
  const why = left ? `: ${left.reason}` : ''
  throw new CrewError('definition', `the MCP server ${server} offers no tool ${name}${why}`, {
    hint: `it offers: ${tools.map(tool => tool.name).join(', ') || 'none'}`,
  })
}
