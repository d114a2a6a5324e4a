import type { EXIT } from '../errors.ts'
import { PROVIDERS } from '../models/providers.ts'

/** What each exit code means, in the words of the README. */
export const EXIT_CODES: Readonly<Record<keyof typeof EXIT, string>> = {
  succeeded: 'succeeded',
  failed: 'the run failed: an agent, a check, a model',
  usage: 'bad usage or an invalid team file',
  limit: 'a limit stopped it: budget, turns, invocations, rounds, a loop, depth, time',
  waiting: 'it waits for a person; how to answer is printed',
  owned: 'another process runs it',
  defect: 'a defect in crew itself',
  interrupted: 'interrupted; the command that goes on is printed',
}

const KEYS = Object.entries(PROVIDERS).flatMap(([name, preset]): [string, string][] =>
  'apiKeyEnv' in preset ? [[preset.apiKeyEnv, `key of ${name}`]] : [],
)

/** Variables that crew reads, or hands to the programs of a team. */
export const ENVIRONMENT: readonly (readonly [name: string, about: string])[] = [
  ['CREW_HOME', "folder of the store and the configuration, instead of the platform's own"],
  ...KEYS,
  ['OPENAI_BASE_URL', 'where the models of openai are, instead of api.openai.com'],
  ['OPENAI_MODEL', 'the model of agents that name none'],
  ['NO_COLOR', 'when it is set, no colours'],
  ['FORCE_COLOR', 'when it is set, colours, also where no terminal is'],
  ['TERM', 'no colours when it is dumb'],
  ['VISUAL', 'the editor of crew edit'],
  ['EDITOR', 'the editor of crew edit, when VISUAL is not set'],
  ['CREW_IDEMPOTENCY_KEY', 'is set for commands of a team: the same whenever the same step runs again'],
  ['CREW_RUN', 'is set for commands that hear of alerts: the run'],
  ['CREW_ALERT', 'is set for commands that hear of alerts: which one it is'],
  ['CREW_CRASH_AT', 'for tests: kill crew at this point'],
]

/** What crew keeps, and where. */
export const FILES: readonly (readonly [name: string, about: string])[] = [
  ['crew.db', 'the store: every run with all its events'],
  ['work/', 'working copies of runs'],
  ['config.json', 'what crew config sets'],
  ['trust.json', 'the teams that are trusted'],
  ['servers.json', 'the MCP servers that were met, and what they offered'],
]
