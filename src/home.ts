import { join } from 'node:path'
import envPaths from 'env-paths'

/** Folder of the store or of the configuration: CREW_HOME, or the platform's own. */
export function homeFolder(kind: 'data' | 'config'): string {
  return process.env.CREW_HOME || envPaths('crew', { suffix: '' })[kind]
}

export function defaultStore(): string {
  return join(homeFolder('data'), 'crew.db')
}
