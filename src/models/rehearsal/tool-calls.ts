import { hash, isObject, type Json, type JsonObject, type JsonSchema } from '../../json.ts'
import type { ToolCall, ToolSpec } from '../model.ts'
import { handOver } from './handing-over.ts'
import { meaningfulWords, nameParts } from './words.ts'

const CALLS = 2
const READING =
  /^(?:search|find|list|read|fetch|get|look|query|retrieve|browse|grep|calculat\w*|lookup|open)$/
const PATHS = /^(?:path|file|filename|filepath|dir|directory|folder|root|cwd)$/
const QUERIES = /^(?:q|query|queries|search|keywords?|topic|question|text|terms?|input|prompt|subject)$/
const PATTERNS = /^(?:pattern|regex|glob|needle|match)$/
const ADDRESSES = /^(?:url|uri|link|address)$/
const SUMS = /^(?:expression|formula|sum)$/
const FILE = /(?:[\w-]+\/)*[\w-]+\.[A-Za-z]{1,5}\b/
const URL = /https?:\/\/[^\s)\]"'<>]+/
const SUM = /\d[\d.]*(?:\s*[-+*/]\s*\d[\d.]*)+/

/** Schema-valid arguments: those that are known, and words for the others. */
export type FillArguments = (
  parameters: JsonSchema,
  known: Readonly<Record<string, string>>,
) => Promise<JsonObject>

/** What an agent is asked, and who it is. */
interface Asked {
  readonly task: string
  readonly topic: string
  readonly role: string
}

/**
 * The calls that a first turn makes: at most two of the tools that look useful for `task`, those that only look
 * around unless the task names another. A tool whose required arguments the task does not give is left alone. Where
 * the work can be passed to somebody who knows more of it, that is all that is done.
 */
export async function chooseToolCalls(
  tools: readonly ToolSpec[],
  { task, topic, role }: Asked,
  fill: FillArguments,
): Promise<ToolCall[]> {
  const passing = tools.find(({ name }) => name === 'hand_off')
  const handed = passing && handOver(passing, task, role)
  if (passing && handed) return [callOf(passing.name, handed, task)]
  const words = new Set(meaningfulWords(task))
  const chosen = tools
    // At first there is no result to read on in.
    .filter(tool => tool !== passing && tool.name !== 'read_result')
    .flatMap(tool => {
      const parameters = necessary(tool.parameters)
      const known = knownArguments(tool.name, parameters, task, topic)
      const worth = worthOf(tool, task, words)
      return known && worth > 0 ? { name: tool.name, worth, parameters, known } : []
    })
    .sort((a, b) => b.worth - a.worth)
    .slice(0, CALLS)
  return Promise.all(
    chosen.map(async ({ name, parameters, known }) => callOf(name, await fill(parameters, known), task)),
  )
}

function callOf(name: string, args: JsonObject, task: string): ToolCall {
  return { id: `call_${hash(`${name} ${JSON.stringify(args)} ${task}`)}`, name, arguments: args }
}

function worthOf(tool: ToolSpec, task: string, words: ReadonlySet<string>): number {
  const named = task.includes(tool.name) ? 5 : 0
  const reads = nameParts(tool.name).some(part => READING.test(part)) ? 2 : -3
  const shared = meaningfulWords(`${nameParts(tool.name).join(' ')} ${tool.description}`).filter(word =>
    words.has(word),
  )
  return named + reads + Math.min(2, new Set(shared).size)
}

/** `parameters` with only what has to be given, and what is looked for. */
function necessary(parameters: JsonSchema): JsonSchema {
  if (!isObject(parameters.properties)) return parameters
  const required = Array.isArray(parameters.required) ? parameters.required : []
  const kept = Object.entries(parameters.properties).filter(
    ([name]) => required.includes(name) || isQuery(name),
  )
  return { ...parameters, properties: Object.fromEntries(kept) }
}

/** Texts that the task gives; nothing when one of them is wanted and cannot be known. */
function knownArguments(
  tool: string,
  { properties }: JsonSchema,
  task: string,
  topic: string,
): Record<string, string> | undefined {
  const texts = Object.entries(isObject(properties) ? properties : {}).filter(([, property]) =>
    isText(property),
  )
  const names = texts.map(([name]) => name)
  const looksAround = names.some(isQuery) || nameParts(tool).includes('list')
  const known: Record<string, string> = {}
  for (const name of names) {
    const value = knownArgument(name, looksAround, task, topic)
    if (value === undefined) return undefined
    known[name] = value
  }
  return known
}

function knownArgument(name: string, looksAround: boolean, task: string, topic: string): string | undefined {
  const part = nameParts(name).at(-1) ?? ''
  if (ADDRESSES.test(part)) return URL.exec(task)?.[0]
  if (SUMS.test(part)) return SUM.exec(task)?.[0]
  if (PATHS.test(part)) return looksAround ? '.' : FILE.exec(task)?.[0]
  if (part === 'glob') return '**/*'
  if (PATTERNS.test(part)) return meaningfulWords(topic).sort((a, b) => b.length - a.length)[0]
  return topic
}

function isText(property: Json): boolean {
  return (
    isObject(property) &&
    property.type === 'string' &&
    !('enum' in property || 'const' in property || 'format' in property)
  )
}

function isQuery(name: string): boolean {
  const part = nameParts(name).at(-1) ?? ''
  return QUERIES.test(part) || PATTERNS.test(part)
}
