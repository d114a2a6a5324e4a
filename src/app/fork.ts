import { CrewError } from '../errors.ts'
import { canonical, isObject, type Json, type JsonObject, parseJson } from '../json.ts'
import { validator } from '../json-schema.ts'
import type { Event, Fork } from '../store/events.ts'
import { type RunView, viewOf } from '../store/view.ts'
import { changedAgents } from '../team/changes.ts'
import { inputFields, resolveInput } from '../team/input.ts'
import { everyOne, loadTeam, type Nest, reviveTeam, type Team } from '../team/load.ts'
import { DefinitionError } from '../team/source/problem.ts'
import { didYouMean, namesOf } from '../team/suggest.ts'

/** A run that is to be forked: its team is the one that is pinned in it. */
export interface Parent {
  readonly id: string
  readonly events: readonly Event[]
  readonly team: Team
}

/** What is to be another in a fork. Texts are as a person wrote them. */
export interface Changes {
  /** A step, or the number of an event. */
  readonly at?: string | undefined
  /** Path of a team file, in place of the team that is pinned. */
  readonly team?: string | undefined
  /** Fields of agents, by their paths: `writer.model`. */
  readonly agents: readonly Setting[]
  readonly input: Readonly<Record<string, string>>
  /** Results, by `steps.KEY.output`. */
  readonly results: readonly Setting[]
}

interface Setting {
  readonly path: string
  readonly value: string
}

export interface Plan {
  readonly team: Team
  readonly input: JsonObject
  readonly fork: Fork
}

/** Reads what a person wants of a fork. Rejects with `usage`, `input` or `definition` when that is not possible. */
export async function planFork(parent: Parent, changes: Changes): Promise<Plan> {
  const { id, events } = parent
  const view = viewOf(events)
  const point = changes.at === undefined ? { at: view.seq } : pointAt(changes.at, parent, view)
  const whole = changes.team === undefined ? parent.team : await loadTeam(changes.team)
  const team = changes.agents.reduce(withField, whole)
  const declared = inputFields(team.definition)
  const kept = Object.entries(view.input).filter(([name]) => Object.hasOwn(declared, name))
  const input = resolveInput(team.definition, { ...Object.fromEntries(kept), ...changes.input })
  const set = Object.fromEntries(
    await Promise.all(changes.results.map(result => readResult(result, team, id, view))),
  )
  const changed = changedAgents(parent.team, team)
  const isSame =
    changes.at === undefined &&
    canonical([team.pinned, team.files, input]) ===
      canonical([parent.team.pinned, parent.team.files, view.input])
  if (isSame && changes.results.length === 0) throw nothingChanges(id)
  const fork = {
    ...{ run: id, ...point },
    ...(changed.length > 0 && { changed }),
    ...(changes.results.length > 0 && { set }),
  }
  return { team, input, fork }
}

/** The point that a person names, by a step that is to be done anew or by the last event that counts. */
function pointAt(at: string, { id, events, team }: Parent, view: RunView): Pick<Fork, 'at' | 'step'> {
  if (/^\d+$/.test(at)) {
    const seq = Number(at)
    if (seq >= 1 && seq <= view.seq) return { at: seq }
    throw new CrewError('usage', `run ${id} has no event ${at}: they are numbered from 1 to ${view.seq}`, {
      hint: `see them with: crew history ${id}`,
    })
  }
  const first = events.find(event => event.type.startsWith('step.') && 'key' in event && event.key === at)
  if (first && view.steps.has(at)) return { at: first.seq - 1, step: at }
  throw unknownStep(at, id, view, team)
}

function unknownStep(key: string, id: string, { steps }: RunView, team: Team): CrewError {
  const asked = [...steps.values()].filter(({ kind }) => kind === 'agent')
  const its = asked.filter(({ agent }) => agent === key).map(step => step.key)
  const isMember = everyOne<Nest>(team).some(({ definition }) => Object.hasOwn(definition.agents, key))
  const message =
    its.length > 0
      ? `${key} is an agent of run ${id}, and no step`
      : isMember
        ? `run ${id} never came to ${key}`
        : `run ${id} has no step ${key}`
  const there = its.length > 0 ? its : asked.map(step => step.key)
  const meant = didYouMean(key, [...steps.keys()].slice(0, 200))
  return new CrewError('usage', message, {
    hint:
      (its.length === 0 && meant) ||
      (there.length === 0 && `nothing of it has begun; go on with it: crew resume ${id}`) ||
      `its steps are: ${namesOf(there)}; see all with: crew history ${id} --all`,
  })
}

