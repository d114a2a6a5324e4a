import type { Clock } from '../clock.ts'
import type { Context } from '../engine/context.ts'
import type { Scope } from '../expressions/template.ts'
import type { Json } from '../json.ts'
import type { Patience } from '../policies/gate.ts'
import type { Redactor } from '../redact.ts'
import type { Store } from '../store/store.ts'
import type { Nest } from '../team/load.ts'
import type { Asking } from '../tools/ask-person.ts'
import { declaredTools } from '../tools/declared.ts'
import { BUILT_IN, builtInTools } from '../tools/index.ts'
import { type Connection, connect, describeServer, serverOf, toolsNamed, toolsOf } from '../tools/mcp.ts'
import type { Tool } from '../tools/tool.ts'
import type { Equipment } from './equip.ts'
import { recognize } from './known-servers.ts'

interface Setting extends Equipment {
  /** Of the run. */
  readonly id: string
  /** The folder that the team works in. */
  readonly root: string
  readonly scope: Scope
  readonly store: Store
  readonly clock: Clock
  readonly rehearsal: boolean
  readonly redact: Redactor
  readonly asking: (agent: string) => Asking
  readonly patience: Patience
}

/** The tools of a team, while it works. */
export interface Toolbox {
  /** All that an agent may call of what its team file lists. */
  tools(agent: string, listed: readonly string[]): readonly Tool[]
  /** Ends the servers that were started, with all that they started. */
  close(): Promise<void>
}

interface Server {
  readonly description: Json
  readonly tools: readonly Tool[]
}

/**
 * Opens what the agents of a team may use. What servers offer is journaled: a resumed run offers the same again, whatever
 * has become of them. Rejects with `tool-failed` when a server says nothing, with `definition` when it offers no such tool.
 */
export async function openToolbox(team: Nest, setting: Setting, ctx: Context): Promise<Toolbox> {
  const { definition } = team
  const { id, clock, fetch, sandbox, scope, connections, store, redact } = setting
  const connection = (name: string) => connections.get(name)
  const means = { id, clock, sandbox, scope, fetch, connection }
  const declared = definition.tools ? declaredTools(definition.tools, means) : {}
  const opened = connectAll(team, setting)
  const close = async () => {
    await Promise.all(opened.map(connection => connection.close()))
  }
  let servers: ReadonlyMap<string, Server> = new Map()

  /** Of each agent, once: a schema is made of every one of them. */
  const builtIn = new Map<string, ReadonlyMap<string, Tool>>()
  const builtInOf = (agent: string) => {
    const known = builtIn.get(agent)
    if (known) return known
    const memory = {
      memories: store.memories,
      team: { root: team.root, name: definition.name },
      run: id,
      agent,
    }
    const tools = builtInTools({ ...means, ...memory, redact, ...setting.asking(agent) })
    const byName = new Map(tools.map(tool => [tool.name, tool]))
    builtIn.set(agent, byName)
    return byName
  }
  const named = (agent: string, name: string): readonly Tool[] => {
    if (BUILT_IN.includes(name)) return [builtInOf(agent).get(name)].flatMap(tool => tool ?? [])
    const server = servers.get(serverOf(name))
    if (server) return toolsNamed(name, server.tools, server.description)
    return declared[name] ? [declared[name]] : []
  }
  const tools: Toolbox['tools'] = (agent, listed) => [
    ...new Map(listed.flatMap(name => named(agent, name)).map(tool => [tool.name, tool])).values(),
  ]
  try {
    servers = new Map(await Promise.all(opened.map(connection => openServer(connection, setting, team, ctx))))
    // What a server does not offer is missed before anybody has been paid for it.
    for (const [agent, listed] of usersOf(team)) tools(agent, listed)
    return { tools, close }
  } catch (error) {
    await close()
    throw error
  }
}

function usersOf({ definition }: Nest): (readonly [agent: string, listed: readonly string[]])[] {
  return Object.entries(definition.agents).map(([name, agent]) => [
    name,
    ('tools' in agent && agent.tools) || [],
  ])
}

/** The servers that some agent uses; each is to be closed, whether it could be opened or not. A rehearsal starts none. */
function connectAll(team: Nest, setting: Setting): readonly Connection[] {
  const { id, root, scope, clock, fetch, sandbox, connections, rehearsal } = setting
  if (rehearsal) return []
  const used = new Set(usersOf(team).flatMap(([, listed]) => listed.map(serverOf)))
  const specs = Object.entries(team.definition.mcp ?? {}).filter(([name]) => used.has(name))
  return specs.map(([name, spec]) => {
    const { url = '' } = spec
    const sign = async (connection: string) => (await connections.get(connection)?.headers(url)) ?? {}
    return connect(name, spec, { run: id, root, scope, clock, fetch, sandbox, sign })
  })
}

async function openServer(
  connection: Connection,
  { patience }: Setting,
  { root }: Nest,
  ctx: Context,
): Promise<readonly [string, Server]> {
  const { name } = connection
  // No agent can have a colon in its name, so that this is the key of nothing else.
  const description = await ctx.step(`mcp:${name}`, { kind: 'mcp', input: name }, inner =>
    describeServer(connection, inner),
  )
  await recognize({ root, server: name, description }, ctx, patience)
  return [name, { tools: toolsOf(description, connection), description }]
}
