import { asJson, canonical, hash, isObject, type Json, type JsonObject } from '../json.ts'
import type { Nest } from './load.ts'
import { approvalOf, checksIn, draftsOfAgent, sandboxOf, unknown } from './trust/agents.ts'
import type { Capability, Draft } from './trust/capability.ts'
import {
  draftsOfConnection,
  draftsOfModel,
  draftsOfPermissions,
  draftsOfReceiver,
  draftsOfServer,
  draftsOfTool,
} from './trust/declared.ts'
import { filesNamed } from './trust/scripts.ts'

/**
 * Fields of a team that say what is to be done and how much of it. Whatever stands neither here nor below counts as
 * something that the team could do.
 */
export const WORDS_OF_TEAMS: ReadonlySet<string> = new Set([
  ...['$schema', 'name', 'description', 'input', 'defaults', 'limits', 'budget', 'repair', 'output'],
])

/** Those that are described below. */
export const ACTS_OF_TEAMS: ReadonlySet<string> = new Set([
  ...[
    'env',
    'models',
    'agents',
    'tools',
    'mcp',
    'connections',
    'sandbox',
    'permissions',
    'gates',
    'alerts',
    'pattern',
  ],
])

/** What a team could do outside of the run, that of the teams inside of it included. Looks at no file, acts on nothing. */
export function capabilitiesOf(team: Nest): Capability[] {
  return inNest(team, [], { seen: new Set(), given: {} })
}

/** Whether a model is one that anybody would call there, with that key; what no file declares is the person's own choice. */
export function isOwnEndpoint(declared: object | undefined): boolean {
  return declared === undefined || draftsOfModel(asJson(declared) as JsonObject).length === 0
}

/** Whether somebody has to say yes before it happens: what only holds back needs no leave. */
export function needsTrust(capabilities: readonly Capability[]): boolean {
  return capabilities.some(({ kind }) => kind !== 'held')
}

/**
 * What an answer is bound to: all that the team could do, where it is, and what the files are that its command lines
 * name. It stays the same whatever changes in prompts, roles, descriptions, patterns and names of models.
 */
export async function fingerprintOf({ root }: Nest, capabilities: readonly Capability[]): Promise<string> {
  const parts = await Promise.all(
    capabilities.map(async ({ kind, at, root, data, argv = [] }) => {
      return { kind, at, root, data, files: await filesNamed(root, argv) }
    }),
  )
  return hash(canonical({ version: 1, root, parts }))
}

/** What a team has from the one around it. */
interface Around {
  /** Models: they are told of once, where they are declared. */
  readonly seen: Set<unknown>
  /** Inputs. */
  readonly given: JsonObject
}

function inNest(
  { definition, root, teams }: Nest,
  way: readonly string[],
  { seen, given }: Around,
): Capability[] {
  const models = Object.fromEntries(
    Object.entries(definition.models ?? {}).filter(([, model]) => !seen.has(model)),
  )
  for (const model of Object.values(models)) seen.add(model)
  const written: JsonObject = { ...(asJson(definition) as JsonObject), models: asJson(models) }
  const inputs = { ...defaultsOf(written.input), ...given }
  const own = draftsOf(written).map(draft => withInputs(draft, inputs))
  return [
    ...own.map(({ at, ...draft }) => ({ ...draft, root, at: [...way, at.join('.')].join(' › ') })),
    ...Object.entries(teams).flatMap(([name, team]) =>
      inNest(team, [...way, name], { seen, given: inputsGiven(written, name) }),
    ),
  ]
}

function defaultsOf(input: Json | undefined): JsonObject {
  const fields = Object.entries(isObject(input) ? input : {})
  return Object.fromEntries(
    fields.flatMap(([name, field]) =>
      isObject(field) && field.default !== undefined ? [[name, field.default]] : [],
    ),
  )
}

function inputsGiven({ agents }: JsonObject, name: string): JsonObject {
  const agent = isObject(agents) ? agents[name] : undefined
  return isObject(agent) && isObject(agent.input) ? agent.input : {}
}

