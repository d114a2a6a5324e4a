import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import Conf from 'conf'
import { z } from 'zod'
import { parseDuration } from './duration.ts'
import { CrewError } from './errors.ts'
import { homeFolder } from './home.ts'

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

export function readSettings(): Settings {
  return open().store
}

export function readSetting(name: string): string | undefined {
  return readSettings()[settingNamed(name)]
}

/** Sets one setting, or removes it when `value` is undefined. */
export function changeSetting(name: string, value: string | undefined): void {
  const setting = settingNamed(name)
  if (value === undefined) {
    open().delete(setting)
    return
  }
  const checked = SETTINGS[setting].safeParse(value)
  if (!checked.success) {
    throw new CrewError('usage', `"${value}" does not fit ${setting}: ${checked.error.issues[0]?.message}`, {
      hint: 'see what it is for with: crew config list',
    })
  }
  open().set(setting, value)
}

/** Every setting with its value, if it has one, and what it is for. */
export function listSettings(): { name: Setting; value: string | undefined; about: string }[] {
  const settings = readSettings()
  return Object.entries(SETTINGS).map(([key, schema]) => {
    const name = key as Setting
    return { name, value: settings[name], about: schema.description ?? '' }
  })
}

function settingNamed(name: string): Setting {
  if (Object.hasOwn(SETTINGS, name)) return name as Setting
  throw new CrewError('usage', `there is no setting "${name}"`, {
    hint: `there are: ${Object.keys(SETTINGS).join(', ')}`,
  })
}

function open(): Conf<Record<string, string>> {
  const cwd = homeFolder('config')
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
