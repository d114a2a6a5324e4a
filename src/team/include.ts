import { realpath, stat } from 'node:fs/promises'
import { isAbsolute, relative, resolve } from 'node:path'
import { CrewError } from '../errors.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import type { Finding } from './source/problem.ts'
import { readText } from './source/source.ts'
import type { Path } from './source/tree.ts'

/** Fields of an agent that may stand in a file of their own. */
const INCLUDABLE = ['role', 'prompt']
/** Characters of all included files together. */
const LARGEST_TOGETHER = 1024 * 1024

/** A text that came from a file of its own. */
export interface Included {
  readonly path: Path
  readonly file: string
  readonly text: string
}

/**
 * The definition with the texts of `{ file: … }` in their places, and with the paths of team files made absolute.
 * Files are looked for below `root`, the folder of the team file (no link); a link that leads out of it is refused.
 */
export async function includeFiles(value: JsonObject, root: string) {
  const findings: Finding[] = []
  const included: Included[] = []
  const teams: string[] = []
  let size = 0

  async function attempt<T>(path: Path, include: () => Promise<T>): Promise<T | undefined> {
    try {
      return await include()
    } catch (error) {
      if (!(error instanceof CrewError)) throw error
      findings.push({ path, message: error.message, hint: error.details.hint ?? '' })
      return undefined
    }
  }

  async function includeText(file: string, path: Path): Promise<string> {
    const text = await readInside(root, file)
    size += text.length
    if (size > LARGEST_TOGETHER) throw tooLarge()
    included.push({ path, file, text })
    return text
  }

  async function includeInTeam(team: JsonObject, at: Path): Promise<JsonObject> {
    if (!isObject(team.agents)) return team
    const agents: Record<string, Json> = {}
    for (const [name, agent] of Object.entries(team.agents))
      agents[name] = isObject(agent) ? await includeInAgent(agent, [...at, 'agents', name]) : agent
    return { ...team, agents }
  }

  async function includeInAgent(agent: JsonObject, at: Path): Promise<JsonObject> {
    const copy: Record<string, Json> = { ...agent }
    for (const field of INCLUDABLE) {
      const file = fileOf(agent[field])
      if (file === undefined) continue
      const path = [...at, field]
      const text = await attempt([...path, 'file'], () => includeText(file, path))
      if (text !== undefined) copy[field] = text
    }
    const { kind, team } = agent
    if (kind !== 'team') return copy
    const path = [...at, 'team']
    if (isObject(team)) copy.team = await includeInTeam(team, path)
    if (typeof team === 'string') {
      const file = await attempt(path, () => findInside(root, team))
      if (file !== undefined) {
        teams.push(file)
        copy.team = file
      }
    }
    return copy
  }

  return { value: await includeInTeam(value, []), included, teams, findings }
}

function tooLarge(): CrewError {
  const message = `the included files are larger than ${LARGEST_TOGETHER / 1024} KiB together`
  return new CrewError('definition', message, { hint: 'include less' })
}

function fileOf(value: Json | undefined): string | undefined {
  if (!isObject(value) || Object.keys(value).length !== 1) return undefined
  return typeof value.file === 'string' ? value.file : undefined
}

function refuse(file: string, message: string, hint: string): CrewError {
  return new CrewError('definition', `${file}: ${message}`, { hint })
}

/** Absolute path of a file below `root`. */
async function findInside(root: string, file: string): Promise<string> {
  const path = await realpath(resolve(root, file)).catch(() => {
    throw refuse(file, 'there is no such file', 'the path is relative to the team file')
  })
  const inner = relative(root, path)
  if (inner.startsWith('..') || isAbsolute(inner)) {
    throw refuse(file, 'the file is outside of the folder of the team file', 'move it next to the team file')
  }
  if (!(await stat(path)).isFile()) throw refuse(file, 'this is not a file', 'give the path of a text file')
  return path
}

async function readInside(root: string, file: string): Promise<string> {
  const path = await findInside(root, file)
  return readText(path).catch(error => {
    throw error instanceof CrewError
      ? refuse(file, error.message.replace(`${path}: `, ''), error.details.hint ?? '')
      : error
  })
}
