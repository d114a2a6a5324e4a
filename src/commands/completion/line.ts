import type { Argument, Command, Option } from 'commander'

/** What stands on a command line before the word that is being completed. */
export interface Line {
  readonly command: Command
  /** Words that are no options and no names of commands. */
  readonly operands: readonly string[]
  /** Values of options, by attribute; without one, an option that takes none, or none yet. */
  readonly options: ReadonlyMap<string, string | undefined>
}

/** What the word at the cursor may be: the value of an option, an argument, a flag, or the name of a command. */
export type Place =
  | { readonly is: 'value'; readonly of: Option; readonly word: string; readonly lead: string }
  | { readonly is: 'argument'; readonly of: Argument; readonly word: string }
  | { readonly is: 'flag' | 'command' | 'nothing'; readonly word: string }

/**
 * Reads the words of a command line, the last of which is being completed, by what `program` knows. Options may stand
 * before the name of the command that they belong to.
 */
export function readLine(program: Command, words: readonly string[]): { line: Line; place: Place } {
  const before = words.slice(0, -1)
  const word = words.at(-1) ?? ''
  const options = new Map<string, string | undefined>()
  const operands: string[] = []
  let command = program
  let pending: Option | undefined
  let onlyOperands = false
  for (const each of before) {
    if (pending) {
      options.set(pending.attributeName(), each)
      pending = undefined
    } else if (each === '--' && !onlyOperands) onlyOperands = true
    else if (!onlyOperands && isFlag(each)) {
      const [flag = '', value] = splitFlag(each)
      const option = optionOf(command, flag)
      if (!option) continue
      options.set(option.attributeName(), value)
      if (option.required && value === undefined) pending = option
    } else {
      const inner = operands.length === 0 ? commandNamed(command, each) : undefined
      if (inner) command = inner
      else operands.push(each)
    }
  }
  return {
    line: { command, operands, options },
    place: placeOf(command, operands, { pending, onlyOperands, word }),
  }
}

function commandNamed(command: Command, name: string): Command | undefined {
  return command.commands.find(each => each.name() === name)
}

interface State {
  readonly pending: Option | undefined
  readonly onlyOperands: boolean
  readonly word: string
}

function placeOf(
  command: Command,
  operands: readonly string[],
  { pending, onlyOperands, word }: State,
): Place {
  if (pending) return { is: 'value', of: pending, word, lead: '' }
  if (!onlyOperands && word.startsWith('-')) {
    const [flag = '', value] = splitFlag(word)
    const option = value === undefined ? undefined : optionOf(command, flag)
    if (value === undefined || !option) return { is: 'flag', word }
    return { is: 'value', of: option, word: value, lead: `${flag}=` }
  }
  if (command.commands.length > 0) {
    const [first, ...more] = operands
    const isOpen = first === undefined || (first === 'help' && more.length === 0)
    return { is: isOpen ? 'command' : 'nothing', word }
  }
  const { registeredArguments } = command
  const last = registeredArguments.at(-1)
  const argument = registeredArguments[operands.length] ?? (last?.variadic ? last : undefined)
  return argument ? { is: 'argument', of: argument, word } : { is: 'nothing', word }
}

/** `-1` and `-2` are runs. */
function isFlag(word: string): boolean {
  return /^-(?!\d+$)./.test(word)
}

function splitFlag(word: string): [flag: string, value?: string] {
  const at = word.startsWith('--') ? word.indexOf('=') : -1
  return at === -1 ? [word] : [word.slice(0, at), word.slice(at + 1)]
}

/** Before the name of a command, an option may be that of any. */
function optionOf(command: Command, flag: string): Option | undefined {
  return [command, ...command.commands]
    .flatMap(({ options }) => options)
    .find(option => option.long === flag || option.short === flag)
}

/**
 * The words of a line as a shell splits them: the name of the program first, and last the one at the cursor, which may be
 * empty. For bash, which splits at `=` and `:` and keeps quotes.
 */
export function splitLine(text: string): { words: string[]; last: string } {
  const words: string[] = []
  let word = ''
  let quote = ''
  let begun = -1
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? ''
    if (quote === '' && /\s/.test(character)) {
      if (begun >= 0) words.push(word)
      word = ''
      begun = -1
      continue
    }
    if (begun < 0) begun = at
    if (character === '\\' && quote !== "'") word += text[++at] ?? ''
    else if (quote === '' && (character === '"' || character === "'")) quote = character
    else if (character === quote) quote = ''
    else word += character
  }
  return { words: [...words, word], last: begun < 0 ? '' : text.slice(begun) }
}
