import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CrewError } from './errors.ts'
import { homeFolder } from './home.ts'
import { isObject, type JsonObject } from './json.ts'

/** Path of a file of the configuration. */
export function configFile(name: string): string {
  return join(homeFolder('config'), `${name}.json`)
}

/** What a file of the configuration holds; nothing when there is none. Throws `usage` when it is damaged. */
export async function readConfigFile(name: string): Promise<JsonObject> {
  try {
    const value: unknown = JSON.parse(await readFile(configFile(name), 'utf8'))
    if (isObject(value)) return value
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return {}
    throw unreadable(name, cause)
  }
  throw unreadable(name, new Error('it is no JSON object'))
}

/** Writes a file of the configuration as a whole or not at all; nobody else may read it. */
export async function writeConfigFile(name: string, value: unknown): Promise<void> {
  const { writeFile } = await import('atomically')
  try {
    await mkdir(homeFolder('config'), { recursive: true, mode: 0o700 })
    await writeFile(configFile(name), `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new CrewError('usage', `${configFile(name)} cannot be written: ${why}`, {
      hint: 'make the folder writable, or name another one with CREW_HOME',
      cause,
    })
  }
}

export function unreadable(name: string, cause: unknown): CrewError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new CrewError('usage', `the configuration in ${homeFolder('config')} cannot be read: ${why}`, {
    hint: `mend or remove ${configFile(name)}`,
    cause,
  })
}
