import type { Command, CommanderError } from 'commander'
import { CrewError } from '../errors.ts'
import { didYouMean } from '../team/suggest.ts'

/**
 * What is wrong with a command line, in the words in which crew says everything else, with what was probably meant: a
 * command, an option or a choice that there is. Which word commander stumbled over stands only in its message; what is
 * not found there is said as commander says it.
 */
export function misused(
  { code, message }: CommanderError,
  argv: readonly string[],
  program: Command,
): CrewError {
  const command = commandOn(argv, program)
  const name = nameOf(command)
  const see = `see how with: ${name} --help`
  const [said = ''] = message.replace(/^error: /, '').split('\n')
  const [, word = ''] = /'([^']*)'/.exec(said) ?? []
  const fail = (text: string, hint = see) => new CrewError('usage', text, { hint })
  switch (code) {
    case 'commander.unknownCommand': {
      const names = command.commands.map(each => each.name())
      const write = (meant: string) => `${name} ${meant}`
      return fail(
        `there is no command "${name} ${word}"`,
        didYouMean(word, names, write) ?? see.replace('how', 'what there is'),
      )
    }
    case 'commander.unknownOption': {
      const [flag = ''] = word.split('=')
      const flags = [...command.options, ...program.options].flatMap(({ long }) => long ?? [])
      return fail(
        `${name} has no option ${flag}`,
        didYouMean(flag, [...flags, '--help'], meant => meant) ?? see,
      )
    }
    case 'commander.missingArgument':
      return fail(`${name} needs <${word}>`, usageOf(command))
    case 'commander.excessArguments':
      return fail(`${name} takes ${countOf(command)}, and was given more`, usageOf(command))
    case 'commander.optionMissingArgument':
      return fail(`${name}: ${nameIn(word)} needs a value`)
    case 'commander.invalidArgument':
      return refuseChoice(said, command) ?? fail(said)
    default:
      return fail(`${name}: ${said.replace(/option '([^']*)'/g, (_, flags) => nameIn(flags))}`)
  }
}

/** A value that is none of the choices of an option or an argument. */
function refuseChoice(said: string, { options, registeredArguments }: Command): CrewError | undefined {
  const [, flags = '', value = ''] = /^option '(.*)' argument '(.*)' is invalid\./s.exec(said) ?? []
  const [, given = value, name = ''] = /value '(.*)' is invalid for argument '(.*)'\./s.exec(said) ?? []
  const option = options.find(each => each.flags === flags)
  const choices = (option ?? registeredArguments.find(each => each.name() === name))?.argChoices
  if (!choices) return undefined
  return new CrewError('usage', `"${given}" does not fit ${option ? option.long : `<${name}>`}`, {
    hint: didYouMean(given, choices) ?? `it is one of: ${choices.join(', ')}`,
  })
}

/** The command that the line is about: the first word that is one, unless the line begins with something else. */
function commandOn(argv: readonly string[], program: Command): Command {
  const named = (word: string | undefined, command: Command) =>
    command.commands.find(each => each.name() === word)
  const [first = ''] = argv
  if (!first.startsWith('-') && !named(first, program)) return program
  const at = argv.findIndex(word => named(word, program))
  const command = named(argv[at], program) ?? program
  return named(argv[at + 1], command) ?? command
}

/** The name by which an option is spoken of: `--db` of `--db <file>`. */
function nameIn(flags: string): string {
  return /--[\w-]+/.exec(flags)?.[0] ?? flags
}

function nameOf(command: Command): string {
  return command.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name()
}

function usageOf(command: Command): string {
  return `write it like: ${command.createHelp().commandUsage(command).replace(' [options]', '')}`
}

function countOf({ registeredArguments }: Command): string {
  const count = registeredArguments.length
  return count === 0 ? 'no arguments' : `${count} ${count === 1 ? 'argument' : 'arguments'}`
}
