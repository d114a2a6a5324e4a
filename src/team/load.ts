import { realpath } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CrewError } from '../errors.ts'
import { canonical, type JsonObject } from '../json.ts'
import { assemble, type Draft, placed } from './assemble.ts'
import { checkSchemas } from './checks/check-output.ts'
import type { Definition } from './schema.ts'
import { pinnedSheet, readSheet, readSheetsOf } from './sheet.ts'
import { DefinitionError, type Problem } from './source/problem.ts'
import { parseSource, readText, type Source } from './source/source.ts'

/** A team, and the teams that some of its agents are. */
export interface Nest {
  /** With what the team around it adds: its models, and its limits where they are tighter. */
  readonly definition: Definition
  /** Folder of the team file: working folder of its commands, root of its file tools. */
  readonly root: string
  /** By the names of those agents. */
  readonly teams: Readonly<Record<string, Nest>>
}

/** All that is needed to run a team again, whatever becomes of its files. */
export interface Pinned {
  /** The file's value with included files in their places. */
  readonly pinned: JsonObject
  readonly root: string
  /** The same of the other team files that it is made of, by absolute path. */
  readonly files: Readonly<Record<string, JsonObject>>
}

export interface Team extends Nest, Pinned {
  readonly path: string
  readonly source: Source
  /** Warnings; a team with errors is not loaded. */
  readonly problems: readonly Problem[]
}

/** Reads and checks a team file (`-`: stdin). Throws `definition` with all problems at once. */
export async function loadTeam(path: string): Promise<Team> {
  const isFile = path !== '-'
  const source = parseSource(isFile ? path : 'stdin', await readText(path))
  const root = await realpath(isFile ? dirname(path) : '.')
  const sheet = await readSheet(source, root)
  const sheets = await readSheetsOf(sheet)
  const draft = assemble(sheet, isFile ? await realpath(path) : undefined, sheets)
  const schemas = await Promise.all(everyOne(draft).map(problemsInSchemas))
  const files = [...sheets].flatMap(([file, sheet]) =>
    sheet instanceof CrewError ? [] : [[file, sheet.value]],
  )
  return {
    ...accept(draft, schemas.flat()),
    pinned: sheet.value,
    files: Object.fromEntries(files),
    path,
    source,
  }
}

/** The team that a run was started with, from what it pinned then; touches no file. Throws `definition`. */
export function reviveTeam({ pinned, root, files }: Pinned): Team {
  const sheets = Object.entries(files).map(
    ([path, value]) => [path, pinnedSheet(path, value, dirname(path))] as const,
  )
  const sheet = pinnedSheet('pinned-definition.json', pinned, root)
  const draft = assemble(sheet, undefined, new Map(sheets))
  return { ...accept(draft, []), pinned, files, path: sheet.source.name, source: sheet.source }
}

/** A team and all that are inside of it. */
export function everyOne<T extends { readonly teams: Readonly<Record<string, T>> }>(team: T): readonly T[] {
  return [team, ...Object.values(team.teams).flatMap(inner => everyOne(inner))]
}

async function problemsInSchemas({ definition, sheet, at }: Draft): Promise<Problem[]> {
  return definition ? placed(await checkSchemas(definition.agents, definition.tools), sheet, at) : []
}

function accept(draft: Draft, more: readonly Problem[]) {
  const all = [...everyOne(draft).flatMap(({ problems }) => problems), ...more]
  // A file that is used twice has its problems once.
  const distinct = new Map(
    all.map(problem => [canonical([problem.source.name, problem.path, problem.message]), problem]),
  )
  const problems = [...distinct.values()]
  const nest = nestOf(draft)
  if (!nest || problems.some(({ severity }) => severity === 'error')) throw new DefinitionError(problems)
  return { ...nest, problems }
}

function nestOf({ definition, sheet, teams }: Draft): Nest | undefined {
  if (!definition) return undefined
  const inner = Object.entries(teams).flatMap(([name, team]) => {
    const nest = nestOf(team)
    return nest ? [[name, nest] as const] : []
  })
  return { definition, root: sheet.root, teams: Object.fromEntries(inner) }
}