/** The team with one field of an agent set to a value. Text that is JSON is tried as both. */
function withField(team: Team, { path, value }: Setting): Team {
  const [agent = '', ...fields] = path.split('.')
  const agents = isObject(team.pinned.agents) ? team.pinned.agents : {}
  const said = `--agent ${path}=${value}`
  if (!Object.hasOwn(agents, agent) || fields.length === 0) {
    throw new CrewError('usage', `${said} names no field of an agent of the team`, {
      hint:
        didYouMean(agent, Object.keys(agents)) ??
        `write it like --agent ${Object.keys(agents)[0] ?? 'NAME'}.model=NAME; there are: ${namesOf(Object.keys(agents))}`,
    })
  }
  const json = parseJson(value)
  const isText = typeof valueAt(agents[agent], fields) === 'string' || json === undefined
  const candidates = isText ? [value, json] : [json, value]
  let problem: unknown
  for (const candidate of candidates) {
    if (candidate === undefined) continue
    try {
      const changed = replaced(agents, [agent, ...fields], candidate)
      const revived = reviveTeam({ ...team, pinned: { ...team.pinned, agents: changed } })
      return { ...revived, path: team.path }
    } catch (thrown) {
      problem ??= thrown
    }
  }
  if (!(problem instanceof DefinitionError)) throw problem
  const [first] = problem.problems.filter(({ severity }) => severity === 'error')
  throw new CrewError('usage', `${said}: ${first?.message ?? problem.message}`, {
    hint: first?.hint ?? 'what agents may declare is in docs/team-file.md',
  })
}

function valueAt(value: Json | undefined, [field, ...rest]: readonly string[]): Json | undefined {
  if (field === undefined) return value
  if (Array.isArray(value)) return valueAt(value[Number(field)], rest)
  return isObject(value) && Object.hasOwn(value, field) ? valueAt(value[field], rest) : undefined
}

function replaced(value: Json | undefined, [field, ...rest]: readonly string[], by: Json): Json {
  if (field === undefined) return by
  if (Array.isArray(value)) {
    if (!(Number(field) < value.length)) {
      throw new CrewError('usage', `"${field}" is no place in a list of ${value.length}`, {
        hint: 'places are counted from 0, like --agent writer.tools.0=NAME',
      })
    }
    return value.with(Number(field), replaced(value[Number(field)], rest, by))
  }
  const object = isObject(value) ? value : {}
  const inner = Object.hasOwn(object, field) ? object[field] : undefined
  // Entries, so that no name means more than a name.
  return Object.fromEntries([...Object.entries(object), [field, replaced(inner, rest, by)]])
}

/** A result that is to count, checked against what its agent has to give. */
async function readResult(
  { path, value }: Setting,
  team: Team,
  id: string,
  view: RunView,
): Promise<[key: string, output: Json]> {
  const key = /^steps\.(.+)\.output$/s.exec(path)?.[1]
  if (key === undefined) {
    throw new CrewError('usage', `--set ${path} is not a result`, {
      hint: 'write it like --set steps.retriever.output=@file',
    })
  }
  const step = view.steps.get(key)
  if (!step) throw unknownStep(key, id, view, team)
  const specs = everyOne<Nest>(team).flatMap(({ definition }) => definition.agents[step.agent ?? ''] ?? [])
  const schema = step.kind === 'agent' ? specs[0]?.output : undefined
  const isText = schema === undefined && (step.output === undefined || typeof step.output === 'string')
  const output = isText ? value : parseJson(value)
  const problem =
    output === undefined
      ? 'it is not JSON'
      : schema && (await validator(schema))(output, `the output of ${key}`)
  if (output !== undefined && problem === undefined) return [key, output]
  throw new CrewError('usage', `--set ${path}: ${problem}`, {
    hint: schema ? `it has to satisfy: ${JSON.stringify(schema)}` : 'write it as JSON',
  })
}

function nothingChanges(id: string): CrewError {
  return new CrewError('usage', `nothing would be different in this fork of run ${id}`, {
    hint: `say from where with --at STEP (crew history ${id} lists them), or what with --input, --agent, --set or --team`,
  })
}
