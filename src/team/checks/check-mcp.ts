import { fullName, type ServerSpec, serverOf } from '../../tools/mcp.ts'
import { parseUrl } from '../../url.ts'
import type { Definition } from '../schema.ts'
import type { Finding } from '../source/problem.ts'
import type { Path } from '../source/tree.ts'
import { didYouMean, namesOf } from '../suggest.ts'

interface Team {
  readonly definition: Definition
  readonly tools: readonly string[]
}

/** Whether MCP servers can be told apart from tools, can be reached, and are used for what they offer. */
export function checkMcp({ definition, tools: builtIn }: Team): Finding[] {
  const { mcp = {}, tools: declared = {}, agents } = definition
  const others = [...builtIn, ...Object.keys(declared)]
  const used = Object.entries(agents).flatMap(([agent, spec]) =>
    (('tools' in spec ? spec.tools : undefined) ?? []).map((tool, index) => ({
      tool,
      path: ['agents', agent, 'tools', index],
    })),
  )
  return Object.entries(mcp).flatMap(([name, server]) => [
    ...collisions(name, others),
    ...wrongAddress(name, server),
    ...unknownEffects(name, server),
    ...used.flatMap(({ tool, path }) => notOffered(name, server, tool, path)),
    ...(used.some(({ tool }) => serverOf(tool) === name) ? [] : [idle(name)]),
  ])
}

/** Whether a name that an agent lists under `tools` leads to a server, or to a tool of one. */
export function isOfServer(tool: string, { mcp = {} }: Pick<Definition, 'mcp'>): boolean {
  return Object.hasOwn(mcp, serverOf(tool))
}

function collisions(name: string, others: readonly string[]): Finding[] {
  return others
    .filter(other => serverOf(other) === name)
    .map(other => ({
      path: ['mcp', name],
      at: 'key' as const,
      message: `the name of this server and that of the tool "${other}" cannot be told apart`,
      hint: 'give one of them another name',
    }))
}

function wrongAddress(name: string, { url }: ServerSpec): Finding[] {
  if (url === undefined || url.includes('${')) return []
  if (['http:', 'https:'].includes(parseUrl(url)?.protocol ?? '')) return []
  return [{ path: ['mcp', name, 'url'], message: `"${url}" is not an http or https address` }]
}

function unknownEffects(name: string, { tools, effects = {} }: ServerSpec): Finding[] {
  if (!tools) return []
  return Object.keys(effects)
    .filter(tool => !tools.includes(tool))
    .map(tool => ({
      path: ['mcp', name, 'effects', tool],
      at: 'key' as const,
      message: `tools does not list "${tool}", so that nobody can call it`,
      hint: didYouMean(tool, tools) ?? `the tools are: ${namesOf(tools)}`,
    }))
}

function notOffered(name: string, { tools }: ServerSpec, tool: string, path: Path): Finding[] {
  if (!tools || tool === name || serverOf(tool) !== name) return []
  const offered = tools.map(one => fullName(name, one))
  if (offered.includes(tool)) return []
  const hint = didYouMean(tool, offered) ?? `it offers: ${namesOf(offered)}`
  return [{ path, message: `the tools of the server "${name}" do not include "${tool}"`, hint }]
}

function idle(name: string): Finding {
  return {
    path: ['mcp', name],
    at: 'key',
    severity: 'warning',
    message: `no agent uses the MCP server "${name}"`,
    hint: `give its tools to one: tools: [${name}]`,
  }
}
