import type { Reference } from '../../expressions/references.ts'
import { isObject, type JsonSchema } from '../../json.ts'
import type { Graph, Node } from '../../patterns/pattern.ts'
import { inputFields } from '../input.ts'
import type { Definition } from '../schema.ts'
import { pathName } from '../source/problem.ts'
import { didYouMean, namesOf } from '../suggest.ts'
import { follow, isMiss, type Miss } from './fields.ts'
import { createViews, type View, type Views } from './visibility.ts'

export interface Complaint {
  /** Which element of the reference's path is wrong. */
  readonly index: number
  readonly message: string
  readonly hint?: string
  readonly severity?: 'warning'
}

/** A team as its templates see it. */
export interface Surroundings {
  readonly definition: Definition
  readonly steps: ReadonlyMap<string, Node>
  readonly views: Views
}

export function surroundingsOf(definition: Definition, graph: Graph): Surroundings {
  return {
    definition,
    steps: new Map(graph.nodes.map(node => [node.step, node])),
    views: createViews(graph),
  }
}

const TEXT: JsonSchema = { type: 'string' }

/** What is wrong with reading `reference` in a place with this view. */
export function checkReference(
  { path }: Pick<Reference, 'path'>,
  view: View,
  team: Surroundings,
): Complaint | undefined {
  const [root, ...rest] = path
  if (view.variables.has(root)) return undefined
  const first = rest[0]
  switch (root) {
    case 'input':
      return first === undefined ? undefined : complainAboutInput(String(first), rest, team)
    case 'args':
      return view.args ? complainAboutArgs(view.args, rest) : unknownRoot(root, view, team)
    case 'steps':
      if (view.args) return unknownRoot(root, view, team)
      return first === undefined ? undefined : complainAboutStep(String(first), rest, view, team)
    case 'env':
      return first === undefined ? undefined : complainAboutEnv(String(first), team)
    case 'run':
      return first === undefined || first === 'id'
        ? undefined
        : { index: 1, message: `run has no "${first}"; it has: id` }
    default:
      return unknownRoot(root, view, team)
  }
}

/** JSON Schema of what a reference reads, as far as it is known. */
export function schemaOf(
  [root, name, ...rest]: Reference['path'],
  team: Surroundings,
): JsonSchema | undefined {
  if (name === undefined) return undefined
  const schema =
    root === 'input'
      ? inputSchema(String(name), team)
      : root === 'steps'
        ? outputSchema(String(name), team)
        : undefined
  const keys = root === 'steps' ? rest.slice(1) : rest
  const found = schema && follow(schema, keys)
  return isMiss(found) ? undefined : found
}

function complainAboutInput(
  name: string,
  path: readonly (string | number)[],
  team: Surroundings,
): Complaint | undefined {
  const names = Object.keys(inputFields(team.definition))
  const schema = inputSchema(name, team)
  if (!schema) {
    const declare = team.definition.input
      ? `declare it: ${name}: { type: string }`
      : `declare it: input: { ${name}: { type: string } }`
    const hint = didYouMean(name, names, candidate => `"input.${candidate}"`) ?? declare
    return { index: 1, message: `there is no input "${name}"`, hint }
  }
  const result = follow(schema, path.slice(1))
  return isMiss(result) ? missed(`input.${name}`, path.slice(1), result, 2) : undefined
}

function complainAboutArgs(schema: JsonSchema, path: readonly (string | number)[]): Complaint | undefined {
  const result = follow(schema, path)
  if (isMiss(result)) return missed('args', path, result, 1)
  const [name] = path
  const { properties, required } = schema
  const field = isObject(properties) && typeof name === 'string' ? properties[name] : undefined
  const isSure = Array.isArray(required) && required.includes(name ?? null)
  if (name === undefined || isSure || (isObject(field) && field.default !== undefined)) return undefined
  const hint = `write has(args.${name}) ? … : …, or give it a default`
  return { index: 1, message: `"${name}" is optional, and may be missing`, hint }
}

