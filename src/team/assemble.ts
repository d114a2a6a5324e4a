import { withDefaults } from '../agents/index.ts'
import { CrewError } from '../errors.ts'
import { isObject, type JsonObject } from '../json.ts'
import { patternOf } from '../patterns/index.ts'
import type { Graph } from '../patterns/pattern.ts'
import { EXCHANGE_TOOLS } from '../tools/exchange/index.ts'
import { BUILT_IN } from '../tools/index.ts'
import { joined } from '../tools/permissions.ts'
import { checkSecrets, checkTeam } from './checks/check.ts'
import { checkGiven } from './given.ts'
import type { Included } from './include.ts'
import { findingsOf } from './issues.ts'
import { type Definition, schema } from './schema.ts'
import type { Sheet, Sheets } from './sheet.ts'
import { DefinitionError, type Finding, type Problem, pathName } from './source/problem.ts'
import { valueAt } from './source/source.ts'
import type { Path } from './source/tree.ts'

/** A team as far as it makes sense, and what does not. */
export interface Draft {
  readonly definition: Definition | undefined
  readonly sheet: Sheet
  /** Where in its sheet it is written. */
  readonly at: Path
  readonly problems: readonly Problem[]
  /** By the agents that they are. */
  readonly teams: Readonly<Record<string, Draft>>
}

/** A team on the way from the outermost one inward. */
interface Stop {
  /** As people read it. */
  readonly name: string
  /** Absolute path, of a team with a file of its own. */
  readonly file?: string | undefined
}

/** A file that is used again and again counts each time. */
const MOST_TEAMS = 200

/** Puts a team together out of its files, and all teams inside of it. `file`: the absolute path of its own. */
export function assemble(sheet: Sheet, file: string | undefined, sheets: Sheets): Draft {
  let teams = 0
  return assembleAt(sheet, [], [{ name: sheet.source.name, file }], undefined)

  function assembleAt(sheet: Sheet, at: Path, way: readonly Stop[], around: Definition | undefined): Draft {
    teams += 1
    const value = valueAt(sheet.value, at) as JsonObject
    const { definition, findings } = validate(value, around)
    const inner: Record<string, Draft> = {}
    const unreadable: Problem[] = []
    for (const [name, agent] of Object.entries(definition?.agents ?? {})) {
      if (agent.kind !== 'team' || !definition) continue
      const result = inside(name, agent.team, definition)
      if (!result) continue
      if (result instanceof DefinitionError) unreadable.push(...result.problems)
      else if (result instanceof CrewError) findings.push(cannotBe(name, result))
      else {
        inner[name] = result
        if (result.definition) findings.push(...checkGiven(name, agent, result.definition))
      }
    }
    const problems = [...placed(findings, sheet, at), ...unreadable]
    return { definition, sheet, at, problems, teams: inner }

    function inside(agent: string, team: string | object, around: Definition) {
      const path = typeof team === 'string' ? team : undefined
      const found = path === undefined ? sheet : sheets.get(path)
      // What could not be found was said when it was looked for.
      if (found === undefined || found instanceof CrewError) return found
      const stop = { name: path === undefined ? agent : found.source.name, file: path }
      const problem = turnBack([...way, stop], around.limits.depth)
      if (problem) return problem
      if (teams > MOST_TEAMS) return refuse(`there are more than ${MOST_TEAMS} teams inside of each other`)
      const inner = path === undefined ? [...at, 'agents', agent, 'team'] : []
      return assembleAt(found, inner, [...way, stop], around)
    }
  }
}

/** Why nobody goes further in: the last stop was passed before, or it lies deeper than it may. */
function turnBack(way: readonly Stop[], levels: number): CrewError | undefined {
  const last = way.at(-1)
  const first = way.findIndex(({ file }) => file !== undefined && file === last?.file)
  if (first >= 0 && first < way.length - 1) {
    const files = way.slice(first).filter(({ file }) => file !== undefined)
    return refuse(
      `this team is inside of itself: ${chain(files)}`,
      'name another team, or take this agent out',
    )
  }
  if (levels > 0) return undefined
  return refuse(
    `teams are inside of each other deeper than limits.depth allows: ${chain(way)}`,
    `nest less, or raise limits: { depth: ${way.length - 1} } in ${way[0]?.name}`,
  )
}

function chain(way: readonly Stop[]): string {
  return way.map(({ name }) => name).join(' → ')
}

function refuse(message: string, hint = 'nest less'): CrewError {
  return new CrewError('definition', message, { hint })
}

function cannotBe(agent: string, { message, details: { hint = '' } }: CrewError): Finding {
  return { path: ['agents', agent, 'team'], message, hint }
}

/** A team inside of another: it may use the models of that one, and its own limits hold where they are tighter. */
function inherit(own: Definition, { limits: written }: JsonObject, around: Definition): Definition {
  const limits = { ...around.limits, depth: around.limits.depth - 1 }
  for (const name of ['concurrency', 'turns', 'invocations', 'depth', 'stagnation', 'time'] as const) {
    if (isObject(written) && Object.hasOwn(written, name))
      limits[name] = Math.min(limits[name], own.limits[name])
  }
  return {
    ...own,
    limits,
    models: { ...around.models, ...own.models },
    // What runs inside of a sandbox cannot leave it.
    ...(around.sandbox && { sandbox: around.sandbox }),
    permissions: { ...own.permissions, ...joined(own.permissions, forbidding(around.permissions)) },
  }
}

