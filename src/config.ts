import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import Conf from 'conf'
import envPaths from 'env-paths'
import { z } from 'zod'
import { parseDuration } from './duration.ts'
import { CrewError } from './errors.ts'

/** What a person sets once for all runs, with the words that `crew config list` says about it. */
const SETTINGS = {
  model: z
    .string()
    .min(1)
    .describe(
      'Model of agents that name none, in files that declare no default: gpt-5-mini, anthropic/claude-sonnet-4-5',
    ),
  baseUrl: z
    .url({ protocol: /^https?$/ })
    .describe('Endpoint of that model, when it is not one that its provider has'),
  retention: z
    .string()
    .refine(text => parseDuration(text) !== undefined, 'write it like 30d')
    .describe('How long finished runs are kept'),
  theme: z.enum(['auto', 'dark', 'light', 'none']).describe('Colours of the screen'),
} as const

export type Setting = keyof typeof SETTINGS
export type Settings = { readonly [Name in Setting]?: string }

/** Folder of the store and the configuration: CREW_HOME, or the platform's own. */
function folder(kind: 'data' | 'config'): string {
  const home = process.env.CREW_HOME
  return home ? home : envPaths('crew', { suffix: '' })[kind]
}

export function defaultStore(): string {
  return join(folder('data'), 'crew.db')
}

export function readSettings(): Settings {
  return open().store
}

/** Sets one setting, or removes it when `value` is undefined. */
export function changeSetting(name: string, value: string | undefined): void {
  if (!isSetting(name)) {
    throw new CrewError('usage', `there is no setting "${name}"`, {
      hint: `there are: ${Object.keys(SETTINGS).join(', ')}`,
    })
  }
  if (value === undefined) {
    open().delete(name)
    return
  }
  const checked = SETTINGS[name].safeParse(value)
  if (!checked.success) {
    throw new CrewError('usage', `"${value}" does not fit ${name}: ${checked.error.issues[0]?.message}`)
  }
  open().set(name, value)
}

/** Every setting with its value, if it has one, and what it is for. */
export function listSettings(): { name: Setting; value: string | undefined; about: string }[] {
  const settings = readSettings()
  return Object.entries(SETTINGS).map(([key, schema]) => {
    const name = key as Setting
    return { name, value: settings[name], about: schema.description ?? '' }
  })
}

function isSetting(name: string): name is Setting {
  return Object.hasOwn(SETTINGS, name)
}

function open(): Conf<Record<string, string>> {
  const cwd = folder('config')
  try {
    mkdirSync(cwd, { recursive: true, mode: 0o700 })
    return new Conf({ cwd, configName: 'config', projectName: 'crew', configFileMode: 0o600 })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new CrewError('usage', `the configuration in ${cwd} cannot be read: ${why}`, {
      hint: `mend or remove ${join(cwd, 'config.json')}`,
      cause,
    })
  }
}
