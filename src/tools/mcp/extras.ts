import type { ClientRequest } from '@modelcontextprotocol/sdk/types.js'
import * as z from 'zod'
import { defineTool, type Tool } from '../tool.ts'
import { basics } from './basics.ts'
import type { Connection } from './connection.ts'
import { framed, textOfPrompt, textOfResource } from './content.ts'
import type { ServerDescription } from './describe.ts'
import { loadSdk, type Sdk } from './sdk.ts'
import { fullName } from './spec.ts'
import { legibleLine } from './words.ts'

/** Entries of a list that are read; one page tells where the next one begins. */
const MOST_ENTRIES = 500

/** Resources and prompts of a server as tools, unless it has tools of these names. To read them is never harmful. */
export function extraTools(
  { resources, prompts }: Pick<ServerDescription, 'resources' | 'prompts'>,
  taken: ReadonlySet<string>,
  connection: Connection,
): Tool[] {
  const { spec } = connection
  const all = [
    ...(resources ? [listResources(connection), readResource(connection)] : []),
    ...(prompts ? [listPrompts(connection), getPrompt(connection)] : []),
  ]
  return all
    .filter(({ own, tool }) => !taken.has(tool.name) && (!spec.tools || spec.tools.includes(own)))
    .map(({ tool }) => tool)
}

interface Extra {
  readonly own: string
  readonly tool: Tool
}

type Draft<Args extends z.ZodObject> = {
  readonly own: string
  readonly description: string
  readonly args: Args
  ask(
    args: z.infer<Args>,
    sdk: Sdk,
  ): { request: ClientRequest; result: z.ZodType; say(result: never): string }
}

function extra<Args extends z.ZodObject>(
  connection: Connection,
  { own, description, args, ask }: Draft<Args>,
): Extra {
  const { name, spec } = connection
  const effects = spec.effects?.[own] ?? 'pure'
  const as = fullName(name, own)
  const tool = defineTool({
    ...basics(connection),
    name: as,
    description,
    effects,
    args,
    async run(given, { signal: wanted }) {
      const { request, result, say } = ask(given, await loadSdk())
      const value = await connection.call({
        what: as,
        effects,
        signal: wanted,
        ask: (session, patience, signal) => session.ask(request, result, { signal, patience }),
      })
      return framed(as, name, say(value as never))
    },
  })
  return { own, tool }
}

const cursor = z.string().optional().describe('Where to go on, as the last answer said')

function listResources(connection: Connection): Extra {
  return extra(connection, {
    own: 'list_resources',
    description: `Lists the resources of the MCP server ${connection.name}.`,
    args: z.strictObject({ cursor }),
    ask: (params, { ListResourcesResultSchema }) => ({
      request: { method: 'resources/list', params },
      result: ListResourcesResultSchema as unknown as z.ZodType,
      say: ({ resources, nextCursor }: z.infer<typeof ListResourcesResultSchema>) =>
        listing(
          resources.map(({ uri, name, mimeType, description }) => [uri, name, mimeType, description]),
          nextCursor,
        ),
    }),
  })
}

function readResource(connection: Connection): Extra {
  return extra(connection, {
    own: 'read_resource',
    description: `Reads a resource of the MCP server ${connection.name}.`,
    args: z.strictObject({ uri: z.string().min(1).max(10_000).describe('Address of the resource') }),
    ask: (params, { ReadResourceResultSchema }) => ({
      request: { method: 'resources/read', params },
      result: ReadResourceResultSchema as unknown as z.ZodType,
      say: textOfResource,
    }),
  })
}

function listPrompts(connection: Connection): Extra {
  return extra(connection, {
    own: 'list_prompts',
    description: `Lists the prompts that the MCP server ${connection.name} has ready.`,
    args: z.strictObject({ cursor }),
    ask: (params, { ListPromptsResultSchema }) => ({
      request: { method: 'prompts/list', params },
      result: ListPromptsResultSchema as unknown as z.ZodType,
      say: ({ prompts, nextCursor }: z.infer<typeof ListPromptsResultSchema>) =>
        listing(
          prompts.map(({ name, description, arguments: args = [] }) => [
            name,
            description,
            args.map(({ name, required }) => (required ? `${name} (required)` : name)).join(', '),
          ]),
          nextCursor,
        ),
    }),
  })
}

function getPrompt(connection: Connection): Extra {
  const given = z.record(z.string(), z.string()).optional().describe('Arguments of the prompt, by name')
  return extra(connection, {
    own: 'get_prompt',
    description: `Gets a prompt that the MCP server ${connection.name} has ready.`,
    args: z.strictObject({ name: z.string().min(1).max(1000), arguments: given }),
    ask: (params, { GetPromptResultSchema }) => ({
      request: { method: 'prompts/get', params },
      result: GetPromptResultSchema as unknown as z.ZodType,
      say: textOfPrompt,
    }),
  })
}

function listing(entries: readonly (readonly (string | undefined)[])[], next: string | undefined): string {
  const lines = entries
    .slice(0, MOST_ENTRIES)
    .map(entry => `- ${legibleLine(entry.filter(Boolean).join(' · '), 1000)}`)
  const rest = entries.length - lines.length
  if (rest > 0) lines.push(`[cut: ${rest} more]`)
  if (next !== undefined) lines.push(`There are more: go on with cursor ${JSON.stringify(next)}.`)
  return lines.join('\n')
}
