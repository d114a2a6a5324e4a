import { isOfType } from '../../json.ts'
import type { Graph, Node } from '../../patterns/pattern.ts'
import { fits, type InputField } from '../input.ts'
import type { Definition } from '../schema.ts'
import { findSecret } from '../secrets.ts'
import type { Finding } from '../source/problem.ts'
import type { Path } from '../source/tree.ts'
import { didYouMean, namesOf } from '../suggest.ts'
import { checkCollisions } from './check-collisions.ts'
import { checkConnections } from './check-connections.ts'
import { checkLadder } from './check-ladder.ts'
import { checkMcp, isOfServer } from './check-mcp.ts'
import { checkPermissions } from './check-permissions.ts'
import { surroundingsOf } from './check-reference.ts'
import { checkTemplates } from './check-templates.ts'

interface Team {
  readonly definition: Definition
  /** Of its pattern. */
  readonly graph: Graph
  /** Names of the tools that there are. */
  readonly tools: readonly string[]
}

/** Everything that the shape of a team file does not show: whether its parts fit each other. */
export function checkTeam(team: Team): Finding[] {
  const parts = [checkAgents, checkSteps, checkModels, checkTools, checkInput].flatMap(check => check(team))
  const { definition, graph } = team
  return [
    ...parts,
    ...checkTemplates(surroundingsOf(definition, graph)),
    ...checkConnections(team),
    ...checkMcp(team),
    ...checkPermissions(team),
    ...checkLadder(definition),
    ...checkCollisions(definition, graph),
  ]
}

function checkAgents({
  definition: { agents, pattern, repair },
  graph: { nodes, pool = [], isOpen },
}: Team): Finding[] {
  const names = Object.keys(agents)
  const inGraph = [...nodes, ...pool].flatMap(({ agent, path }) =>
    agent === undefined ? [] : [{ agent, path: inPattern(path) }],
  )
  const standing = [
    ...standIns(agents, ['agents']),
    ...standIns(pattern, ['pattern']),
    ...standIns({ repair }, []),
  ]
  const named = [...inGraph, ...standing]
  const unknown = named
    .filter(({ agent }) => !names.includes(agent))
    .map(({ agent, path }) => ({
      path,
      message: `there is no agent "${agent}"`,
      hint: didYouMean(agent, names) ?? `the agents are: ${namesOf(names)}`,
    }))
  // Whom others can ask, they may use.
  const canBeAsked = Object.values(agents).some(
    agent => 'tools' in agent && agent.tools?.includes('ask_agent'),
  )
  const idle = names
    .filter(name => !isOpen && !canBeAsked && !named.some(({ agent }) => agent === name))
    .map(name => ({
      path: ['agents', name],
      at: 'key' as const,
      severity: 'warning' as const,
      message: `nothing in the pattern uses the agent "${name}"`,
    }))
  return [...unknown, ...idle]
}

/** Fields in which `by` names an agent. */
const BY = ['judge', 'compact', 'conflicts', 'simplify', 'repair']

/** Agents that help others out: those under `fallback` and `judge`, and in `by`, wherever that is. */
function standIns(value: unknown, path: Path): { readonly agent: string; readonly path: Path }[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => {
    const at = [...path, Array.isArray(value) ? Number(name) : name]
    // A team inside of this one has agents of its own.
    if (name === 'team' && path.length === 2) return []
    if (name === 'fallback' && Array.isArray(inner)) {
      return inner.map((agent, index) => ({ agent: String(agent), path: [...at, index] }))
    }
    const isNamed =
      name === 'fallback' || name === 'judge' || (name === 'by' && BY.includes(String(path.at(-1))))
    return isNamed && typeof inner === 'string' ? [{ agent: inner, path: at }] : standIns(inner, at)
  })
}

function checkSteps({ graph: { nodes } }: Team): Finding[] {
  const seen = new Set<string>()
  const isRepeated = ({ step }: Node) => seen.has(step) || !seen.add(step)
  return nodes.filter(isRepeated).map(({ step, path }) => ({
    path: inPattern(path),
    message: `two steps are called "${step}"`,
    hint: 'give one of them a name of its own, or leave it out',
  }))
}

function checkModels({ definition: { agents, models = {} } }: Team): Finding[] {
  const names = Object.keys(models)
  return Object.entries(agents).flatMap(([name, agent]) => {
    const model = 'model' in agent ? agent.model : undefined
    if (model === undefined || model === 'default' || names.includes(model)) return []
    const hint = didYouMean(model, [...names, 'default']) ?? `declare it under models: ${model}: { model: … }`
    return [{ path: ['agents', name, 'model'], message: `there is no model "${model}"`, hint }]
  })
}

function checkTools({
  definition: { agents, mcp = {}, tools: declared = {} },
  tools: builtIn,
}: Team): Finding[] {
  const known = [...builtIn, ...Object.keys(declared), ...Object.keys(mcp)]
  const taken = Object.keys(declared)
    .filter(name => builtIn.includes(name))
    .map(name => ({
      path: ['tools', name],
      at: 'key' as const,
      message: `there is a built-in tool "${name}"`,
      hint: 'give this one another name',
    }))
  const unknown = Object.entries(agents).flatMap(([name, agent]) => {
    const tools = ('tools' in agent ? agent.tools : undefined) ?? []
    return tools.flatMap((tool, index) => {
      if (known.includes(tool) || isOfServer(tool, { mcp })) return []
      const hint = didYouMean(tool, known) ?? `the tools are: ${namesOf(known)}`
      return [{ path: ['agents', name, 'tools', index], message: `there is no tool "${tool}"`, hint }]
    })
  })
  const used = Object.values(agents).flatMap(agent => ('tools' in agent ? agent.tools : undefined) ?? [])
  const idle = Object.keys(declared)
    .filter(name => !used.includes(name))
    .map(name => ({
      path: ['tools', name],
      at: 'key' as const,
      severity: 'warning' as const,
      message: `no agent has the tool "${name}"`,
      hint: `give it to one: tools: [${name}]`,
    }))
  return [...taken, ...unknown, ...idle]
}

function checkInput({ definition: { input = {} } }: Team): Finding[] {
  return Object.entries(input).flatMap(([name, field]) => checkField(['input', name], field))
}

function checkField(path: Path, field: InputField): Finding[] {
  const { type, enum: allowed = [], default: preset } = field
  const mistyped = allowed.flatMap((value, index) =>
    isOfType(type, value)
      ? []
      : [{ path: [...path, 'enum', index], message: `this value is not of type ${type}` }],
  )
  if (preset === undefined || mistyped.length > 0 || fits(field, preset)) return mistyped
  const message = isOfType(type, preset)
    ? 'the default is not among the values of enum'
    : `the default is not of type ${type}`
  return [{ path: [...path, 'default'], message }]
}

/** Keys and tokens that are written out, anywhere in the file. */
export function checkSecrets(value: unknown, path: Path = []): Finding[] {
  if (typeof value === 'string') {
    const secret = findSecret(value)
    if (!secret) return []
    const hint = `put it in the environment, declare it under env and write \${env.NAME}`
    return [{ path, at: secret, message: 'this looks like a secret', hint }]
  }
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    checkSecrets(inner, [...path, Array.isArray(value) ? Number(key) : key]),
  )
}

function inPattern(path: Path): Path {
  return ['pattern', ...path]
}
