import { realpath, stat } from 'node:fs/promises'
import { isAbsolute, relative, resolve } from 'node:path'
import { CrewError } from '../errors.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import type { Finding } from './source/problem.ts'
import { readText } from './source/source.ts'

/** Fields of an agent that may stand in a file of their own. */
const INCLUDABLE = ['role', 'prompt']
/** Characters of all included files together. */
const LARGEST_TOGETHER = 1024 * 1024

/** A text that came from a file of its own. */
export interface Included {
  readonly path: readonly string[]
  readonly file: string
  readonly text: string
}

/**
 * The definition with the texts of `{ file: … }` in their places. Files are looked for below `root`, the folder of
 * the team file; a link that leads out of it is refused.
 */
export async function includeFiles(value: JsonObject, root: string) {
  const findings: Finding[] = []
  const included: Included[] = []
  let size = 0
  const agents: Record<string, Json> = {}
  for (const [name, agent] of Object.entries(isObject(value.agents) ? value.agents : {})) {
    const copy: Record<string, Json> = isObject(agent) ? { ...agent } : {}
    for (const field of INCLUDABLE) {
      const file = fileOf(copy[field])
      if (file === undefined) continue
      const path = ['agents', name, field]
      try {
        const text = await readInside(root, file)
        size += text.length
        if (size > LARGEST_TOGETHER) throw tooLarge()
        included.push({ path, file, text })
        copy[field] = text
      } catch (error) {
        if (!(error instanceof CrewError)) throw error
        findings.push({ path: [...path, 'file'], message: error.message, hint: error.details.hint ?? '' })
      }
    }
    agents[name] = isObject(agent) ? copy : agent
  }
  return { value: isObject(value.agents) ? { ...value, agents } : value, included, findings }
}

function tooLarge(): CrewError {
  const message = `the included files are larger than ${LARGEST_TOGETHER / 1024} KiB together`
  return new CrewError('definition', message, { hint: 'include less' })
}

function fileOf(value: Json | undefined): string | undefined {
  if (!isObject(value) || Object.keys(value).length !== 1) return undefined
  return typeof value.file === 'string' ? value.file : undefined
}

async function readInside(root: string, file: string): Promise<string> {
  const refuse = (message: string, hint: string) =>
    new CrewError('definition', `${file}: ${message}`, { hint })
  const path = await realpath(resolve(root, file)).catch(() => {
    throw refuse('there is no such file', 'the path is relative to the team file')
  })
  const inner = relative(await realpath(root), path)
  if (inner.startsWith('..') || isAbsolute(inner)) {
    throw refuse('the file is outside of the folder of the team file', 'move it next to the team file')
  }
  if (!(await stat(path)).isFile()) throw refuse('this is not a file', 'give the path of a text file')
  return readText(path).catch(error => {
    throw error instanceof CrewError
      ? refuse(error.message.replace(`${path}: `, ''), error.details.hint ?? '')
      : error
  })
}
