import type { Command, Option } from 'commander'
import type { RunState } from '../../store/states.ts'
import { type Line, type Place, readLine } from './line.ts'
import { agents, gates, runs, type Seen, settings, steps, teams, valuesOfSetting } from './sources.ts'

/** A word that fits, and what it is. */
export interface Candidate {
  readonly value: string
  readonly about: string
}

/** What a shell is to offer: these words, or files, all or those that may be teams. */
export interface Completion {
  readonly offer: 'words' | 'files' | 'teams'
  readonly candidates: readonly Candidate[]
}

/** Words that fit somewhere, from what there is; or which files do. */
type Source = (seen: Seen) => Promise<readonly Candidate[]> | readonly Candidate[] | 'files' | 'teams'

/** Where it is not said by the program itself: what an argument may be, by its name. */
const ARGUMENTS: Readonly<Record<string, Source>> = {
  run: runs,
  other: runs,
  gate: gates,
  agent: agents,
  team: () => 'teams',
  name: settings,
  value: valuesOfSetting,
  file: () => 'files',
}

/** What the value of an option may be, by its attribute. */
const OPTIONS: Readonly<Record<string, Source>> = {
  db: () => 'files',
  output: () => 'files',
  html: () => 'files',
  revoke: () => 'teams',
  agent: agents,
  step: seen => (seen.line.command.name() === 'diff' ? steps(seen) : gates(seen)),
  why: async seen => [...(await steps(seen)), { value: 'run', about: 'the result of the run' }],
  team: teams,
  by: () => words('day', 'team', 'agent', 'model', 'run'),
  limit: ({ line }) =>
    line.command.name() === 'resume'
      ? words('turns=', 'invocations=', 'concurrency=', 'stagnation=', 'time=')
      : [],
  budget: () => words('usd=', 'tokens=', 'day.usd=', 'day.tokens='),
}

/** The states of runs with which a command can do something; of the others, with all. */
const STATES: Readonly<Record<string, readonly RunState[]>> = {
  attach: ['running', 'waiting'],
  resume: ['interrupted', 'failed', 'waiting'],
  pause: ['running', 'waiting'],
  cancel: ['queued', 'running', 'waiting', 'interrupted', 'failed'],
  tell: ['running', 'waiting', 'interrupted', 'failed'],
  inbox: ['running', 'waiting', 'interrupted'],
  answer: ['running', 'waiting', 'interrupted'],
  approve: ['running', 'waiting', 'interrupted'],
  reject: ['running', 'waiting', 'interrupted'],
  edit: ['running', 'waiting', 'interrupted'],
}

/** What fits as the last one of `words`, on a command line of `program`. */
export async function complete(program: Command, words: readonly string[]): Promise<Completion> {
  const { line, place } = readLine(program, words)
  const found = await offered(program, line, place)
  if (typeof found === 'string') return { offer: found, candidates: [] }
  const lead = place.is === 'value' ? place.lead : ''
  const candidates = found
    .filter(({ value }) => value.startsWith(place.word))
    .map(({ value, about }) => ({ value: `${lead}${value}`, about }))
  return { offer: 'words', candidates }
}

async function offered(program: Command, line: Line, place: Place): Promise<Awaited<ReturnType<Source>>> {
  switch (place.is) {
    case 'command':
      return commands(line.command)
    case 'flag':
      return flags(program, line)
    case 'nothing':
      return []
    default: {
      const { of, word } = place
      if (of.argChoices) return words(...of.argChoices)
      const source = place.is === 'argument' ? ARGUMENTS[place.of.name()] : OPTIONS[place.of.attributeName()]
      return (await source?.({ line, word, states: STATES[line.command.name()] })) ?? []
    }
  }
}

function commands(command: Command): Candidate[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map(each => ({ value: each.name(), about: each.summary() || each.description() }))
}

/** Options that are not given yet; one whose values are collected may be given again. Long names say more. */
function flags(program: Command, { command, options }: Line): Candidate[] {
  const own = command.createHelp().visibleOptions(command)
  // Options may stand before the command, but which it will be is not known yet.
  const all = command === program ? own : own.filter(option => isOpen(option, options))
  return all.map(option => ({ value: option.long ?? option.short ?? '', about: option.description }))
}

function isOpen(option: Option, given: Line['options']): boolean {
  return Array.isArray(option.defaultValue) || !given.has(option.attributeName())
}

function words(...values: readonly string[]): Candidate[] {
  return values.map(value => ({ value, about: '' }))
}
