import { bytesInWords } from './bytes.ts'
import type { Clock } from './clock.ts'
import { listSettings } from './config.ts'
import { checkBreakers } from './doctor/breakers.ts'
import { absent, broken, type Finding, ok } from './doctor/finding.ts'
import { checkWholeStore } from './doctor/store.ts'
import { toCrewError } from './errors.ts'
import { createFetch, type Fetch } from './fetch/fetch.ts'
import { codeOfStatus, quote } from './fetch/status.ts'
import { defaultStore } from './home.ts'
import { canonical, isObject, parseJson } from './json.ts'
import type { Endpoint, ResolvedEndpoint } from './models/endpoint.ts'
import { openModel, resolveEndpoint } from './models/index.ts'
import { PROVIDERS } from './models/providers.ts'
import { inspectStore } from './store/inspect.ts'
import { endpointsOf, surroundingsOf } from './team/endpoints.ts'
import { everyOne, loadTeam, type Nest, type Team } from './team/load.ts'
import { describeTeam } from './team/report.ts'
import { standingOf } from './team/standing.ts'
import { isOwnEndpoint } from './team/trust.ts'

export interface Patient {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  /** A team file: what that team needs is looked at, and no more. */
  readonly team?: string | undefined
  readonly store?: string | undefined
  /** Only the store is looked at, but all of it; how commands name it: ` --db FILE`, or nothing. */
  readonly whole?: string | undefined
  /** No model is to be called. */
  readonly rehearsal?: boolean
}

/** Something to look at, with a name for the time that it takes. */
export interface Examination {
  readonly name: string
  readonly look: () => Promise<readonly Finding[]>
}

/** What has to be well so that crew can run, in the order in which to look. */
export function examine({
  env,
  clock,
  team: path,
  store = defaultStore(),
  whole,
  rehearsal = false,
}: Patient): Examination[] {
  const examination = (name: string, look: () => Promise<readonly Finding[]>) => ({
    name,
    look: () => attempt(name, look),
  })
  if (whole !== undefined) return [examination('store', () => checkWholeStore(store, whole, clock))]
  const connect = (endpoint: ResolvedEndpoint) => checkEndpoint(endpoint, createFetch(clock), clock)
  const always = [
    examination('node', async () => [checkNode(process.versions.node)]),
    examination('store', () => checkStore(store)),
    examination('configuration', async () => [await checkConfiguration()]),
  ]
  if (path === undefined) {
    const models = async () => {
      const endpoints = await defaultEndpoints(env)
      return endpoints.length > 0 ? Promise.all(endpoints.map(connect)) : [noModel]
    }
    return [...always, examination('keys', async () => checkKeys(env)), examination('models', models)]
  }
  let team: Team | undefined
  let isTrusted = false
  const endpoints = async () => (team ? endpointsOfAll(team, env) : [])
  // Nobody is told a key, or that somebody is there, because a file says so that nobody trusts.
  const harmless = async () => (team && !isTrusted ? endpointsOfAll(team, env, isOwnEndpoint) : endpoints())
  const called = [
    examination('models', async () => Promise.all((await harmless()).map(connect))),
    examination('breakers', async () =>
      team ? checkBreakers(team, await endpoints(), { path: store, clock }) : [],
    ),
  ]
  return [
    ...always,
    examination('team', async () => {
      team = await loadTeam(path)
      const { state } = await standingOf(team)
      isTrusted = state !== 'unknown'
      const trust = isTrusted
        ? []
        : [absent('trust', `nobody trusts it yet, so nobody else is called: crew trust ${path}`)]
      return [ok('team', `${path}, ${describeTeam(team)}`), ...trust, ...checkVariables(team, env)]
    }),
    ...(rehearsal ? [] : called),
  ]
}

/** Each endpoint that somebody in the team calls, once. */
async function endpointsOfAll(
  team: Team,
  env: Patient['env'],
  isMeant: (declared: Endpoint | undefined) => boolean = () => true,
): Promise<ResolvedEndpoint[]> {
  const surroundings = await surroundingsOf(env)
  const endpoints = everyOne<Nest>(team).flatMap(({ definition }) =>
    [...endpointsOf(definition, surroundings)].flatMap(([name, endpoint]) =>
      isMeant(definition.models?.[name]) ? endpoint : [],
    ),
  )
  return [...new Map(endpoints.map(endpoint => [canonical(endpoint), endpoint])).values()]
}

/** What a look gives; one that ends badly gives its error. */
async function attempt(what: string, look: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await look()
  } catch (thrown) {
    const error = toCrewError(thrown)
    if (error.code === 'defect') throw error
    return [broken(what, error.message, error.details.hint)]
  }
}

const noModel = absent('models', 'none can be called yet; export a key, or try teams with --rehearse')

const OLDEST_NODE = [20, 19]

function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE
  const isNew = major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)
  if (isNew) return ok('node', version)
  return broken(
    'node',
    `${version} is too old`,
    `install Node ${OLDEST_NODE.join('.')} or newer: https://nodejs.org`,
  )
}

/** Less free space than this will not last for long, in bytes. */
const LITTLE_SPACE = 100 * 2 ** 20