function complainAboutStep(
  name: string,
  [, field, ...keys]: readonly (string | number)[],
  view: View,
  team: Surroundings,
): Complaint | undefined {
  if (!team.steps.has(name)) {
    const names = [...team.steps.keys()]
    const dashed = names.find(step => step.startsWith(`${name}-`))
    const hint = dashed
      ? inBrackets(dashed)
      : (didYouMean(name, names, candidate => `"steps.${candidate}"`) ?? `the steps are: ${namesOf(names)}`)
    return { index: 1, message: `there is no step "${name}"`, hint }
  }
  if (!view.steps().has(name)) {
    const hint =
      view.steps().size > 0 ? `before this come: ${namesOf([...view.steps()])}` : 'no step comes before this'
    return { index: 1, message: `the output of "${name}" does not exist yet at this point`, hint }
  }
  if (field === undefined) return undefined
  if (field !== 'output')
    return {
      index: 2,
      message: `a step has no "${field}", it has: output`,
      hint: `write steps.${name}.output`,
    }
  const schema = outputSchema(name, team)
  const result = schema && follow(schema, keys)
  if (!isMiss(result)) return team.steps.get(name)?.optional ? mayBeSkipped(name) : undefined
  if (schema === TEXT) {
    const hint = `declare an output schema for "${team.steps.get(name)?.agent ?? name}"`
    return { index: 3, message: `the output of "${name}" is text: it has no fields`, hint }
  }
  return missed(`steps.${name}.output`, keys, result, 3)
}

function mayBeSkipped(name: string): Complaint {
  const test = /^\w+$/.test(name) ? `has(steps.${name})` : `"${name}" in steps`
  const message = `"${name}" may be skipped, and has no output then`
  return { index: 1, message, hint: `write ${test} ? … : …`, severity: 'warning' }
}

function complainAboutEnv(name: string, { definition: { env = [] } }: Surroundings): Complaint | undefined {
  if (env.includes(name)) return undefined
  const hint =
    didYouMean(name, env, candidate => `"env.${candidate}"`) ??
    `declare it: env: [${[...env, name].join(', ')}]`
  return { index: 1, message: `the team does not declare the environment variable "${name}"`, hint }
}

function unknownRoot(root: string, view: View, team: Surroundings): Complaint {
  const roots = ['input', view.args ? 'args' : 'steps', 'env', 'run', ...view.variables]
  const message = `there is no "${root}"; there is: ${roots.join(', ')}`
  if (Object.hasOwn(inputFields(team.definition), root))
    return { index: 0, message, hint: `did you mean "input.${root}"?` }
  if (team.steps.has(root)) return { index: 0, message, hint: `did you mean "steps.${root}.output"?` }
  if (team.definition.env?.includes(root)) return { index: 0, message, hint: `did you mean "env.${root}"?` }
  const dashed = [...team.steps.keys()].find(step => step.endsWith(`-${root}`))
  if (dashed) return { index: 0, message, hint: inBrackets(dashed) }
  return { index: 0, message, hint: didYouMean(root, roots) ?? `write $\${ for a literal \${` }
}

function inBrackets(step: string): string {
  return `write steps["${step}"]: a dash is a minus`
}

function missed(
  base: string,
  keys: readonly (string | number)[],
  { index, reason, known }: Miss,
  offset: number,
): Complaint {
  const place = pathName([base, ...keys.slice(0, index)])
  const hint =
    didYouMean(String(keys[index]), known) ?? (known.length > 0 ? `it has: ${namesOf(known)}` : undefined)
  const message = known.length > 0 ? `${place} ${reason}` : `${place} ${reason}, it has no "${keys[index]}"`
  return { index: index + offset, message, ...(hint && { hint }) }
}

function inputSchema(name: string, { definition }: Surroundings): JsonSchema | undefined {
  const fields = inputFields(definition)
  return Object.hasOwn(fields, name) ? { type: fields[name]?.type ?? 'string' } : undefined
}

/** What a step ends with; not known of one that works on many items. */
function outputSchema(name: string, team: Surroundings): JsonSchema | undefined {
  const node = team.steps.get(name)
  if (!node || node.variables?.includes('item')) return undefined
  if (node.output) return node.output
  const agent = team.definition.agents[node.agent ?? '']
  // What a team ends with is decided in there.
  return agent && (agent.output ?? (agent.kind === 'team' ? undefined : TEXT))
}
