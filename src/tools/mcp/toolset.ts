import { signsOfLife } from '../../engine/activity.ts'
import type { Context } from '../../engine/context.ts'
import { hash, type Json, type JsonObject, type JsonSchema } from '../../json.ts'
import type { Effects } from '../../store/events.ts'
import { type Change, type Setting, type Tool, toolFailed } from '../tool.ts'
import { basics } from './basics.ts'
import type { Connection } from './connection.ts'
import { framed, textOfResult } from './content.ts'
import { asDescription, changesOf, type ToolDescription } from './describe.ts'
import { type Interviewer, interviewer } from './elicit.ts'
import { extraTools } from './extras.ts'
import { compile } from './schema.ts'
import { loadSdk } from './sdk.ts'
import type { Asking, Reply, Session } from './session.ts'
import { legible } from './words.ts'

const LONGEST_ERROR = 4000

/** The tools of a server as the run has them: those of the description that its journal keeps. */
export function toolsOf(description: Json, connection: Connection): Tool[] {
  const { tools, ...more } = asDescription(description)
  return [
    ...tools.map(tool => toolOf(tool, connection)),
    ...extraTools(more, new Set(tools.map(({ as }) => as)), connection),
  ]
}

/** @param accepted fingerprint of what the tool may be besides what it was */
function toolOf(pinned: ToolDescription, connection: Connection, accepted?: string): Tool {
  const { name: server, spec } = connection
  const effects = spec.effects?.[pinned.name] ?? 'once'
  return {
    ...basics(connection),
    name: pinned.as,
    description: pinned.description,
    parameters: pinned.parameters,
    effects,
    async change(signal) {
      const live = await connection.call<ToolDescription>({
        what: 'the list of its tools',
        effects: 'pure',
        signal,
        ask: (session, patience, signal) => lookUp(pinned, connection, session, { signal, patience }),
      })
      return live.fingerprint === pinned.fingerprint ? undefined : changeOf(pinned, live, server)
    },
    after: ({ fingerprint }) => toolOf(pinned, connection, fingerprint),
    async call(args, setting) {
      if (accepted === undefined) await check(pinned, args)
      return use({ pinned, connection, effects, accepted }, args, setting)
    },
  }
}

async function check({ as, parameters }: ToolDescription, args: JsonObject): Promise<void> {
  const problem = (await compile(parameters, 'what was given'))(args)
  if (problem) throw toolFailed(`${as} was called with wrong arguments. ${problem}`)
}

interface Use {
  readonly pinned: ToolDescription
  readonly connection: Connection
  readonly effects: Effects
  readonly accepted: string | undefined
}

/** Calls the tool, unless it is another one by now. */
async function use(
  { pinned, connection, effects, accepted }: Use,
  args: JsonObject,
  { ctx, aside, signal: wanted }: Setting,
): Promise<string> {
  const { name: server, spec, surroundings } = connection
  const { CallToolResultSchema } = await loadSdk()
  const questions = interviewer({ server, tool: pinned.as, ctx, aside, patience: spec.patience })
  const _meta = { 'crew/idempotencyKey': keyOf(surroundings.run, ctx) }
  const params = { name: pinned.name, arguments: args, _meta }
  const onProgress = signsOfLife(ctx, surroundings.clock)
  let live = pinned
  const result = await connection.call({
    what: pinned.as,
    effects,
    signal: wanted,
    interviewer: questions,
    async ask(session, patience, signal) {
      questions.begin()
      const now = await lookUp(pinned, connection, session, { signal, patience })
      if ('lost' in now) return { lost: { ...now.lost, isUntouched: true } }
      live = now.value
      if (![pinned.fingerprint, accepted].includes(live.fingerprint)) throw changed(pinned, server)
      if (accepted !== undefined) await check(live, args)
      return session.ask({ method: 'tools/call', params }, CallToolResultSchema, {
        signal,
        patience,
        onProgress,
      })
    },
  })
  const text = textOfResult(result)
  if (result.isError) throw toolFailed(`${legible(text, LONGEST_ERROR)}${notesOf(questions)}`)
  const problem = live.output && (await lieIn(result.structuredContent, live.output))
  if (problem)
    throw toolFailed(
      `The MCP server ${server} did not give what it had promised for ${pinned.as}: ${problem}`,
    )
  return `${framed(pinned.as, server, text)}${notesOf(questions)}`
}

/** The tool as the server of this session describes it. Rejects with `tool-failed` when it has none like that. */
async function lookUp(
  { name, as }: ToolDescription,
  connection: Connection,
  session: Session,
  asking: Asking,
): Promise<Reply<ToolDescription>> {
  const reply = await connection.describe(session, asking)
  if ('lost' in reply) return reply
  const value = reply.value.tools.find(tool => tool.name === name)
  if (value) return { value }
  throw toolFailed(`The MCP server ${connection.name} has no tool ${as} any more, or none that can be used.`)
}

async function lieIn(structured: unknown, schema: JsonSchema): Promise<string | undefined> {
  return structured === undefined
    ? 'nothing structured came'
    : (await compile(schema, 'it'))(structured as Json)
}

function changeOf(pinned: ToolDescription, live: ToolDescription, server: string): Change {
  return {
    question: `The tool ${pinned.as} is not what it was when this run began: the MCP server ${server} describes it differently now. Call it as it is now?`,
    detail: changesOf(pinned, live),
    fingerprint: live.fingerprint,
  }
}

function changed({ as }: ToolDescription, server: string) {
  return toolFailed(`${as} was not called: the MCP server ${server} describes it differently now.`)
}

/** The same for the same call, also after a crash. */
function keyOf(run: string, { key }: Context): string {
  return hash(`${run}/${key}`)
}

function notesOf({ notes }: Interviewer): string {
  return notes.map(note => `\n\n(${note})`).join('')
}