/** What a team around forbids holds in all that are inside of it; what it allows is for its own agents. */
function forbidding({ ask = [], deny = [] }: NonNullable<Definition['permissions']> = {}) {
  return { ask, deny }
}

/** Where the findings of the team at `at` are, with what could not be included in its file. */
export function placed(
  findings: readonly Finding[],
  { source, included, ...sheet }: Sheet,
  at: Path,
): Problem[] {
  const texts = new Map(included.map(text => [pathName(text.path), text]))
  // A file that could not be included is reported as such, not as a text that is missing.
  const missing = new Set(sheet.findings.map(({ path }) => pathName(path.slice(0, -1))))
  const own = findings.flatMap(finding => {
    const path = [...at, ...finding.path]
    const name = pathName(path)
    return missing.has(name) ? [] : { ...inIncluded(finding, texts.get(name)), path }
  })
  return [...(at.length === 0 ? sheet.findings : []), ...own].map(source.place)
}

/** A finding in an included text says where in that file it is; the team file only shows where it is included. */
function inIncluded(finding: Finding, origin: Included | undefined): Finding {
  if (!origin || typeof finding.at !== 'object') return finding
  const before = origin.text.slice(0, finding.at.offset).split('\n')
  const place = `${origin.file}:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`
  return { ...finding, message: `in ${place}: ${finding.message}` }
}

/** To compile a schema, as zod does otherwise, takes longer than to read one team with it. */
const ONCE = { jitless: true }

/**
 * What is wrong with a value, and the definition that it is. When its shape is wrong, the definition is what remains
 * without the parts that are, if that is whole enough to be checked as well.
 */
function validate(
  value: JsonObject,
  around: Definition | undefined,
): { readonly definition: Definition | undefined; readonly findings: Finding[] } {
  const result = schema.safeParse(value, ONCE)
  const issues = result.success ? [] : findingsOf(result.error.issues, value)
  const sound = without(value, issues)
  const own = result.data ?? schema.safeParse(sound, ONCE).data
  const whole = own && filledIn(own)
  const definition = whole && around ? inherit(whole, value, around) : whole
  return {
    definition,
    findings: [
      ...checkSecrets(value),
      ...issues,
      ...(definition
        ? checkParts(definition, patternOf(definition.pattern).graph(definition.pattern))
        : checkAgents(sound, around)
      )
        .filter(finding => isOwn(finding, value))
        .map(finding => whereWritten(finding, value)),
    ],
  }
}

/** The same with all that its agents have from the defaults of their team. */
function filledIn(definition: Definition): Definition {
  const { agents, defaults } = definition
  if (!defaults) return definition
  const filled = Object.entries(agents).map(([name, spec]) => [name, withDefaults(spec, defaults)])
  return { ...definition, agents: Object.fromEntries(filled) }
}

/** What is wrong with a rule of the team around is said there. */
function isOwn({ path }: Finding, value: JsonObject): boolean {
  return path[0] !== 'permissions' || valueAt(value, path) !== undefined
}

/** What is wrong with a field that an agent has from the defaults is wrong there. */
function whereWritten(finding: Finding, value: JsonObject): Finding {
  const [root, name, field, ...rest] = finding.path
  if (root !== 'agents' || name === undefined || field === undefined) return finding
  const isThere = (path: Path) => valueAt(value, path) !== undefined
  if (isThere(['agents', name, field]) || !isThere(['defaults', field])) return finding
  return { ...finding, path: ['defaults', field, ...rest] }
}

function checkParts(definition: Definition, graph: Graph): Finding[] {
  return checkTeam({ definition, graph, tools: [...BUILT_IN, ...EXCHANGE_TOOLS] })
}

/** Without a pattern nobody knows the order, but the agents can still be checked, as if each saw all others. */
function checkAgents(value: JsonObject, around: Definition | undefined): Finding[] {
  const names = isObject(value.agents) ? Object.keys(value.agents) : []
  const pattern = { kind: 'pipeline', stages: names }
  const { data } = schema.safeParse({ ...value, pattern }, ONCE)
  if (!data) return []
  const all = names.map(step => ({
    step,
    agent: step,
    path: [],
    after: names.filter(other => other !== step),
  }))
  return checkParts(around ? inherit(data, value, around) : data, { nodes: all })
}

/** The value without the keys that the findings name. */
function without(value: JsonObject, findings: readonly Finding[]): JsonObject {
  const copy: unknown = structuredClone(value)
  for (const { path } of findings) {
    const parent = path
      .slice(0, -1)
      .reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), copy)
    if (isObject(parent)) Reflect.deleteProperty(parent, path.at(-1) ?? '')
  }
  return isObject(copy) ? copy : value
}
