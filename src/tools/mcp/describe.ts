import * as z from 'zod'
import { canonical, hash, isObject, type Json, type JsonObject, type JsonSchema } from '../../json.ts'
import { usableSchema } from './schema.ts'
import type { Asking, Reply, Session } from './session.ts'
import { fullName, type ServerSpec } from './spec.ts'
import { legible, legibleLine } from './words.ts'

/** A tool as its server describes it. */
export interface ToolDescription {
  /** The server's own name of it. */
  readonly name: string
  /** Its name for models, permissions and team files. */
  readonly as: string
  readonly description: string
  readonly parameters: JsonSchema
  readonly output?: JsonSchema
  /** Of all that the server says of it, before any of that was made fit to be read. */
  readonly fingerprint: string
}

/** What a server says of itself: kept in the journal, so that a run goes on with the tools that it began with. */
export interface ServerDescription {
  readonly server: { readonly name: string; readonly version: string }
  readonly resources: boolean
  readonly prompts: boolean
  readonly tools: readonly ToolDescription[]
  /** Tools that are not offered to anybody, and why. */
  readonly left: readonly { readonly name: string; readonly reason: string }[]
}

/** More tools of one server than this are not offered, and not read. */
const MOST_TOOLS = 128
const MOST_PAGES = 20
const LONGEST_NAME = 64
const LONGEST_DESCRIPTION = 1000
/** Characters of all schemas together. */
const LARGEST_TOGETHER = 512 * 1024

const object = z.custom<JsonObject>(isObject)
const listed = z.object({
  name: z.string().min(1).max(1000),
  description: z.string().optional(),
  inputSchema: object,
  outputSchema: object.optional(),
  execution: z.object({ taskSupport: z.string().optional() }).optional(),
})

/** One tool that does not have the form of one must not hide the others. */
const page = z.object({ tools: z.array(z.unknown()), nextCursor: z.string().max(10_000).optional() })

/** Asks a server for its tools, page by page. */
export async function describe(
  server: string,
  { tools: wanted }: Pick<ServerSpec, 'tools'>,
  session: Session,
  asking: Asking,
): Promise<Reply<ServerDescription>> {
  const { info, has } = session
  const given: unknown[] = []
  let cursor: string | undefined
  for (let pages = 0; has.tools && pages < MOST_PAGES && given.length <= MOST_TOOLS; pages += 1) {
    const params = cursor === undefined ? {} : { cursor }
    const reply = await session.ask({ method: 'tools/list', params }, page, asking)
    if ('lost' in reply) return reply
    given.push(...reply.value.tools)
    if (reply.value.nextCursor === undefined || reply.value.nextCursor === cursor) break
    cursor = reply.value.nextCursor
  }
  const { tools, left } = await sift(server, given, wanted)
  return { value: { server: info, resources: has.resources, prompts: has.prompts, tools, left } }
}

/** What can be offered of what a server gave, and what cannot. */
async function sift(server: string, given: readonly unknown[], wanted: readonly string[] | undefined) {
  const tools: ToolDescription[] = []
  const left: { name: string; reason: string }[] = []
  let size = 0
  for (const one of given) {
    const { data } = listed.safeParse(one)
    const name = legibleLine(data?.name ?? nameIn(one), 200)
    if (wanted && !wanted.includes(data?.name ?? '')) continue
    const as = fullName(server, data?.name ?? '')
    const tool = data
      ? await offered(as, data)
      : 'what the server says of it does not have the form of a tool'
    const refuse = (reason: string) => left.push({ name, reason })
    if (typeof tool === 'string') refuse(tool)
    else if (tools.some(other => other.as === as)) refuse(`another tool of the server is called ${as}, too`)
    else if (tools.length >= MOST_TOOLS) {
      refuse(`the server has more than ${MOST_TOOLS} tools`)
      break
    } else {
      size += JSON.stringify(tool).length
      if (size > LARGEST_TOGETHER) {
        refuse(`the schemas of the server are larger than ${LARGEST_TOGETHER / 1024} KiB together`)
        break
      }
      tools.push(tool)
    }
  }
  const known = new Set([...tools, ...left].map(({ name }) => name))
  const missing = (wanted ?? []).filter(name => !known.has(name))
  return { tools, left: [...left, ...missing.map(name => ({ name, reason: 'the server has no such tool' }))] }
}

/** The tool, or why it is none that can be offered. */
async function offered(as: string, tool: z.infer<typeof listed>): Promise<ToolDescription | string> {
  const { name, description = '', inputSchema, outputSchema, execution } = tool
  if (as.length > LONGEST_NAME) return `its name ${as} is longer than ${LONGEST_NAME} characters`
  if (execution?.taskSupport === 'required') return 'it can only be used as a task of the protocol'
  const parameters = await usableSchema(inputSchema)
  if (typeof parameters === 'string') return parameters
  const output = outputSchema && (await usableSchema(outputSchema))
  if (typeof output === 'string') return `of its output, ${output}`
  return {
    name,
    as,
    description: legible(description, LONGEST_DESCRIPTION),
    parameters,
    ...(output && { output }),
    fingerprint: hash(canonical([name, description, inputSchema, outputSchema ?? null])),
  }
}

function nameIn(value: unknown): string {
  return isObject(value) && typeof value.name === 'string' ? value.name : 'one without a name'
}

/** A fingerprint of each tool, by its name: what a server is known by in later runs. */
export function fingerprintsOf(description: Json): Record<string, string> {
  return Object.fromEntries(asDescription(description).tools.map(({ as, fingerprint }) => [as, fingerprint]))
}

/** What `describe` gave, out of the journal. */
export function asDescription(description: Json): ServerDescription {
  return description as unknown as ServerDescription
}

/** What is different, for a person to judge. */
export function changesOf(before: ToolDescription, now: ToolDescription): JsonObject {
  const parts = (['description', 'parameters', 'output'] as const).flatMap(part => {
    const values = { before: before[part] ?? null, now: now[part] ?? null }
    return canonical(values.before) === canonical(values.now) ? [] : [[part, values] as const]
  })
  return Object.fromEntries(parts)
}
