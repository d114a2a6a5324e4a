import type { Command, Option } from 'commander'
import { EXIT } from '../errors.ts'
import { ENVIRONMENT, EXIT_CODES, FILES } from './surroundings.ts'

/** A command as the manual has it. */
interface Entry {
  readonly name: string
  readonly usage: string
  readonly about: string
  readonly parameters: readonly { readonly name: string; readonly about: string }[]
  readonly options: readonly { readonly name: string; readonly about: string }[]
  /** What its help says besides. */
  readonly notes: readonly string[]
  readonly examples: readonly string[]
}

/** Every command of the program and below, in order. */
export function entriesOf(command: Command): Entry[] {
  const inner = command.commands.filter(each => each.name() !== 'help')
  return [entryOf(command), ...inner.flatMap(entriesOf)]
}

function entryOf(command: Command): Entry {
  const helper = command.createHelp()
  const [notes = '', examples = ''] = textBehind(command).split('Examples:\n')
  return {
    name: nameOf(command),
    usage: helper.commandUsage(command).replace(/ \[(?:options|command)\]/g, ''),
    about: command.description(),
    parameters: command.registeredArguments.map(argument => ({
      name: argument.name(),
      about: helper.argumentDescription(argument),
    })),
    options: command.options.filter(option => !option.hidden).map(option => describe(option, command)),
    notes: notes.split('\n').filter(line => line.trim() !== ''),
    examples: examples.split('\n').flatMap(line => /^ {2}\$ (.+)$/.exec(line)?.[1] ?? []),
  }
}

function describe(option: Option, command: Command) {
  return { name: option.flags, about: command.createHelp().optionDescription(option).replaceAll('"', '') }
}

function nameOf(command: Command): string {
  return command.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name()
}

/** What a help says behind the lists that commander makes: it is only to be had by having it printed. */
function textBehind(command: Command): string {
  let printed = ''
  const { writeOut } = command.configureOutput()
  command.configureOutput({
    writeOut: text => {
      printed += text
    },
  })
  command.outputHelp()
  if (writeOut) command.configureOutput({ writeOut })
  return printed.slice(command.helpInformation().length)
}

/** The manual in Markdown: what `--help` says of every command, and what it says of none. */
export function manual(program: Command): string {
  const [, ...commands] = entriesOf(program)
  return `${[
    '# crew, command by command',
    'Made from the commands by `npm run manual`; [the command line](cli.md) tells more about some.',
    `## Name\n\ncrew: ${program.description()}`,
    '## Synopsis\n\n```\ncrew <command> [options]\ncrew help [command]\ncrew --version\n```',
    'Options may stand anywhere on the line. `RUN` is an id, the beginning of one, `last`, or `-1` for the last run, `-2` for the one before.',
    '## Commands',
    overview(program),
    ...commands.flatMap(sectionOf),
    '## Exit codes',
    table(
      ['code', 'meaning'],
      Object.entries(EXIT).map(([name, code]) => [String(code), EXIT_CODES[name as keyof typeof EXIT]]),
    ),
    '## Environment',
    table(
      ['variable', 'meaning'],
      ENVIRONMENT.map(([name, about]) => [`\`${name}\``, about]),
    ),
    '## Files',
    'In the folder that `CREW_HOME` names, or else in those of the platform for data and for configuration.',
    table(
      ['file', 'what it holds'],
      FILES.map(([name, about]) => [`\`${name}\``, about]),
    ),
  ].join('\n\n')}\n`
}

function overview(program: Command): string {
  const groups = new Set(program.commands.map(command => command.helpGroup()))
  const linked = (command: Command) => `[${command.name()}](#${anchor(entryOf(command).usage)})`
  return [...groups]
    .map(group => {
      const commands = program.commands.filter(command => command.helpGroup() === group)
      return `- ${group}: ${commands.map(linked).join(', ')}`
    })
    .join('\n')
}

function anchor(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}

function sectionOf({ usage, about, parameters, options, notes, examples }: Entry): string[] {
  return [
    `### \`${usage}\``,
    `${about}.`,
    ...(parameters.length > 0 ? [rows('argument', parameters)] : []),
    ...(options.length > 0 ? [rows('option', options)] : []),
    ...(notes.length > 0 ? [notes.every(isProse) ? notes.join('\n') : block(notes)] : []),
    ...(examples.length > 0 ? [block(examples)] : []),
  ]
}

const isProse = (line: string) => !line.startsWith(' ')

function block(lines: readonly string[]): string {
  return `\`\`\`\n${lines.join('\n')}\n\`\`\``
}

function rows(head: string, items: readonly { readonly name: string; readonly about: string }[]): string {
  return table(
    [head, 'what it does'],
    items.map(({ name, about }) => [`\`${name}\``, about.replaceAll('<', '\\<')]),
  )
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]) =>
    `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [row(head), `|${head.map(() => '---|').join('')}`, ...lines.map(row)].join('\n')
}

/** The manual as a page for man(1). */
export function manPage(program: Command): string {
  const [, ...commands] = entriesOf(program)
  const list = (items: readonly (readonly [string, string])[]) =>
    items.map(([term, about]) => `.TP\n.B ${roff(term)}\n${roff(about)}`)
  const pairs = (items: Entry['options']) => list(items.map(({ name, about }) => [name, about] as const))
  return `${[
    '.TH CREW 1',
    `.SH NAME\ncrew \\- ${roff(program.description())}`,
    '.SH SYNOPSIS\n.B crew\n.I command\n[options]',
    '.SH COMMANDS',
    ...commands.flatMap(({ usage, about, parameters, options, notes, examples }) => [
      `.SS ${roff(usage)}\n${roff(about)}.`,
      ...pairs(parameters),
      ...pairs(options),
      ...(notes.length > 0 ? [`.PP\n.nf\n${notes.map(roff).join('\n')}\n.fi`] : []),
      ...(examples.length > 0 ? [`.PP\n.nf\n.RS\n${examples.map(roff).join('\n')}\n.RE\n.fi`] : []),
    ]),
    '.SH EXIT STATUS',
    ...list(
      Object.entries(EXIT).map(([name, code]) => [String(code), EXIT_CODES[name as keyof typeof EXIT]]),
    ),
    '.SH ENVIRONMENT',
    ...list(ENVIRONMENT),
    '.SH FILES\nIn the folder that CREW_HOME names, or else in those of the platform.',
    ...list(FILES),
  ].join('\n')}\n`
}

/** Text in which nothing is a request of roff. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1')
}
