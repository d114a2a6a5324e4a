import { existsSync, mkdirSync } from 'node:fs'
import type Conf from 'conf'
import * as z from 'zod'
import { configFile, unreadable } from './config-file.ts'
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
  alertWebhook: z
    .url({ protocol: /^https?$/ })
    .describe('Address that is told of the alerts of all runs, besides those that teams name'),
  retention: z
    .string()
    .refine(text => parseDuration(text) !== undefined, 'write it like 30d')
    .describe('How long runs are kept that are over: crew gc removes older ones'),
  theme: z.enum(['auto', 'dark', 'light', 'none']).describe('Colours of the live screen that is to come'),
} as const

const NAME = 'config'

export type Setting = keyof typeof SETTINGS
export type Settings = { readonly [Name in Setting]?: string }

export async function readSettings(): Promise<Settings> {
  // Nearly every run asks, and few machines have any settings: the library is not loaded to find none.
  return existsSync(configFile(NAME)) ? (await open()).store : {}
}

export async function readSetting(name: string): Promise<string | undefined> {
  return (await readSettings())[settingNamed(name)]
}

/** Sets one setting, or removes it when `value` is undefined. */
export async function changeSetting(name: string, value: string | undefined): Promise<void> {
  const setting = settingNamed(name)
  if (value === undefined) {
    const settings = await open()
    settings.delete(setting)
    return
  }
  const checked = SETTINGS[setting].safeParse(value)
  if (!checked.success) {
    throw new CrewError('usage', `"${value}" does not fit ${setting}: ${checked.error.issues[0]?.message}`, {
      hint: 'see what it is for with: crew config list',
    })
  }
  const settings = await open()
  settings.set(setting, value)
}

/** A setting with its value, if it has one, and what it is for. */
export interface SettingRow {
  readonly name: Setting
  readonly value: string | undefined
  readonly about: string
}

export async function listSettings(): Promise<SettingRow[]> {
  const settings = await readSettings()
  return Object.entries(SETTINGS).map(([key, schema]) => {
    const name = key as Setting
    return { name, value: settings[name], about: schema.description ?? '' }
  })
}

/** The values that a setting may have, where they are only a few. */
export function choicesOf(name: string): readonly string[] {
  const schema = Object.hasOwn(SETTINGS, name) ? SETTINGS[name as Setting] : undefined
  return schema instanceof z.ZodEnum ? schema.options : []
}

function settingNamed(name: string): Setting {
  if (Object.hasOwn(SETTINGS, name)) return name as Setting
  throw new CrewError('usage', `there is no setting "${name}"`, {
    hint: `there are: ${Object.keys(SETTINGS).join(', ')}`,
  })
}

async function open(): Promise<Conf<Record<string, string>>> {
  const cwd = homeFolder('config')
  const { default: Conf } = await import('conf')
  try {
    mkdirSync(cwd, { recursive: true, mode: 0o700 })
    return new Conf({ cwd, configName: NAME, projectName: 'crew', configFileMode: 0o600 })
  } catch (cause) {
    throw unreadable(NAME, cause)
  }
}
