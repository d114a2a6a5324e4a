import { isObject, type Json, type JsonObject } from '../../json.ts'
import { PROVIDERS, type Provider } from '../../models/providers.ts'
import { commandLine } from '../../tools/command-line.ts'
import { type Draft, variablesIn, withoutWords } from './capability.ts'
import { secretsOf } from './variables.ts'
import { addressSays, stringsIn, withEnvironment } from './words.ts'

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const

/** Fields of a model that say how it is asked, not who. */
export const WORDS_OF_MODELS: ReadonlySet<string> = new Set([
  ...[
    'model',
    'api',
    'maxTokens',
    'temperature',
    'timeout',
    'fallback',
    'price',
    'breaker',
    'concurrency',
    'rate',
  ],
])

/** A model that is called anywhere but at its provider's own address with its provider's own key; nothing otherwise. */
export function draftsOfModel(model: JsonObject): Draft[] {
  const data = Object.fromEntries(Object.entries(model).filter(([field]) => !WORDS_OF_MODELS.has(field)))
  const { provider, baseUrl, apiKeyEnv } = model
  const named = typeof provider === 'string' ? provider : baseUrl === undefined ? 'openai' : undefined
  const preset: { baseUrl?: string; apiKeyEnv?: string } = named ? (PROVIDERS[named as Provider] ?? {}) : {}
  const isOwn =
    (baseUrl === undefined || trimmed(String(baseUrl)) === preset.baseUrl) &&
    (apiKeyEnv === undefined || apiKeyEnv === preset.apiKeyEnv) &&
    Object.keys(data).every(field => ['provider', 'baseUrl', 'apiKeyEnv'].includes(field))
  if (isOwn) return []
  const key = apiKeyEnv ?? preset.apiKeyEnv
  const address = String(baseUrl ?? preset.baseUrl ?? '')
  const says = addressSays('', address, key === undefined ? [] : [String(key)])
  // The provider decides which key is sent.
  return [
    {
      kind: 'talks',
      at: [],
      says,
      data: { model: { ...data, key: key ?? null, address: trimmed(address) } },
    },
  ]
}

function trimmed(address: string): string {
  return address.replace(/\/+$/, '')
}

/** A tool that the team file declares: a command line, or a request. */
export function draftsOfTool(tool: JsonObject): Draft[] {
  const { approve } = tool
  const data = withoutWords(tool)
  const free: Draft[] =
    approve === 'never'
      ? [{ kind: 'unasked', at: ['approve'], says: 'models call it without asking', data: { approve } }]
      : []
  if (tool.run !== undefined) {
    const argv = stringsIn(tool.run)
    const says = `${commandLine(argv)}${withEnvironment(tool.env)}`
    return [{ kind: 'runs', at: ['run'], says, data, argv }, ...free]
  }
  const method = METHODS.find(name => tool[name] !== undefined)
  const address = method === undefined ? JSON.stringify(data) : String(tool[method])
  const sent = variablesIn([address, tool.headers ?? {}, tool.body ?? null, tool.query ?? null])
  const says = addressSays((method ?? '').toUpperCase(), address, sent, tool.connection)
  return [{ kind: 'talks', at: method === undefined ? [] : [method], says, data }, ...free]
}

/** A server that gives tools: a program, or an address. */
export function draftsOfServer(server: JsonObject): Draft[] {
  const data = withoutWords(server)
  if (server.run !== undefined) {
    const argv = stringsIn(server.run)
    const says = `${commandLine(argv)}${withEnvironment(server.env)}, for all tools that it offers`
    return [{ kind: 'runs', at: ['run'], says, data, argv }]
  }
  const address = String(server.url ?? JSON.stringify(data))
  const says = addressSays('', address, variablesIn([address, server.headers ?? {}]), server.connection)
  return [{ kind: 'talks', at: ['url'], says: `${says}, for all tools that it offers`, data }]
}

/** An interface that the team talks to with a secret of its own. */
export function draftsOfConnection(connection: JsonObject): Draft[] {
  const { baseUrl = '', auth, headers } = connection
  const { variables, files } = secretsOf(auth)
  const inHeaders = variablesIn([headers ?? {}, baseUrl])
  const sent = [...variables, ...inHeaders, ...files.map(file => `what is in ${file}`)]
  const tokens = isObject(auth) && auth.tokenUrl !== undefined ? ` and ${String(auth.tokenUrl)}` : ''
  const says = addressSays('', `${String(baseUrl)}${tokens}`, [...new Set(sent)])
  return [{ kind: 'talks', at: [], says, data: withoutWords(connection) }]
}

/** What models may touch, and what of it without a person. */
export function draftsOfPermissions(permissions: Json): Draft[] {
  if (!isObject(permissions)) return []
  const { allow, ask, deny, roots, hosts, ...more } = permissions
  const one = (
    kind: Draft['kind'],
    field: string,
    value: Json | undefined,
    says: (list: string) => string,
  ): Draft[] =>
    value === undefined || (Array.isArray(value) && value.length === 0)
      ? []
      : [{ kind, at: [field], says: says(shown(value)), data: { [field]: value } }]
  return [
    ...one('unasked', 'allow', allow, rules => rules),
    ...one('files', 'roots', roots, folders => `files below ${folders}`),
    ...one('talks', 'hosts', hosts, names => `${names}, also where these are private addresses`),
    ...one('held', 'ask', ask, rules => `asks before ${rules}`),
    ...one('held', 'deny', deny, rules => `never ${rules}`),
    ...Object.entries(more).flatMap(([field, value]) => one('other', field, value, text => text)),
  ]
}

function shown(value: Json): string {
  const list: readonly Json[] = Array.isArray(value) ? value : [value]
  return list.map(each => (typeof each === 'string' ? each : JSON.stringify(each))).join(', ')
}

/** Who is told, of alerts or of questions: an address or a program. */
export function draftsOfReceiver(receiver: Json): Draft[] {
  const { run, webhook, headers } = isObject(receiver) ? receiver : { webhook: receiver }
  if (run !== undefined) {
    const argv = stringsIn(run)
    return [{ kind: 'runs', at: ['run'], says: commandLine(argv), data: { run: argv }, argv }]
  }
  const address = isObject(webhook) ? String(webhook.url) : String(webhook)
  const given = { webhook: webhook ?? null, headers: headers ?? {} }
  return [
    { kind: 'talks', at: ['webhook'], says: addressSays('POST', address, variablesIn(given)), data: given },
  ]
}
