import { isObject, type Json, type JsonObject } from '../../json.ts'
import { commandLine } from '../../tools/command-line.ts'
import { EXCHANGE_TOOLS } from '../../tools/exchange/index.ts'
import { type Draft, variablesIn } from './capability.ts'
import { addressSays, httpPurity, stringsIn, withEnvironment } from './words.ts'

/**
 * Fields of agents that are words for whoever reads them, or say how often, how long and by whom something is done that
 * other fields allow. What stands neither here nor below is shown and counts, whatever it is: a field that is new to crew
 * does nothing unseen.
 */
export const WORDS_OF_AGENTS: ReadonlySet<string> = new Set([
  ...[
    'kind',
    'description',
    'role',
    'prompt',
    'skills',
    'reads',
    'writes',
    'expects',
    'output',
    'context',
    'choices',
  ],
  ...[
    'model',
    'fallback',
    'simplify',
    'ladder',
    'cache',
    'retry',
    'timeout',
    'breaker',
    'concurrency',
    'budget',
  ],
  ...['team', 'input', 'exchange', 'otherwise'],
])

/** Those that are described below. */
export const ACTS_OF_AGENTS: ReadonlySet<string> = new Set([
  ...['run', 'stdin', 'env', 'effects', 'sandbox', 'url', 'method', 'headers', 'body', 'connection'],
  ...['tools', 'check', 'approve', 'review', 'permissions'],
])

/** Tools that only read in the folder of the team, or reach nothing outside of the run at all. */
export const HARMLESS_TOOLS: ReadonlySet<string> = new Set([
  ...EXCHANGE_TOOLS,
  ...['read_file', 'list_files', 'search_files', 'read_result'],
  ...['remember', 'recall', 'forget', 'ask_person'],
])

const WHAT_TOOLS_DO: Readonly<Record<string, string>> = {
  write_file: 'write files in the folder of the team',
  patch_file: 'change files in the folder of the team',
  run_command: 'run any program that it chooses',
  fetch_url: 'fetch any public address that it chooses',
}

/** What one agent could do by itself; a nested team is looked at on its own. */
export function draftsOfAgent(spec: JsonObject): Draft[] {
  return [
    ...(spec.kind === 'command' ? [program(spec)] : []),
    ...(spec.kind === 'http' ? [request(spec)] : []),
    ...stringsIn(spec.tools).flatMap(granted),
    ...checksIn(spec.check, ['check']),
    ...approvalOf(spec, []),
    ...(spec.sandbox === undefined ? [] : [sandboxOf(spec.sandbox)]),
    ...Object.entries(spec).flatMap(([field, value]) =>
      WORDS_OF_AGENTS.has(field) || ACTS_OF_AGENTS.has(field) ? [] : unknown(field, value),
    ),
  ]
}

function program({ run, env, stdin, effects = 'once', exchange }: JsonObject): Draft {
  const argv = stringsIn(run)
  return {
    kind: 'runs',
    at: ['run'],
    says: `${commandLine(argv)}${withEnvironment(env)}`,
    data: { run: argv, env: env ?? {}, stdin: stdin ?? null, effects, exchange: exchange ?? false },
    argv,
    ...(effects === 'pure' && { isPure: true }),
  }
}

function request(spec: JsonObject): Draft {
  const { url = '', method = 'POST', headers, body, effects, connection } = spec
  const data = { url, method, headers: headers ?? {}, body: body ?? null, effects: effects ?? null }
  return {
    kind: 'talks',
    at: ['url'],
    says: addressSays(String(method), String(url), variablesIn([url, headers, body]), connection),
    data: { ...data, connection: connection ?? null },
    ...(httpPurity(effects, method) && { isPure: true }),
  }
}

/** A tool that an agent may call. */
function granted(tool: string): Draft[] {
  if (HARMLESS_TOOLS.has(tool)) return []
  const what = WHAT_TOOLS_DO[tool]
  const kind = tool === 'write_file' || tool === 'patch_file' ? 'files' : 'models'
  return [{ kind, at: ['tools'], says: what ? `${tool}: ${what}` : `use ${tool}`, data: { tool } }]
}

/** Programs that judge outputs. */
export function checksIn(value: Json | undefined, at: readonly string[]): Draft[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((check: Json, index: number) => {
    if (!isObject(check) || check.run === undefined) return []
    const argv = stringsIn(check.run)
    const place = [...at, String(index + 1), 'run']
    return { kind: 'runs', at: place, says: commandLine(argv), data: { check: argv }, argv } as const
  })
}

/** Who must have said yes before. Taking that away lets more happen. */
export function approvalOf(spec: JsonObject, at: readonly string[]): Draft[] {
  return (['approve', 'review'] as const).flatMap(field => {
    const value = spec[field]
    if (value === undefined) return []
    const isLenient = isObject(value) && value.otherwise === 'approve'
    const says = isLenient
      ? `${field}: what nobody answers in time counts as approved`
      : `${field}: ${typeof value === 'string' ? value : JSON.stringify(value)}`
    // What the person is asked are words.
    const { question: _, ...terms } = isObject(value) ? value : { when: value }
    return {
      kind: isLenient ? 'unasked' : 'held',
      at: [...at, field],
      says,
      data: { [field]: terms },
    } as const
  })
}

export function sandboxOf(value: Json): Draft {
  const kind = isObject(value) ? value.kind : value
  const more = isObject(value) ? Object.entries(value).filter(([name]) => name !== 'kind') : []
  const details = more.map(
    ([name, inner]) => `${name} ${typeof inner === 'string' ? inner : JSON.stringify(inner)}`,
  )
  const says = `programs run in a sandbox: ${[String(kind), ...details].join(', ')}`
  return { kind: 'held', at: ['sandbox'], says, data: { sandbox: value } }
}

/** A field that nobody has described: it is shown as it is. */
export function unknown(field: string, value: Json): Draft[] {
  return [{ kind: 'other', at: [field], says: JSON.stringify(value), data: { [field]: value } }]
}