async function checkStore(path: string): Promise<Finding[]> {
  const { schema, size, free, integrity } = await inspectStore(path)
  const space =
    free < LITTLE_SPACE
      ? [
          broken(
            'disk',
            `only ${bytesInWords(free)} are free for ${path}`,
            'free some space, or name another store with --db FILE',
          ),
        ]
      : []
  if (schema === undefined)
    return [absent('store', `${path} does not exist yet; the first run creates it`), ...space]
  if (integrity !== undefined && integrity !== 'ok') {
    return [broken('store', `${path} is damaged: ${integrity}`, 'see all of it with: crew doctor --store')]
  }
  const checked = integrity === undefined ? 'too large to be read through here' : 'sound'
  return [
    ok('store', `${path}, ${bytesInWords(size)}, schema ${schema}, ${checked}, ${bytesInWords(free)} free`),
    ...space,
  ]
}

async function checkConfiguration(): Promise<Finding> {
  const set = (await listSettings()).flatMap(({ name, value }) =>
    value === undefined ? [] : `${name} ${value}`,
  )
  return set.length > 0 ? ok('configuration', set.join(', ')) : absent('configuration', 'nothing is set')
}

/** Says which keys are there, never what they are. */
function checkKeys(env: Patient['env']): Finding[] {
  return Object.entries(PROVIDERS).flatMap(([provider, preset]) => {
    if (!('apiKeyEnv' in preset)) return []
    const { apiKeyEnv } = preset
    return env[apiKeyEnv]?.trim()
      ? ok(provider, `${apiKeyEnv} is set`)
      : absent(provider, `${apiKeyEnv} is not set`)
  })
}

function checkVariables(team: Nest, env: Patient['env']): Finding[] {
  const named = new Set(everyOne(team).flatMap(({ definition }) => definition.env ?? []))
  const missing = [...named].filter(name => env[name] === undefined)
  return missing.map(name => broken('env', `the team uses ${name}, which is not set`, `export ${name}=…`))
}

/** The model of agents that name none, if somebody has made it callable. */
async function defaultEndpoints(env: Patient['env']): Promise<ResolvedEndpoint[]> {
  const settings = await surroundingsOf(env)
  const endpoint = resolveEndpoint('default', undefined, settings)
  const isMeant = endpoint.apiKey || env.OPENAI_BASE_URL || settings.defaultModel || settings.defaultBaseUrl
  return isMeant ? [endpoint] : []
}

/** How local servers are started. */
const START: Readonly<Record<string, string>> = {
  ollama: 'start it: ollama serve',
  vllm: 'start it: vllm serve MODEL',
  lmstudio: 'start it: lms server start',
}

const PATIENCE = { total: 5_000 }

/** Asks an endpoint for its models: free of charge, and it shows whether the address and the key are right. */
async function checkEndpoint(endpoint: ResolvedEndpoint, fetch: Fetch, clock: Clock): Promise<Finding> {
  const { name, id, provider, baseUrl, apiKey, apiKeyEnv } = endpoint
  const what = `model ${name}`
  if (provider === 'rehearsal') return ok(what, 'a rehearsal, which needs nothing')
  try {
    await openModel(endpoint, { clock })
    const response = await fetch(`${baseUrl}/models`, { headers: headersFor(endpoint), deadlines: PATIENCE })
    const body = await response.text()
    if (response.ok) return describeModels(what, endpoint, body)
    if (codeOfStatus(response.status) === 'unauthorized') {
      const key = apiKey ? `the key in ${apiKeyEnv}` : 'a call without a key'
      return broken(
        what,
        `${id}: ${baseUrl} rejects ${key} (${response.status})`,
        `export ${apiKeyEnv ?? 'OPENAI_API_KEY'}=… with a valid key`,
      )
    }
    if (response.status === 404)
      return ok(what, `${id}: ${baseUrl} is reachable; it does not list its models`)
    return broken(
      what,
      `${id}: ${baseUrl} answers ${response.status}: ${quote(body)}`,
      'try again later, or name another endpoint',
    )
  } catch (thrown) {
    const { message, details } = toCrewError(thrown)
    return broken(what, `${id}: ${message}`, (provider && START[provider]) ?? details.hint)
  }
}

/** Anthropic takes a bearer token for calls, but not for the list of its models. */
function headersFor({ provider, apiKey }: ResolvedEndpoint): Record<string, string> {
  if (!apiKey) return {}
  const own = provider === 'anthropic' && { 'x-api-key': apiKey, 'anthropic-version': '2023-06-01' }
  return { authorization: `Bearer ${apiKey}`, ...own }
}

/** A list that does not name a model proves nothing, as many providers know it by other names too; only Ollama's is whole. */
function describeModels(
  what: string,
  { id, model, provider, baseUrl }: ResolvedEndpoint,
  body: string,
): Finding {
  const list = parseJson(body)
  if (!isObject(list) || !Array.isArray(list.data)) {
    return broken(
      what,
      `${id}: ${baseUrl} does not answer like an OpenAI-compatible endpoint`,
      'correct baseUrl; it often ends in /v1',
    )
  }
  const names = [model, `${model}:latest`, `models/${model}`]
  const isListed = list.data.some(each => isObject(each) && names.includes(String(each.id)))
  if (isListed) return ok(what, `${id}: ${baseUrl} is reachable and has it`)
  if (provider === 'ollama') return broken(what, `${id}: ${baseUrl} does not have it`, `ollama pull ${model}`)
  return ok(what, `${id}: ${baseUrl} is reachable; its list does not name this model`)
}
