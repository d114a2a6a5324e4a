import { dirname, resolve } from 'node:path'
import { isObject, type JsonObject } from '../json.ts'
import { patternOf } from '../patterns/index.ts'
import type { Graph } from '../patterns/pattern.ts'
import { TOOLS } from '../tools/index.ts'
import { checkSecrets, checkTeam } from './checks/check.ts'
import { checkOutputSchemas } from './checks/check-output.ts'
import { type Included, includeFiles } from './include.ts'
import { findingsOf } from './issues.ts'
import { type Definition, schema } from './schema.ts'
import { definitionError, type Finding, type Problem, pathName } from './source/problem.ts'
import { parseSource, readText, type Source } from './source/source.ts'

export interface Team {
  readonly definition: Definition
  /** The file's value with included files in their places: all that is needed to run it again. */
  readonly pinned: JsonObject
  /** Folder of the team file: working folder of its commands, root of its file tools. */
  readonly root: string
  readonly path: string
  readonly source: Source
  /** Warnings; a team with errors is not loaded. `formatProblems(team.problems, team.source)` shows them. */
  readonly problems: readonly Problem[]
}

/** Reads and checks a team file (`-`: stdin). Throws `definition` with all problems at once. */
export async function loadTeam(path: string): Promise<Team> {
  const source = parseSource(path === '-' ? 'stdin' : path, await readText(path))
  const root = path === '-' ? process.cwd() : dirname(resolve(path))
  const { value, included, findings } = await includeFiles(source.value, root)
  const checked = validate(value)
  const schemas = checked.definition ? await checkOutputSchemas(checked.definition.agents) : []
  // A file that could not be included is reported as such, not as a text that is missing.
  const missing = new Set(findings.map(finding => pathName(finding.path.slice(0, -1))))
  const others = [...checked.findings, ...schemas].filter(finding => !missing.has(pathName(finding.path)))
  const texts = new Map(included.map(text => [pathName(text.path), text]))
  const problems = [...findings, ...others].map(finding => source.place(inIncluded(finding, texts)))
  return { ...accept(checked.definition, problems, source), pinned: value, root, path }
}

/** The team that a run was started with, from what it pinned then; touches no file. Throws `definition`. */
export function reviveTeam(pinned: JsonObject, root: string): Team {
  const source = parseSource('pinned-definition.json', JSON.stringify(pinned, null, 2))
  const { definition, findings } = validate(source.value)
  return { ...accept(definition, findings.map(source.place), source), pinned, root, path: source.name }
}

function accept(definition: Definition | undefined, problems: readonly Problem[], source: Source) {
  const errors = problems.filter(({ severity }) => severity === 'error')
  if (errors.length > 0 || !definition) throw definitionError(problems, source)
  return { definition, problems, source }
}

/**
 * What is wrong with a value, and the definition that it is. When its shape is wrong, the definition is what remains
 * without the parts that are, if that is whole enough to be checked as well.
 */
function validate(value: JsonObject): {
  readonly definition: Definition | undefined
  readonly findings: Finding[]
} {
  const result = schema.safeParse(value)
  const issues = result.success ? [] : findingsOf(result.error.issues, value)
  const sound = without(value, issues)
  const definition = result.data ?? schema.safeParse(sound).data
  return {
    definition,
    findings: [
      ...checkSecrets(value),
      ...issues,
      ...(definition
        ? checkParts(definition, patternOf(definition.pattern).graph(definition.pattern))
        : checkAgents(sound)),
    ],
  }
}

function checkParts(definition: Definition, graph: Graph): Finding[] {
  return checkTeam({ definition, graph, tools: Object.keys(TOOLS) })
}

/** Without a pattern nobody knows the order, but the agents can still be checked, as if each saw all others. */
function checkAgents(value: JsonObject): Finding[] {
  const names = isObject(value.agents) ? Object.keys(value.agents) : []
  const pattern = { kind: 'pipeline', stages: names }
  const { data } = schema.safeParse({ ...value, pattern })
  if (!data) return []
  const all = names.map(step => ({
    step,
    agent: step,
    path: [],
    after: names.filter(other => other !== step),
  }))
  return checkParts(data, { nodes: all })
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

/** A finding in an included text says where in that file it is; the team file only shows where it is included. */
function inIncluded(finding: Finding, texts: ReadonlyMap<string, Included>): Finding {
  const origin = texts.get(pathName(finding.path))
  if (!origin || typeof finding.at !== 'object') return finding
  const before = origin.text.slice(0, finding.at.offset).split('\n')
  const place = `${origin.file}:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`
  return { ...finding, message: `in ${place}: ${finding.message}` }
}