/** What a file writes into its own command lines and addresses by way of an input is a part of these. */
function withInputs(draft: Draft, inputs: JsonObject): Draft {
  if (draft.kind !== 'runs' && draft.kind !== 'talks') return draft
  const text = JSON.stringify(draft.data)
  const used = Object.entries(inputs).filter(([name]) => text.includes('input') && text.includes(name))
  if (used.length === 0) return draft
  const words = used.map(([name, value]) => `${name} ${JSON.stringify(value)}`)
  const data = { own: draft.data, inputs: Object.fromEntries(used) }
  return { ...draft, data, says: `${draft.says} (by default: ${words.join(', ')})` }
}

function draftsOf(team: JsonObject): Draft[] {
  const { env, sandbox, permissions, gates, alerts, pattern } = team
  return [
    ...each(team.agents, ['agents'], draftsOfAgent),
    ...each(team.agents, ['agents'], ({ permissions = {} }) =>
      under(['permissions'], draftsOfPermissions(permissions)),
    ),
    ...each(team.tools, ['tools'], draftsOfTool),
    ...each(team.mcp, ['mcp'], draftsOfServer),
    ...each(team.connections, ['connections'], draftsOfConnection),
    ...each(team.models, ['models'], draftsOfModel),
    ...under(['permissions'], draftsOfPermissions(permissions ?? {})),
    ...inPattern(pattern ?? {}, ['pattern']),
    ...told(alerts, gates),
    ...(Array.isArray(env) && env.length > 0 ? [variables(env)] : []),
    ...(sandbox === undefined ? [] : [sandboxOf(sandbox)]),
    ...Object.entries(team).flatMap(([field, value]) =>
      WORDS_OF_TEAMS.has(field) || ACTS_OF_TEAMS.has(field) ? [] : unknown(field, value),
    ),
  ]
}

function under(at: readonly string[], drafts: readonly Draft[]): Draft[] {
  return drafts.map(draft => ({ ...draft, at: [...at, ...draft.at] }))
}

function each(
  value: Json | undefined,
  at: readonly string[],
  drafts: (part: JsonObject) => Draft[],
): Draft[] {
  return Object.entries(isObject(value) ? value : {}).flatMap(([name, part]) =>
    isObject(part) ? under([...at, name], drafts(part)) : [],
  )
}

function variables(env: readonly Json[]): Draft {
  return { kind: 'variables', at: ['env'], says: env.join(', '), data: { env } }
}

/** Who is told of what happens while it runs. */
function told(alerts: Json | undefined, gates: Json | undefined): Draft[] {
  const receivers = isObject(alerts) && Array.isArray(alerts.to) ? alerts.to : []
  const { webhook, otherwise } = isObject(gates) ? gates : {}
  return [
    ...receivers.flatMap((receiver: Json, index: number) =>
      under(['alerts', 'to', String(index + 1)], draftsOfReceiver(receiver)),
    ),
    ...(webhook === undefined ? [] : under(['gates'], draftsOfReceiver({ webhook }))),
    ...(otherwise === undefined ? [] : [unanswered(otherwise)]),
  ]
}

function unanswered(otherwise: Json): Draft {
  const says = 'what nobody answers in time counts as approved'
  const at = ['gates', 'otherwise']
  return otherwise === 'approve'
    ? { kind: 'unasked', at, says, data: { otherwise } }
    : { kind: 'held', at, says: 'what nobody answers in time does not happen', data: { otherwise } }
}

/** Parts of patterns whose keys are names that somebody has given: a node that is called "review" is no review. */
const MAPS: ReadonlySet<string> = new Set(['nodes', 'tasks', 'routes', 'handoffs', 'contributors', 'on'])

/** Checks and approvals, wherever a pattern has them; the rest of it is order and words. */
function inPattern(value: Json, at: readonly string[]): Draft[] {
  if (Array.isArray(value)) {
    return value.flatMap((inner: Json, index: number) => inPattern(inner, [...at, String(index + 1)]))
  }
  if (!isObject(value)) return []
  const isMap = MAPS.has(at.at(-1) ?? '')
  return [
    ...checksIn(value.check, [...at, 'check']),
    ...(isMap ? [] : approvalOf(value, at)),
    ...Object.entries(value).flatMap(([field, inner]) => inPattern(inner, [...at, field])),
  ]
}

export type { Capability }
